using System.Runtime.Intrinsics;
using Masquerade.Attacks;

namespace Masquerade.Evaluation.Statistics;

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

    /// <summary>A sorted sample's quantile, interpolated linearly between order statistics (type 7 of Hyndman and Fan, 1996).</summary>
    internal static double Quantile(ReadOnlySpan<double> sorted, double fraction)
    {
        var at = fraction * (sorted.Length - 1);
        var below = (int)at;
        return below + 1 < sorted.Length ? sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]) : sorted[below];
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
}
