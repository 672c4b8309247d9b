namespace Masquerade.Verification;

/// <summary>A threshold chosen on some pairs, and what it does on them.</summary>
/// <param name="Threshold">On the squared distance; up to it is the same person.</param>
/// <param name="Accuracy">Share of right decisions.</param>
/// <param name="Tar">True accept rate; NaN without same-person pairs.</param>
/// <param name="Far">False accept rate; NaN without different-person pairs.</param>
public readonly record struct CalibratedThreshold(double Threshold, double Accuracy, double Tar, double Far);

/// <summary>Chooses thresholds from pairs whose truth is known, on the grids of LFW's usual evaluation.</summary>
public static class ThresholdCalibration
{
    /// <summary>Thresholds for the best accuracy: 0, 0.01, …, 3.99.</summary>
    internal const int AccuracySteps = 100;

    /// <summary>Thresholds for a false accept rate: 0, 0.001, …, 3.999.</summary>
    internal const int FarSteps = 1000;

    /// <summary>The threshold of 0, 0.01, …, 3.99 with the most right decisions; the first of equals.</summary>
    /// <param name="pairs">At least one.</param>
    /// <exception cref="InputException">There are no pairs.</exception>
    public static CalibratedThreshold BestAccuracy(IEnumerable<ScoredPair> pairs)
    {
        var counts = ThresholdCounts.Of(pairs, AccuracySteps);
        if (counts.Same + counts.Different == 0)
            throw new InputException("no pairs to choose a threshold on; check the pair list and the images folder");
        return At(counts, counts.MostAccurate());
    }

    /// <summary>The largest threshold of 0, 0.001, …, 3.999 whose false accept rate does not exceed a target; 0 where none does.</summary>
    /// <param name="pairs">At least one different-person pair.</param>
    /// <param name="far">The target, in [0,1].</param>
    /// <exception cref="InputException">There is no different-person pair.</exception>
    public static CalibratedThreshold AtFar(IEnumerable<ScoredPair> pairs, double far)
    {
        RequireRate(far);
        var counts = ThresholdCounts.Of(pairs, FarSteps);
        if (counts.Different == 0)
            throw new InputException("no different-person pairs: a false accept rate needs some; add them to the pair list");
        return At(counts, counts.LargestWithin(far));
    }

    internal static void RequireRate(double far)
    {
        if (!(far >= 0 && far <= 1)) throw new ArgumentOutOfRangeException(nameof(far), far, "a rate lies in [0,1]");
    }

    private static CalibratedThreshold At(ThresholdCounts counts, int k) =>
        new(counts.Threshold(k), counts.Accuracy(k), counts.Tar(k), counts.Far(k));
}
