using Masquerade.Attacks;
using Masquerade.Attacks.Strong;

namespace Masquerade.Tests.Attacks;

/// <summary>Perturbations as they are judged.</summary>
public class PerturbationTests
{
    private static readonly float[] Clean = [0.2f, 0.4f, 0.6f, 1f];
    private static readonly float[] Delta = [0.1f, -0.3f, 0.2f, 0.5f];

    [Theory]
    [InlineData(StorageRule.Float)]
    [InlineData(StorageRule.EightBit)]
    public void Nothing_fits_into_no_radius(StorageRule rule) =>
        new Perturbation(rule).Fit(Clean, Delta, 0, double.MaxValue, new float[4]).ShouldBe(0);

    [Fact]
    public void It_fits_just_below_a_radius()
    {
        var perturbation = new Perturbation(StorageRule.EightBit);
        var image = new float[4];
        foreach (var radius in new[] { 0.01, 0.1, 0.25 })
        {
            var factor = perturbation.Fit(Clean, Delta, radius, double.MaxValue, image);
            perturbation.Apply(Clean, Delta, factor, image);
            var norm = Difference.L2(Clean, image);
            norm.ShouldBeLessThanOrEqualTo(radius);
            // The next level of any value lies beyond.
            perturbation.Apply(Clean, Delta, factor * 1.002 + 1.0 / 255, image);
            Difference.L2(Clean, image).ShouldBeGreaterThanOrEqualTo(norm);
        }
    }
}
