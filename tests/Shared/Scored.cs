using CsCheck;
using Masquerade.Verification;

namespace Masquerade.Testing;

/// <summary>Scored pairs without photographs.</summary>
internal static class Scored
{
    /// <summary>Distances with many ties, among them exactly the grids' own values, and both ends of the range.</summary>
    public static readonly Gen<double> Distance = Gen.OneOf(
        Gen.Int[0, 400].Select(k => k / 100.0), Gen.Int[0, 4000].Select(k => k / 1000.0), Gen.Double[0, 4], Gen.Const(0.0), Gen.Const(4.0));

    public static readonly Gen<(double Distance, bool Same)> Any = Gen.Select(Distance, Gen.Bool);

    public static ScoredPair Pair(double distance, bool same, int fold = 0) =>
        new(new VerificationPair("probe|reference", "probe", "reference", same, fold), distance);

    public static ScoredPair[] Pairs(IEnumerable<(double Distance, bool Same)> pairs) => [.. pairs.Select(p => Pair(p.Distance, p.Same))];

    /// <summary>The list that some pairs are from, and pairs of it that are not there.</summary>
    public static PairList List(IEnumerable<ScoredPair> present, IEnumerable<VerificationPair>? missing = null)
    {
        VerificationPair[] all = [.. present.Select(s => s.Pair), .. missing ?? []];
        return new PairList("pairs.txt", PairListFormat.LfwFolds, all, all.Select(p => p.Fold).Distinct().Count());
    }
}
