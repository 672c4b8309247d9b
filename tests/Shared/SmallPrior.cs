using Masquerade.Defenses.Restoration;
using static TorchSharp.torch;

namespace Masquerade.Testing;

/// <summary>Priors of any shape with drawn parameters, and their covariances written out.</summary>
internal static class SmallPrior
{
    public static PatchPrior Draw(int components, int side, int rank, int seed = 0)
    {
        using var scope = NewDisposeScope();
        var (values, random) = (3 * side * side, new CounterRandom(seed, "prior", "test"));
        var bases = linalg.qr(Centre(side).matmul(Drawn(random, 0, components, values, rank)), linalg.QRMode.Reduced).Q;
        // Variances from a thousandth to a tenth, falling as a trained prior's.
        var variances = Drawn(random, 1, components, rank).abs().Times(0.02).Plus(2e-3).sort(1, descending: true).Values;
        var rest = Drawn(random, 2, components).abs().Times(5e-4).AtMost(1e-3).Plus(1e-4);
        var weights = nn.functional.softmax(Drawn(random, 3, components), 0);
        return new PatchPrior(
            weights.to(ScalarType.Float32), bases.to(ScalarType.Float32), variances.to(ScalarType.Float32), rest.to(ScalarType.Float32));
    }

    /// <summary>Takes the mean off each channel: float64 [d,d].</summary>
    public static Tensor Centre(int side)
    {
        using var scope = NewDisposeScope();
        var pixels = side * side;
        var means = block_diag([.. Enumerable.Repeat(ones([pixels, pixels], ScalarType.Float64).Over((double)pixels), 3)]);
        return (eye(3 * pixels, dtype: ScalarType.Float64) - means).MoveToOuterDisposeScope();
    }

    /// <summary>The covariance of a component: float64 [d,d], with no variance of the channels' means.</summary>
    public static Tensor Covariance(PatchPrior prior, int component)
    {
        using var scope = NewDisposeScope();
        var basis = prior.Bases[component].to(ScalarType.Float64);
        var rest = prior.Rest[component].to(ScalarType.Float64);
        var inside = basis.matmul(diag(prior.Variances[component].to(ScalarType.Float64) - rest)).matmul(basis.t());
        return inside.Plus(Centre(prior.Side) * rest).MoveToOuterDisposeScope();
    }

    private static Tensor Drawn(CounterRandom random, int draw, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        random.Gaussian(values, draw);
        return tensor(values, shape).to(ScalarType.Float64);
    }
}
