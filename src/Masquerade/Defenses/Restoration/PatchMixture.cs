using static TorchSharp.torch;

namespace Masquerade.Defenses.Restoration;

/// <summary>
/// A patch prior seen through white noise of one variance: how likely each component is for a patch, and the Wiener filter of each.
/// </summary>
internal sealed class PatchMixture : IDisposable
{
    private const int RowsAtOnce = 256; // their projections on all bases stay in the cache

    private readonly PatchPrior _prior;
    private readonly Tensor _whitening;   // [d, K·r]: what the bases take off the squared length
    private readonly Tensor _precision;   // [K]: one over the variance outside of the bases
    private readonly Tensor _offset;      // [K]: logarithm of weight and normalisation
    private readonly Tensor _gains;       // [K, r]: the filter inside of the bases, beyond what it is outside
    private readonly float[] _outside;    // K: the filter outside

    /// <param name="prior">The prior; it stays the caller's and must outlive this.</param>
    /// <param name="noise">Variance of the noise, 0 or more.</param>
    public PatchMixture(PatchPrior prior, double noise)
    {
        _prior = prior;
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var variances = prior.Variances.to(ScalarType.Float64);
        var rest = prior.Rest.to(ScalarType.Float64);
        var (inner, outer) = (variances.Plus(noise), rest.Plus(noise));
        var roots = (outer.reciprocal().unsqueeze(1) - inner.reciprocal()).AtLeast(0).sqrt().to(ScalarType.Float32);
        var size = prior.Dimension;
        _whitening = Kept((prior.Bases * roots.unsqueeze(1)).permute(1, 0, 2).reshape(prior.Values, -1));
        _precision = Kept(outer.reciprocal().to(ScalarType.Float32));
        var spread = inner.log().sum(1).Plus(outer.log().Times((double)(size - prior.Rank))).Plus(size * Math.Log(2 * Math.PI));
        // A component of no weight is never chosen.
        _offset = Kept((prior.Weights.to(ScalarType.Float64).log() - spread.Times(0.5)).to(ScalarType.Float32));
        var outside = rest / outer;
        _gains = Kept((variances / inner - outside.unsqueeze(1)).to(ScalarType.Float32));
        _outside = outside.to(ScalarType.Float32).data<float>().ToArray();
    }

    /// <summary>The logarithm of weight times density of every component at every patch, a density over what the means leave.</summary>
    /// <param name="patches">float32 or float64 [n,d], a mean of 0 in each channel.</param>
    /// <returns>float32 [n,K], without a gradient, owned by the caller's scope.</returns>
    public Tensor Scores(Tensor patches)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var count = patches.shape[0];
        var parts = new List<Tensor>();
        for (var start = 0L; start < count; start += RowsAtOnce)
        {
            using var inner = NewDisposeScope();
            var rows = patches.narrow(0, start, Math.Min(RowsAtOnce, count - start)).to(ScalarType.Float32);
            var projected = rows.matmul(_whitening);
            var taken = projected.mul_(projected).view(-1, _prior.Components, _prior.Rank).sum(2);
            var lengths = rows.Squared().sum(1, keepdim: true);
            parts.Add((taken - lengths * _precision).Times_(0.5).Plus_(_offset).MoveToOuterDisposeScope());
        }
        return cat(parts, 0).MoveToOuterDisposeScope();
    }

    /// <summary>The most likely patches without the noise, each under one component.</summary>
    /// <param name="patches">float32 or float64 [n,d], a mean of 0 in each channel.</param>
    /// <param name="chosen">int64 [n]: each patch's component.</param>
    /// <returns>[n,d], linear in the patches also for autograd, owned by the caller's scope.</returns>
    public Tensor Filter(Tensor patches, Tensor chosen)
    {
        using var scope = NewDisposeScope();
        var order = chosen.argsort();
        var counts = chosen.bincount(null, _prior.Components).data<long>().ToArray();
        var sorted = patches.index_select(0, order);
        var parts = new List<Tensor>();
        var start = 0L;
        for (var k = 0; k < counts.Length; k++)
        {
            if (counts[k] == 0) continue;
            using var inner = NewDisposeScope();
            var (rows, basis) = (sorted.narrow(0, start, counts[k]), _prior.Bases[k].to(patches.dtype));
            var inside = (rows.matmul(basis) * _gains[k].to(patches.dtype)).matmul(basis.t());
            parts.Add(inside.Plus(rows, times: _outside[k]).MoveToOuterDisposeScope());
            start += counts[k];
        }
        return cat(parts, 0).index_select(0, order.argsort()).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { _whitening, _precision, _offset, _gains }) tensor.Dispose();
    }

    private static Tensor Kept(Tensor tensor) => tensor.contiguous().DetachFromDisposeScope();
}
