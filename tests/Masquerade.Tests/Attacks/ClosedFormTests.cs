using Masquerade.Attacks;
using Masquerade.Attacks.FoolboxV1;
using Masquerade.Attacks.Minimal;
using Masquerade.Attacks.Strong;
using Masquerade.Imaging;

namespace Masquerade.Tests.Attacks;

/// <summary>Attacks on <see cref="ConeProblem"/> find what its closed forms say.</summary>
public class ClosedFormTests
{
    public static TheoryData<int, int, int> BatchesAndShapes
    {
        get
        {
            var data = new TheoryData<int, int, int>();
            foreach (var batch in new[] { 1, 3, 8 })
                foreach (var (width, height) in new[] { (16, 16), (24, 12), (20, 31) }) data.Add(batch, width, height);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(BatchesAndShapes))]
    public void DeepFool_finds_the_smallest_L2(int batch, int width, int height)
    {
        var problem = new ConeProblem(batch, new ImageSize(width, height));
        foreach (var (attack, slack) in new (Attack, double)[] { (new DeepFool(), 1.06), (new MinimalDeepFool(), 1.01) })
        {
            var results = problem.Attack(attack);
            for (var i = 0; i < batch; i++)
            {
                results[i].Success.ShouldBeTrue($"{attack} on pair {i}");
                results[i].L2.ShouldBeInRange(problem.SmallestL2[i] * 0.9999, problem.SmallestL2[i] * slack, $"{attack} on pair {i}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(BatchesAndShapes))]
    public void Bisected_pgd_finds_the_smallest_L2(int batch, int width, int height)
    {
        var problem = new ConeProblem(batch, new ImageSize(width, height));
        var results = problem.Attack(new BisectedPgd(Steps: 20, Restarts: 2));
        for (var i = 0; i < batch; i++)
        {
            results[i].Success.ShouldBeTrue($"pair {i}");
            results[i].L2.ShouldBeInRange(problem.SmallestL2[i] * 0.9999, problem.SmallestL2[i] * 1.04, $"pair {i}");
            // A radius that fails costs every step of every start, and the bracket halves each time.
            results[i].Backwards.ShouldBeInRange(2 * 21, 12 * 2 * 21, $"pair {i}");
        }
    }

    [Theory]
    [MemberData(nameof(BatchesAndShapes))]
    public void Fgsm_finds_the_step_at_which_the_signed_gradient_crosses_the_cone(int batch, int width, int height)
    {
        var problem = new ConeProblem(batch, new ImageSize(width, height));
        var exact = problem.Attack(new Fgsm());
        var minimal = problem.Attack(new MinimalFgsm());
        for (var i = 0; i < batch; i++)
        {
            var step = problem.SmallestStep(i);
            // The exact attack stops at the first level of its grid that is not below the boundary.
            var grid = step <= 0.02 ? Math.Ceiling(step * 1000) / 1000 / 20 : 0.001;
            exact[i].Linf.ShouldBeInRange(step * 0.999, step * 1.001 + grid, $"exact on pair {i}");
            minimal[i].Linf.ShouldBeInRange(step * 0.999, step * 1.01, $"minimal on pair {i}");
            minimal[i].Forwards.ShouldBeLessThanOrEqualTo(20);
        }
    }

    [Fact]
    public void Deepfool_of_8_bit_images_is_adversarial_after_rounding_and_not_far_from_the_optimum()
    {
        var problem = new ConeProblem(4, new ImageSize(24, 24));
        var results = problem.Attack(new MinimalDeepFool(), StorageRule.EightBit);
        for (var i = 0; i < results.Count; i++)
        {
            results[i].Success.ShouldBeTrue();
            results[i].Adversarial!.ShouldAllBe(v => v * 255 == MathF.Round(v * 255) || Math.Abs(v * 255 - MathF.Round(v * 255)) < 1e-4);
            // Here the optimum changes a value by a fifth of a level on average; whole levels cost more.
            results[i].L2.ShouldBeInRange(problem.SmallestL2[i], problem.SmallestL2[i] * 2);
        }
    }
}
