using Masquerade.Attacks;
using Masquerade.Evaluation.Statistics.Comparisons;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Statistics.Defenses;

/// <summary>A defense in the order of the worst case.</summary>
/// <param name="Defense">Name of the defense; empty for the bare verifier.</param>
/// <param name="Place">Its place, from 1, shared by what cannot be told apart; null where there is no ranking.</param>
/// <param name="Worst">Its worst case on the pairs compared.</param>
/// <param name="Ratio">
/// Its median norm over that of the first of its place, or, for the first of a later place, of the place before; resampled pair by pair.
/// Null for the very first, where a median is infinite, and where there is no ranking.
/// </param>
/// <param name="SuccessPValue">McNemar's exact test of whether as many pairs were fooled at all as of that one; null likewise.</param>
public sealed record RankedDefense(string Defense, int? Place, PooledOutcome Worst, Estimate? Ratio, double? SuccessPValue);

/// <summary>
/// The defenses of one model and goal, the one that takes most to fool first: by the worst case's median norm, then by how many pairs were
/// fooled. Two are told apart where the paired bootstrap's interval of their medians' ratio excludes 1 or McNemar's test of their successes
/// rejects at 5 %; a place is shared by all that cannot be told apart from its first. The tests are not corrected for how many there are.
/// </summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Storage">The rule an adversarial image is judged under.</param>
/// <param name="Goal">What the attacker wanted.</param>
/// <param name="Pairs">Pairs of this goal that every attack on every defense met.</param>
/// <param name="PairsInAll">The same of both goals together.</param>
/// <param name="Order">Every defense and the bare verifier.</param>
public sealed record DefenseRanking(
    string Model, string Storage, AttackGoal Goal, int Pairs, int PairsInAll, IReadOnlyList<RankedDefense> Order)
{
    /// <summary>Fewer pairs than this rank nothing.</summary>
    public const int PairsToRank = 200;

    private const double Level = 0.05;

    /// <summary>Whether there are enough pairs for places.</summary>
    public bool IsRanking => PairsInAll >= PairsToRank;

    /// <summary>One for each matrix.</summary>
    internal static IReadOnlyList<DefenseRanking> All(IReadOnlyList<DefenseMatrix> matrices)
    {
        var common = matrices.Select(m => (Matrix: m, Pairs: Common(m))).ToList();
        return
        [
            .. common.AsParallel().AsOrdered().Select(c => Of(c.Matrix, c.Pairs, common
                .Where(o => o.Matrix.Model == c.Matrix.Model && o.Matrix.Storage == c.Matrix.Storage).Sum(o => o.Pairs.Length))),
        ];
    }

    private static string[] Common(DefenseMatrix matrix) =>
        [.. matrix.Rows[0].Norms.Pairs.Where(p => matrix.Rows.All(r => r.Norms.Has(p)))];

    private static DefenseRanking Of(DefenseMatrix matrix, string[] pairs, int inAll)
    {
        var ordered = matrix.Rows.Select(r =>
            {
                var norms = r.Norms.Of(pairs);
                return (r.Defense, Norms: norms, Worst: r.Norms.Pairs.Count == pairs.Length ? r.Worst : PooledOutcome.Of(norms));
            })
            .OrderByDescending(r => r.Worst.MedianL2?.Value ?? double.PositiveInfinity).ThenBy(r => r.Worst.Success.Count).ToList();
        var ranked = new List<RankedDefense>();
        var first = 0;
        for (var i = 0; i < ordered.Count; i++)
        {
            var (defense, norms, worst) = ordered[i];
            if (inAll < PairsToRank) ranked.Add(new RankedDefense(defense, null, worst, null, null));
            else if (i == 0) ranked.Add(new RankedDefense(defense, 1, worst, null, null));
            else
            {
                var (ratio, p) = Compare(ordered[first].Norms, norms);
                if (p < Level || ratio?.Interval is { } interval && (interval.Low > 1 || interval.High < 1)) first = i;
                ranked.Add(new RankedDefense(defense, first + 1, worst, ratio, p));
            }
        }
        return new DefenseRanking(matrix.Model, matrix.Storage, matrix.Goal, pairs.Length, inAll, ranked);
    }

    private static (Estimate? Ratio, double SuccessPValue) Compare(double[] first, double[] second) => (
        Bootstrap.PairedMedians([first, second])?[1].Ratio,
        PairedComparison.McNemar(
            first.ZipExact(second).Count(p => double.IsFinite(p.First) && !double.IsFinite(p.Second)),
            first.ZipExact(second).Count(p => !double.IsFinite(p.First) && double.IsFinite(p.Second))));
}
