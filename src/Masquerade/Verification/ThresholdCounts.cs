namespace Masquerade.Verification;

/// <summary>
/// How many same-person and different-person pairs a verifier accepts at each threshold k/steps, k = 0 … 4·steps − 1, of a grid. Counts of
/// separate sets add up, so that a fold's complement is the total less the fold: all folds together cost one pass over the pairs.
/// </summary>
internal sealed class ThresholdCounts
{
    private const int LargestDistance = 4;

    private readonly int _stepsPerUnit;
    private readonly int[] _sameAccepted;
    private readonly int[] _differentAccepted;

    private ThresholdCounts(int stepsPerUnit, int[] sameAccepted, int[] differentAccepted, int same, int different)
    {
        _stepsPerUnit = stepsPerUnit;
        _sameAccepted = sameAccepted;
        _differentAccepted = differentAccepted;
        Same = same;
        Different = different;
    }

    /// <summary>Same-person pairs.</summary>
    public int Same { get; }

    /// <summary>Different-person pairs.</summary>
    public int Different { get; }

    /// <summary>Thresholds in the grid.</summary>
    public int Length => _sameAccepted.Length;

    public static ThresholdCounts Of(IEnumerable<ScoredPair> pairs, int stepsPerUnit)
    {
        var length = LargestDistance * stepsPerUnit;
        var accepted = new[] { new int[length + 1], new int[length + 1] };
        var totals = new int[2];
        foreach (var scored in pairs)
        {
            var kind = scored.Pair.SamePerson ? 1 : 0;
            totals[kind]++;
            accepted[kind][FirstAccepting(scored.Distance, length, stepsPerUnit)]++;
        }
        foreach (var counts in accepted)
        {
            for (var k = 1; k < length; k++) counts[k] += counts[k - 1];
        }
        return new ThresholdCounts(stepsPerUnit, accepted[1][..length], accepted[0][..length], totals[1], totals[0]);
    }

    public double Threshold(int k) => k / (double)_stepsPerUnit;

    /// <summary>Share of right decisions at threshold k.</summary>
    public double Accuracy(int k) => (_sameAccepted[k] + Different - _differentAccepted[k]) / (double)(Same + Different);

    /// <summary>Share of the same-person pairs that are accepted at threshold k.</summary>
    public double Tar(int k) => _sameAccepted[k] / (double)Same;

    /// <summary>Share of the different-person pairs that are accepted at threshold k.</summary>
    public double Far(int k) => _differentAccepted[k] / (double)Different;

    /// <summary>The first threshold with the most right decisions.</summary>
    public int MostAccurate()
    {
        var best = 0;
        for (var k = 1; k < Length; k++)
        {
            if (_sameAccepted[k] - _differentAccepted[k] > _sameAccepted[best] - _differentAccepted[best]) best = k;
        }
        return best;
    }

    /// <summary>The largest threshold whose <see cref="Far"/> does not exceed the target; 0, which accepts equal embeddings only, where none does.</summary>
    public int LargestWithin(double far)
    {
        var k = Length - 1;
        while (k > 0 && Far(k) > far) k--;
        return k;
    }

    /// <summary>The counts without those of a subset.</summary>
    public ThresholdCounts Without(ThresholdCounts part) => new(
        _stepsPerUnit, Difference(_sameAccepted, part._sameAccepted), Difference(_differentAccepted, part._differentAccepted),
        Same - part.Same, Different - part.Different);

    private static int[] Difference(int[] all, int[] part) => [.. all.ZipExact(part, (a, b) => a - b)];

    /// <summary>The first k whose threshold k/steps accepts a distance, by the same division that gives the threshold; at most length.</summary>
    private static int FirstAccepting(double distance, int length, int stepsPerUnit)
    {
        var k = Math.Clamp((int)(distance * stepsPerUnit), 0, length);
        while (k > 0 && Accepts(k - 1)) k--;
        while (k < length && !Accepts(k)) k++;
        return k;

        bool Accepts(int step) => new DecisionRule(step / (double)stepsPerUnit).IsSame(distance);
    }
}
