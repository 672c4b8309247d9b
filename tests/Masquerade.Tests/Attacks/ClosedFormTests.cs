using Masquerade.Attacks;
using Masquerade.Attacks.FoolboxV1;
using Masquerade.Attacks.Minimal;
using Masquerade.Attacks.Strong;
using Masquerade.Faces;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Tests.Attacks;

/// <summary>
/// On x ↦ Wx/‖Wx‖ with orthonormal rows the verifier says "same" inside a cone around the reference. With θ the angle of the probe's
/// embedding to the reference and φ the cone's half angle (2 − 2·cos φ = t), the smallest L2 change is ‖Wx‖·sin|θ − φ|.
/// </summary>
public class ClosedFormTests
{
    private const double Threshold = 1.2;
    private const double Length = 1.5;
    private const int Dimensions = 6;

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
        var problem = new Problem(batch, new ImageSize(width, height));
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
        var problem = new Problem(batch, new ImageSize(width, height));
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
        var problem = new Problem(batch, new ImageSize(width, height));
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
        var problem = new Problem(4, new ImageSize(24, 24));
        var results = problem.Attack(new MinimalDeepFool(), StorageRule.EightBit);
        for (var i = 0; i < results.Count; i++)
        {
            results[i].Success.ShouldBeTrue();
            results[i].Adversarial!.ShouldAllBe(v => v * 255 == MathF.Round(v * 255) || Math.Abs(v * 255 - MathF.Round(v * 255)) < 1e-4);
            // Here the optimum changes a value by a fifth of a level on average; whole levels cost more.
            results[i].L2.ShouldBeInRange(problem.SmallestL2[i], problem.SmallestL2[i] * 2);
        }
    }

    /// <summary>Pairs alternate between both goals; the box is never met.</summary>
    private sealed class Problem
    {
        private readonly LinearEmbedder _embedder;
        private readonly Tensor _probes;
        private readonly Tensor _references;
        private readonly AttackGoal[] _goals;

        public Problem(int batch, ImageSize size)
        {
            _embedder = new LinearEmbedder(size, Dimensions, seed: 7);
            var coordinates = new float[batch, Dimensions];
            var references = new float[batch, Dimensions];
            _goals = new AttackGoal[batch];
            SmallestL2 = new double[batch];
            var cone = Math.Acos(1 - Threshold / 2);
            for (var i = 0; i < batch; i++)
            {
                _goals[i] = i % 2 == 0 ? AttackGoal.Anonymize : AttackGoal.Impersonate;
                // In the plane of two axes. Inside the cone the margin is convex: the first step overshoots by more
                // than its 5 % from further away.
                var angle = _goals[i] == AttackGoal.Anonymize ? cone - 0.02 - 0.005 * i : cone + 0.04 + 0.04 * i;
                references[i, 0] = 1;
                coordinates[i, 0] = (float)(Length * Math.Cos(angle));
                coordinates[i, 1 + i % (Dimensions - 1)] = (float)(Length * Math.Sin(angle));
                SmallestL2[i] = Length * Math.Sin(Math.Abs(angle - cone));
            }
            _probes = _embedder.ImagesAt(coordinates);
            _references = tensor(references);
        }

        public double[] SmallestL2 { get; }

        public IReadOnlyList<AttackResult> Attack(Attack attack, StorageRule storage = StorageRule.Float)
        {
            using var problem = new AttackProblem(
                new FaceVerifier(_embedder, Threshold), _probes, _references, _goals,
                [.. _goals.Select((_, i) => $"pair{i}")], new AttackSettings(Storage: storage));
            return attack.Execute(problem);
        }

        /// <summary>
        /// The ε at which W(x + ε·s) meets the cone, s the sign of the gradient of the distance at x: a quadratic in ε.
        /// </summary>
        public double SmallestStep(int pair)
        {
            using var scope = NewDisposeScope();
            var w = _embedder.Weights.to(ScalarType.Float64);
            var y = w.matmul(_probes[pair].flatten().Minus(0.5).to(ScalarType.Float64));
            var r = _references[pair].to(ScalarType.Float64);
            var length = y.norm().item<double>();
            var unit = y.Over(length);
            // d = 2 − 2·r·u with u = y/‖y‖: its gradient is −2·Wᵀ(r − (r·u)u)/‖y‖.
            var gradient = w.T.matmul(r - r.dot(unit) * unit).neg();
            var sign = gradient.sign().Times(_goals[pair] == AttackGoal.Anonymize ? 1 : -1);
            var z = w.matmul(sign);
            // (r·(y+εz))² = c²·‖y+εz‖², c = cos φ.
            var c = 1 - Threshold / 2;
            double ry = r.dot(y).item<double>(), rz = r.dot(z).item<double>();
            double yy = y.dot(y).item<double>(), yz = y.dot(z).item<double>(), zz = z.dot(z).item<double>();
            double qa = rz * rz - c * c * zz, qb = 2 * (ry * rz - c * c * yz), qc = ry * ry - c * c * yy;
            var root = Math.Sqrt(qb * qb - 4 * qa * qc);
            return new[] { (-qb - root) / (2 * qa), (-qb + root) / (2 * qa) }
                .Where(e => e > 0 && Math.Sign(ry + e * rz) == Math.Sign(c)).Min();
        }
    }
}
