using Masquerade.Defenses.Restoration;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses.Restoration;

/// <summary>EPLL as the paper has it, a patch at a time with covariances written out, in double.</summary>
internal static class LiteralEpll
{
    private static readonly double[] Betas = [1, 4, 8, 16, 32];

    // Rows and columns where patches begin in each round: 0, the offset, every third from there, the last.
    private static readonly (int Down, int Across)[] Offsets = [(0, 0), (1, 2), (2, 1), (0, 1), (1, 0)];

    /// <param name="prior">The prior.</param>
    /// <param name="noisy">3 × height × width values.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="sigma">In [0,1].</param>
    public static double[] Restore(PatchPrior prior, double[] noisy, int height, int width, double sigma)
    {
        var at = (double[])noisy.Clone();
        for (var round = 0; round < Betas.Length; round++)
        {
            using var scope = NewDisposeScope();
            var beta = Betas[round] / (sigma * sigma);
            var restored = Average(prior, at, height, width, 1 / beta, Offsets[round]);
            for (var i = 0; i < at.Length; i++) at[i] = (noisy[i] / (sigma * sigma) + beta * restored[i]) / (1 / (sigma * sigma) + beta);
        }
        return at;
    }

    private static double[] Average(PatchPrior prior, double[] image, int height, int width, double noise, (int Down, int Across) offset)
    {
        var (side, values) = (prior.Side, prior.Values);
        var centre = SmallPrior.Centre(side);
        Tensor[] covariances = [.. Enumerable.Range(0, prior.Components).Select(k => SmallPrior.Covariance(prior, k))];
        Tensor[] noisy = [.. covariances.Select(c => c.Plus(centre.Times(noise)).Plus(eye(values, dtype: ScalarType.Float64) - centre))];
        double[] determinants = [.. noisy.Select(c => linalg.slogdet(c).Item2.item<double>())];
        double[] logs = [.. determinants.Select((d, k) => Math.Log(prior.Weights[k].item<float>()) - 0.5 * d)];
        Tensor[] inverses = [.. noisy.Select(linalg.inv)];
        var (sums, counts) = (new double[image.Length], new int[image.Length]);
        foreach (var top in Starts(height, side, offset.Down))
        {
            foreach (var left in Starts(width, side, offset.Across))
            {
                using var scope = NewDisposeScope();
                int[] where = [.. from c in Enumerable.Range(0, 3) from y in Enumerable.Range(top, side)
                                  from x in Enumerable.Range(left, side) select (c * height + y) * width + x];
                var patch = tensor(where.Select(i => image[i]).ToArray());
                var left0 = centre.matmul(patch);
                var best = Enumerable.Range(0, prior.Components)
                    .MaxBy(k => logs[k] - 0.5 * left0.dot(inverses[k].matmul(left0)).item<double>());
                var clean = covariances[best].matmul(inverses[best]).matmul(left0).Plus(patch - left0).data<double>().ToArray();
                for (var i = 0; i < values; i++)
                {
                    sums[where[i]] += clean[i];
                    counts[where[i]]++;
                }
            }
        }
        return [.. sums.Select((s, i) => s / counts[i])];
    }

    private static IEnumerable<int> Starts(int length, int side, int offset)
    {
        for (var at = 0; at + side <= length; at++)
            if (at == 0 || at + side == length || (at >= offset && (at - offset) % 3 == 0)) yield return at;
    }
}
