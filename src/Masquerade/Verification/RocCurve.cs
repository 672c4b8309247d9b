namespace Masquerade.Verification;

/// <summary>A point of an ROC curve.</summary>
/// <param name="Distance">Pairs are accepted up to this squared distance, itself included; −∞ where none is.</param>
/// <param name="Far">Share of the different-person pairs that are accepted.</param>
/// <param name="Tar">Share of the same-person pairs that are accepted.</param>
public readonly record struct RocPoint(double Distance, double Far, double Tar);

/// <summary>
/// How true and false accepts trade off over all thresholds: the polyline from (0,0) to (1,1) with one point for each distinct distance.
/// Pairs of equal distance are accepted together, so a tie of both kinds is a slanted segment.
/// </summary>
public sealed class RocCurve
{
    private RocCurve(RocPoint[] points, double auc, double eer)
    {
        Points = points;
        Auc = auc;
        Eer = eer;
    }

    /// <summary>The points, FAR and TAR never falling.</summary>
    public IReadOnlyList<RocPoint> Points { get; }

    /// <summary>
    /// Area under the curve: the probability that a same-person pair is closer than a different-person pair, a tie counted half
    /// (Mann and Whitney, 1947).
    /// </summary>
    public double Auc { get; }

    /// <summary>Equal error rate: where FAR = 1 − TAR on the polyline, interpolated linearly between its points.</summary>
    public double Eer { get; }

    /// <summary>The curve of some pairs.</summary>
    /// <param name="pairs">At least one of each kind.</param>
    /// <exception cref="InputException">There are no same-person or no different-person pairs.</exception>
    public static RocCurve Of(IEnumerable<ScoredPair> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var sorted = pairs.OrderBy(s => s.Distance).ToArray();
        long same = sorted.Count(s => s.Pair.SamePerson);
        var different = sorted.Length - same;
        if (same == 0 || different == 0)
        {
            throw new InputException($"{same} same-person and {different} different-person pairs can be used; "
                + "an ROC curve needs both kinds, check the pair list and the images folder");
        }
        var points = new List<RocPoint> { new(double.NegativeInfinity, 0, 0) };
        // Twice the area, and the EER's balance FAR + TAR − 1, in units of same × different pairs: whole numbers, so ties are exact.
        long twiceArea = 0, sameBefore = 0, differentBefore = 0;
        double? eer = null;
        for (var at = 0; at < sorted.Length;)
        {
            var distance = sorted[at].Distance;
            var (sameUpTo, differentUpTo) = (sameBefore, differentBefore);
            for (; at < sorted.Length && sorted[at].Distance == distance; at++)
            {
                if (sorted[at].Pair.SamePerson) sameUpTo++;
                else differentUpTo++;
            }
            twiceArea += (differentUpTo - differentBefore) * (sameUpTo + sameBefore);
            var (low, high) = (Balance(sameBefore, differentBefore), Balance(sameUpTo, differentUpTo));
            if (high >= 0) eer ??= (differentBefore + (differentUpTo - differentBefore) * (-low / (double)(high - low))) / different;
            points.Add(new RocPoint(distance, differentUpTo / (double)different, sameUpTo / (double)same));
            (sameBefore, differentBefore) = (sameUpTo, differentUpTo);
        }
        return new RocCurve([.. points], twiceArea / (2.0 * same * different), eer!.Value);

        long Balance(long sameAccepted, long differentAccepted) => differentAccepted * same + sameAccepted * different - same * different;
    }
}
