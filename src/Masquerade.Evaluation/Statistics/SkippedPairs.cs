using Masquerade.Evaluation.Ledger;

namespace Masquerade.Evaluation.Statistics;

/// <summary>The pairs that one model could not be attacked on, because a photograph of theirs cannot be used.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Pairs">How many pairs were left out.</param>
/// <param name="Total">How many pairs there are.</param>
/// <param name="Reasons">Why, in one line, each reason with how many pairs it concerns.</param>
public sealed record SkippedPairs(string Model, int Pairs, int Total, string Reasons)
{
    /// <summary>Whether there are rows, and none of them is of a pair that could be used.</summary>
    public static bool IsAll(IReadOnlyCollection<AttackRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return rows.Count > 0 && rows.All(RowKinds.Skipped);
    }

    /// <summary>What was left out for each model of which something was, in the order of the rows.</summary>
    public static IReadOnlyList<SkippedPairs> Of(IEnumerable<AttackRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return
        [
            .. from model in rows.GroupBy(r => r.Model)
               let pairs = model.DistinctBy(r => r.Pair).ToList()
               let skipped = pairs.Where(RowKinds.Skipped).ToList()
               where skipped.Count > 0
               select new SkippedPairs(
                   model.Key, skipped.Count, pairs.Count, ReasonCounts.Text(skipped.Select(r => r.Reason), "pair")),
        ];
    }
}
