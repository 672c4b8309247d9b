using System.Runtime.Intrinsics;

namespace Masquerade.Evaluation.Statistics.Intervals;

/// <summary>
/// Percentile bootstrap (Efron, 1979): the sample is drawn again with replacement many times; the middle 95 % of a statistic's values is
/// its interval. Draws come from <see cref="CounterRandom"/> under a fixed seed, so equal samples have equal intervals, everywhere.
/// </summary>
public static class Bootstrap
{
    /// <summary>Resamples of an interval.</summary>
    public const int Resamples = 10_000;

    private const int Words = 4 * 8; // words that the generator makes at once

    /// <summary>
    /// Mean and median with their intervals, from the same resamples. Takes about 4 ns a value and resample: 2 ms at 50 values, 0.25 s at
    /// 6,000.
    /// </summary>
    /// <param name="values">Finite; their order does not matter.</param>
    /// <param name="resamples">At least 1.</param>
    /// <returns>Null for an empty sample.</returns>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public static (Estimate Mean, Estimate Median)? MeanAndMedian(IEnumerable<double> values, int resamples = Resamples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0) return null;
        if (!sorted.All(double.IsFinite)) throw new ArgumentException("a value is not finite", nameof(values));
        if (sorted.Length == 1) return (new Estimate(sorted[0], null), new Estimate(sorted[0], null));
        var means = new double[resamples];
        var medians = new double[resamples];
        var counts = new int[sorted.Length];
        var random = new CounterRandom(0x6d617371, 0x626f6f74);
        for (var i = 0; i < resamples; i++)
        {
            // How often each value of the sorted sample was drawn is all that mean and median need.
            Array.Clear(counts);
            Draw(random, i, counts);
            means[i] = Mean(sorted, counts);
            medians[i] = Median(sorted, counts);
        }
        return (
            new Estimate(sorted.Sum() / sorted.Length, Middle(means)),
            new Estimate(Quantile(sorted, 0.5), Middle(medians)));
    }

    /// <summary>
    /// Medians of several measurements of the same things, and their ratios to the first, from the same resamples of the things. A
    /// measurement may be infinite: more than anything that can be measured.
    /// </summary>
    /// <param name="columns">One measurement each, equally long and in the same order; no value is NaN or negative.</param>
    /// <param name="resamples">At least 1.</param>
    /// <returns>
    /// One for each column; null for empty columns. A median is null where it is infinite, a ratio where one of its medians is or the first
    /// is 0, and for the first column.
    /// </returns>
    internal static IReadOnlyList<(Estimate? Median, Estimate? Ratio)>? PairedMedians(
        IReadOnlyList<double[]> columns, int resamples = Resamples)
    {
        var length = columns[0].Length;
        if (length == 0) return null;
        var orders = columns.Select(c => Enumerable.Range(0, length).OrderBy(i => c[i]).ToArray()).ToArray();
        var medians = columns.Select(_ => new double[resamples]).ToArray();
        var counts = new int[length];
        var random = new CounterRandom(0x6d617371, 0x626f6f74);
        for (var i = 0; i < resamples; i++)
        {
            Array.Clear(counts);
            Draw(random, i, counts);
            for (var c = 0; c < columns.Count; c++) medians[c][i] = Median(columns[c], orders[c], counts);
        }
        Array.Fill(counts, 1);
        double[] own = [.. columns.Select((column, c) => Median(column, orders[c], counts))];
        return [.. columns.Select((_, c) => (Of(own[c], medians[c]), c > 0 && double.IsFinite(own[0]) ? Ratio(c) : null))];

        Estimate? Ratio(int c) => Of(own[c] / own[0], medians[c].ZipExact(medians[0], (median, first) => median / first));

        // Of infinity over infinity nothing is known: an interval with such draws has no end that means anything.
        Estimate? Of(double value, IEnumerable<double> drawn)
        {
            if (!double.IsFinite(value)) return null;
            double[] statistics = [.. drawn];
            return new Estimate(value, length == 1 || statistics.Any(double.IsNaN) ? null : Middle(statistics));
        }
    }

    /// <summary>A sorted sample's quantile, interpolated linearly between order statistics (type 7 of Hyndman and Fan, 1996).</summary>
    internal static double Quantile(ReadOnlySpan<double> sorted, double fraction)
    {
        var at = fraction * (sorted.Length - 1);
        var below = (int)at;
        // Between infinities there is nothing to interpolate.
        if (at == below || sorted[below] == sorted[below + 1]) return sorted[below];
        return sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
    }

    private static Interval Middle(double[] statistics)
    {
        Array.Sort(statistics);
        return new Interval(Quantile(statistics, 0.025), Quantile(statistics, 0.975));
    }

    private static void Draw(CounterRandom random, int resample, int[] counts)
    {
        Span<uint> words = stackalloc uint[Words];
        for (var drawn = 0; drawn < counts.Length; drawn += Words)
        {
            var (a, b, c, d) = random.Philox(drawn / 4, resample);
            a.CopyTo(words);
            b.CopyTo(words[8..]);
            c.CopyTo(words[16..]);
            d.CopyTo(words[24..]);
            // The upper half of word × n is uniform on 0…n-1 to within n / 2³².
            foreach (var word in words[..Math.Min(Words, counts.Length - drawn)])
                counts[(int)(((ulong)word * (uint)counts.Length) >> 32)]++;
        }
    }

    private static double Mean(double[] sorted, int[] counts)
    {
        var sum = 0.0;
        for (var i = 0; i < sorted.Length; i++) sum += counts[i] * sorted[i];
        return sum / sorted.Length;
    }

    private static double Median(double[] sorted, int[] counts)
    {
        // The order statistics number ⌈n/2⌉ and ⌊n/2⌋+1, which are one where n is odd.
        var (lower, upper) = ((sorted.Length + 1) / 2, sorted.Length / 2 + 1);
        var (at, seen) = (0, counts[0]);
        while (seen < lower) seen += counts[++at];
        var first = sorted[at];
        while (seen < upper) seen += counts[++at];
        return (first + sorted[at]) / 2;
    }

    /// <summary>The same of values that are not sorted but come with their order.</summary>
    private static double Median(double[] values, int[] order, int[] counts)
    {
        var (lower, upper) = ((values.Length + 1) / 2, values.Length / 2 + 1);
        var (at, seen) = (0, counts[order[0]]);
        while (seen < lower) seen += counts[order[++at]];
        var first = values[order[at]];
        while (seen < upper) seen += counts[order[++at]];
        return (first + values[order[at]]) / 2;
    }
}
