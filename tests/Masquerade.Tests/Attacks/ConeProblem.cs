using Masquerade.Attacks;
using Masquerade.Detection;
using Masquerade.Imaging;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Tests.Attacks;

/// <summary>
/// On x ↦ Wx/‖Wx‖ with orthonormal rows the verifier says "same" inside a cone around the reference. With θ the angle of the probe's
/// embedding to the reference and φ the cone's half angle (2 − 2·cos φ = t), the smallest L2 change is ‖Wx‖·sin|θ − φ|.
/// Pairs alternate between both goals; the box is never met.
/// </summary>
internal sealed class ConeProblem
{
    private const double Threshold = 1.2;
    private const double Length = 1.5;
    private const int Dimensions = 6;

    public static double Cone { get; } = Math.Acos(1 - Threshold / 2);

    private readonly LinearEmbedder _embedder;
    private readonly Tensor _probes;
    private readonly Tensor _references;
    private readonly AttackGoal[] _goals;

    /// <param name="batch">Pairs.</param>
    /// <param name="size">Of their images.</param>
    /// <param name="rounded">Whether probes are of whole 8-bit levels, as photographs are.</param>
    public ConeProblem(int batch, ImageSize size, bool rounded = false)
    {
        _embedder = new LinearEmbedder(size, Dimensions, seed: 7);
        var coordinates = new float[batch, Dimensions];
        var references = new float[batch, Dimensions];
        _goals = new AttackGoal[batch];
        SmallestL2 = new double[batch];
        for (var i = 0; i < batch; i++)
        {
            _goals[i] = i % 2 == 0 ? AttackGoal.Anonymize : AttackGoal.Impersonate;
            // In the plane of two axes. Inside the cone the margin is convex: the first step overshoots by more
            // than its 5 % from further away.
            var angle = _goals[i] == AttackGoal.Anonymize ? Cone - 0.02 - 0.005 * i : Cone + 0.04 + 0.04 * i;
            references[i, 0] = 1;
            coordinates[i, 0] = (float)(Length * Math.Cos(angle));
            coordinates[i, 1 + i % (Dimensions - 1)] = (float)(Length * Math.Sin(angle));
        }
        _references = tensor(references);
        _probes = _embedder.ImagesAt(coordinates);
        if (rounded) _probes = ImageTensors.RoundTo8Bit(_probes);
        var measured = _probes.flatten(1).Minus(0.5).to(ScalarType.Float64).matmul(_embedder.Weights.T.to(ScalarType.Float64));
        for (var i = 0; i < batch; i++)
        {
            var length = measured[i].norm().item<double>();
            var cosine = measured[i][0].item<double>() / length;
            SmallestL2[i] = length * Math.Sin(Math.Abs(Math.Acos(cosine) - Cone));
        }
    }

    public double[] SmallestL2 { get; }

    /// <summary>W, [D, 3·H·W].</summary>
    public Tensor Weights => _embedder.Weights;

    /// <summary>What each pair's attacker wants.</summary>
    public IReadOnlyList<AttackGoal> Goals => _goals;

    public IReadOnlyList<AttackResult> Attack(Attack attack, StorageRule storage = StorageRule.Float, Detector? detector = null)
    {
        using var problem = new AttackProblem(
            new DefendedVerifier(new FaceVerifier(_embedder, Threshold), detector: detector), _probes, _references, _goals,
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

    /// <summary>
    /// The smallest L∞ change. The cone is the meeting of the half spaces n·y ≥ 0, n = sin φ·r + cos φ·u over all units u orthogonal to
    /// r; into or out of one it takes |n·y| / ‖Wᵀn‖₁. To leave the cone, the nearest is enough; to enter it, the furthest decides: both
    /// are the least of n·y / ‖Wᵀn‖₁, found here by random descent over u.
    /// </summary>
    public double SmallestLinf(int pair)
    {
        using var scope = NewDisposeScope();
        var w = _embedder.Weights.to(ScalarType.Float64);
        var weights = w.data<double>().ToArray();
        var y = w.matmul(_probes[pair].flatten().Minus(0.5).to(ScalarType.Float64)).data<double>().ToArray();
        var size = weights.Length / Dimensions;
        double Value(double[] u)
        {
            double[] n = [Math.Sin(Cone), .. u.Select(v => Math.Cos(Cone) * v)];
            double l1 = 0;
            for (var at = 0; at < size; at++)
            {
                double sum = 0;
                for (var k = 0; k < Dimensions; k++) sum += n[k] * weights[k * size + at];
                l1 += Math.Abs(sum);
            }
            return n.Zip(y, (a, b) => a * b).Sum() / l1;
        }
        static double[] Unit(IEnumerable<double> v)
        {
            var values = v.ToArray();
            var length = Math.Sqrt(values.Sum(x => x * x));
            return [.. values.Select(x => x / length)];
        }
        // Starts from the half space that is nearest in L2.
        var best = Unit(y.Skip(1).Select(v => -v));
        var least = Value(best);
        var random = new Random(3);
        for (var (round, reach) = (0, 0.5); round < 400; round++, reach *= 0.98)
        {
            var tried = Unit(best.Select(v => v + reach * (random.NextDouble() - 0.5)));
            if (Value(tried) is var value && value < least) (best, least) = (tried, value);
        }
        return Math.Abs(least);
    }
}
