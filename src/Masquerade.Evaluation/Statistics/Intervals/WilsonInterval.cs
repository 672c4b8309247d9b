namespace Masquerade.Evaluation.Statistics.Intervals;

/// <summary>
/// The score interval of a proportion (Wilson, JASA 1927): unlike the textbook's it stays inside [0,1] and holds at 0 and at 100 %.
/// </summary>
public static class WilsonInterval
{
    /// <summary>The 97.5 % point of the standard normal distribution.</summary>
    private const double Z = 1.959963984540054;

    /// <summary>The 95 % interval.</summary>
    /// <param name="successes">0 to <paramref name="trials"/>.</param>
    /// <param name="trials">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The counts are impossible.</exception>
    public static Interval Of(int successes, int trials)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        double n = trials;
        var p = successes / n;
        var centre = p + Z * Z / (2 * n);
        var reach = Z * Math.Sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
        var scale = 1 + Z * Z / n;
        // At the ends the formula is exact but for rounding.
        return new Interval(successes == 0 ? 0 : (centre - reach) / scale, successes == trials ? 1 : (centre + reach) / scale);
    }
}
