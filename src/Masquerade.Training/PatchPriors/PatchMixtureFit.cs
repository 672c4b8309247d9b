using Masquerade.Defenses.Restoration;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.PatchPriors;

/// <summary>
/// Expectation maximisation for a mixture of Gaussians of mean 0, each with some directions of its own and one variance for the others
/// (Tipping and Bishop, Neural Computation 1999): every step's likelihood is at least the last one's.
/// </summary>
internal static class PatchMixtureFit
{
    /// <summary>Smallest variance of any direction: half a level of 255, squared. Flat patches would have none.</summary>
    public const double LeastVariance = 0.25 / (255 * 255);

    private const int RowsAtOnce = 8192;
    private const int FirstPatches = 50_000;   // that the first components are made of
    private const double LeastShare = 1e-5;    // of a patch that counts for a component
    private const double LeastPatches = 1;     // a component with fewer stays as it is

    /// <summary>
    /// First components: the covariance of all patches, as strong as a random patch's contrast, half of it in that patch's direction.
    /// </summary>
    /// <param name="patches">float32 [n,d], a mean of 0 in each channel.</param>
    /// <param name="components">How many.</param>
    /// <param name="rank">Directions of each, at most d − 3.</param>
    /// <exception cref="InputException">Fewer patches than components show anything.</exception>
    public static PatchPrior First(Tensor patches, int components, int rank)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var some = patches.narrow(0, 0, Math.Min(FirstPatches, patches.shape[0]));
        var dimension = patches.shape[1] - 3;
        var all = some.t().matmul(some).to(ScalarType.Float64).Over((double)some.shape[0]);
        var contrasts = some.Squared().sum(1);
        var busy = contrasts.Minus(dimension * LeastVariance).AtLeast(0).nonzero().view(-1);
        if (busy.shape[0] < components)
        {
            throw new InputException($"{busy.shape[0]} of {some.shape[0]} patches show more than one colour, too few for {components} "
                + "components; take more photographs, or fewer --components");
        }
        // Drawn patches lie in random order: evenly taken ones are random, too.
        var seeds = busy.index_select(0, tensor(Enumerable.Range(0, components).Select(k => k * (busy.shape[0] / components)).ToArray()));
        var directions = some.index_select(0, seeds).to(ScalarType.Float64);
        var energies = directions.Squared().sum(1).view(-1, 1, 1);
        var own = directions.unsqueeze(2).matmul(directions.unsqueeze(1));
        var covariances = (all.unsqueeze(0) * energies / all.diagonal().sum()).Plus(own).Times(0.5);
        var (bases, variances, rest) = Directions(covariances, rank);
        return new PatchPrior(ones(components).Over((double)components), bases, variances, rest);
    }

    /// <summary>One step.</summary>
    /// <param name="prior">The mixture as it is.</param>
    /// <param name="patches">float32 [n,d], a mean of 0 in each channel.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The mixture after it, and the mean log-likelihood of a patch before it.</returns>
    public static (PatchPrior Next, double Likelihood) Step(PatchPrior prior, Tensor patches, CancellationToken cancellation = default)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        using var mixture = new PatchMixture(prior, 0);
        var (components, values, count) = (prior.Components, prior.Values, patches.shape[0]);
        var squares = zeros([components, values, values], ScalarType.Float64);
        var shares = zeros([components], ScalarType.Float64);
        var likelihood = 0.0;
        for (var start = 0L; start < count; start += RowsAtOnce)
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            var rows = patches.narrow(0, start, Math.Min(RowsAtOnce, count - start));
            var scores = mixture.Scores(rows);
            var logs = scores.logsumexp(1, true);
            likelihood += logs.to(ScalarType.Float64).sum().item<double>();
            var belongs = (scores - logs).exp();
            shares.Plus_(belongs.to(ScalarType.Float64).sum([0]));
            AddSquares(squares, rows, belongs);
        }
        var (bases, variances, rest) = Directions(squares / shares.AtLeast(LeastPatches).view(-1, 1, 1), prior.Rank);
        var (some, weights) = (shares.Minus(LeastPatches).IsNegative().logical_not(), (shares / shares.sum()).to(ScalarType.Float32));
        var next = new PatchPrior(
            weights, where(some.view(-1, 1, 1), bases, prior.Bases), where(some.view(-1, 1), variances, prior.Variances),
            where(some, rest, prior.Rest));
        return (next, likelihood / count);
    }

    /// <summary>The mean log-likelihood of a patch.</summary>
    public static double Likelihood(PatchPrior prior, Tensor patches)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        using var mixture = new PatchMixture(prior, 0);
        return mixture.Scores(patches).logsumexp(1).to(ScalarType.Float64).mean().item<double>();
    }

    /// <summary>Adds each component's weighted sum of products; most patches belong to few.</summary>
    private static void AddSquares(Tensor squares, Tensor rows, Tensor belongs)
    {
        var belonging = belongs.t().contiguous();
        var counted = belonging.Minus(LeastShare).AtLeast(0);
        var where = counted.nonzero();
        var sizes = counted.count_nonzero([1]).data<long>().ToArray();
        var (component, row) = (where.select(1, 0), where.select(1, 1));
        var roots = belonging.view(-1).index_select(0, component.Times(rows.shape[0]).Plus(row)).sqrt();
        var weighted = rows.index_select(0, row) * roots.unsqueeze(1);
        var start = 0L;
        for (var k = 0; k < sizes.Length; k++)
        {
            if (sizes[k] == 0) continue;
            using var inner = NewDisposeScope();
            var own = weighted.narrow(0, start, sizes[k]);
            squares[k].Plus_(own.t().matmul(own).to(ScalarType.Float64));
            start += sizes[k];
        }
    }

    /// <summary>The likeliest directions and variances of covariances, none below the least.</summary>
    private static (Tensor Bases, Tensor Variances, Tensor Others) Directions(Tensor covariances, int rank)
    {
        var values = (int)covariances.shape[1];
        var (pixels, others) = (values / 3, values - 3 - rank);
        // A channel's mean has no variance: lifted above it, all other directions come first even where patches are flat.
        var means = block_diag([.. Enumerable.Repeat(ones([pixels, pixels], ScalarType.Float64).Over((double)pixels), 3)]);
        var lift = (eye(values, dtype: ScalarType.Float64) - means).Times(LeastVariance);
        var (ascending, vectors) = linalg.eigh(covariances.Plus(lift));
        var variances = ascending.narrow(1, values - rank, rank).flip(1).Minus(LeastVariance);
        var bases = vectors.narrow(2, values - rank, rank).flip(2);
        var total = covariances.diagonal(0, 1, 2).sum(1);
        var rest = others == 0 ? total.FilledLike(LeastVariance) : (total - variances.sum(1)).Over((double)others);
        return (bases.to(ScalarType.Float32).contiguous(), variances.AtLeast(LeastVariance).to(ScalarType.Float32),
            rest.AtLeast(LeastVariance).to(ScalarType.Float32));
    }
}
