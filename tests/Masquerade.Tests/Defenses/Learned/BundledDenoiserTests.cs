using Masquerade.Defenses;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses.Learned;

public sealed class BundledDenoiserTests
{
    /// <summary>Of people whom it has not seen; it does better by two decibels.</summary>
    [Theory]
    [InlineData(5, 4)]
    [InlineData(10, 7)]
    [InlineData(25, 10)]
    public void It_takes_off_noise_that_it_is_not_told_of(double levels, double gain)
    {
        using var scope = NewDisposeScope();
        using var purifier = PurifierRegistry.Open("dncnn");
        purifier.Gradient.ShouldBe(PurifierGradient.Exact);
        var (clean, noisy) = (Pictures.Faces(3), Pictures.NoisyFaces(3, levels));
        (Psnr(purifier.Purify(noisy), clean) - Psnr(noisy, clean)).ShouldBeGreaterThan(gain);
    }

    private static double Psnr(Tensor images, Tensor clean) => -10 * Math.Log10((images - clean).Squared().mean().item<float>());
}
