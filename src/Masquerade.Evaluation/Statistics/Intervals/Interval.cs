namespace Masquerade.Evaluation.Statistics.Intervals;

/// <summary>A 95 % interval.</summary>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end, at least the lower.</param>
public readonly record struct Interval(double Low, double High);

/// <summary>How many of how many.</summary>
/// <param name="Count">Successes, 0 to <paramref name="Of"/>.</param>
/// <param name="Of">Trials.</param>
public readonly record struct Rate(int Count, int Of)
{
    /// <summary>The share in [0,1]; null without trials.</summary>
    public double? Value => Of == 0 ? null : (double)Count / Of;

    /// <summary>Its 95 % Wilson interval; null without trials.</summary>
    public Interval? Interval => Of == 0 ? null : WilsonInterval.Of(Count, Of);
}

/// <summary>A statistic of a sample with its 95 % bootstrap interval.</summary>
/// <param name="Value">The statistic of the sample itself.</param>
/// <param name="Interval">Where it lies when the sample is drawn again; null for a sample of one, which says nothing about that.</param>
public readonly record struct Estimate(double Value, Interval? Interval);
