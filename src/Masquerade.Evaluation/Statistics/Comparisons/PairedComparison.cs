using System.Numerics;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Statistics.Comparisons;

/// <summary>
/// Two attacks on the same pairs, compared pair by pair. Pairs that only one of them judged, and pairs wrong before the attack, say
/// nothing about the difference and are left out.
/// </summary>
/// <param name="Pairs">Pairs that both attacked.</param>
/// <param name="OnlyFirst">Pairs on which only the first succeeded.</param>
/// <param name="OnlySecond">Pairs on which only the second succeeded.</param>
/// <param name="CommonSuccesses">Pairs on which both succeeded.</param>
/// <param name="MeanDifference">Mean over the common successes of first minus second L2 norm; null without any.</param>
public sealed record PairedComparison(int Pairs, int OnlyFirst, int OnlySecond, int CommonSuccesses, Estimate? MeanDifference)
{
    /// <summary>How likely such unequal success is where the attacks are equally good: McNemar's exact test, two-sided.</summary>
    public double SuccessPValue => McNemar(OnlyFirst, OnlySecond);

    /// <summary>Compares two attacks' rows of one setting and goal.</summary>
    /// <exception cref="ArgumentException">A pair stands twice in one of the two.</exception>
    public static PairedComparison Of(IEnumerable<AttackRow> first, IEnumerable<AttackRow> second)
    {
        var others = second.Where(RowKinds.Attacked).ToDictionary(r => r.Pair, StringComparer.Ordinal);
        var pairs = first.Where(RowKinds.Attacked).Where(r => others.ContainsKey(r.Pair))
            .Select(r => (First: r, Second: others[r.Pair])).ToList();
        if (pairs.DistinctBy(p => p.First.Pair).Count() != pairs.Count) throw new ArgumentException("a pair stands twice", nameof(first));
        var common = pairs.Where(p => p.First.Success && p.Second.Success).ToList();
        return new PairedComparison(
            pairs.Count,
            pairs.Count(p => p.First.Success && !p.Second.Success),
            pairs.Count(p => !p.First.Success && p.Second.Success),
            common.Count,
            Bootstrap.MeanAndMedian(common.Select(p => p.First.Norm() - p.Second.Norm()))?.Mean);
    }

    /// <summary>
    /// McNemar's exact test (Psychometrika 1947): of the pairs on which two methods disagree, each is the better one with probability ½.
    /// </summary>
    /// <param name="onlyFirst">Pairs on which only the first succeeded.</param>
    /// <param name="onlySecond">Pairs on which only the second succeeded.</param>
    /// <returns>The two-sided p-value in (0,1].</returns>
    public static double McNemar(int onlyFirst, int onlySecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(onlyFirst);
        ArgumentOutOfRangeException.ThrowIfNegative(onlySecond);
        var n = onlyFirst + onlySecond;
        var (tail, binomial) = (BigInteger.Zero, BigInteger.One);
        for (var k = 0; k <= Math.Min(onlyFirst, onlySecond); k++)
        {
            tail += binomial;
            binomial = binomial * (n - k) / (k + 1);
        }
        // In logarithms: 2ⁿ has no double beyond n = 1023.
        return Math.Min(1, Math.Exp(BigInteger.Log(2 * tail) - n * Math.Log(2)));
    }
}
