using Masquerade.Evaluation.Ledger;

namespace Masquerade.Evaluation.Statistics;

/// <summary>A success to show.</summary>
/// <param name="Row">The row.</param>
/// <param name="Choice">Why this one, in words for a caption.</param>
public sealed record ExampleRow(AttackRow Row, string Choice);

/// <summary>Chooses which successes a report shows, by a rule and not by taste.</summary>
public static class ExampleRows
{
    /// <summary>Examples of one attack and goal.</summary>
    public const int Count = 3;

    /// <summary>
    /// The successes of smallest, median and largest norm where those images were kept; else the first ones kept, in the order of
    /// the pairs.
    /// </summary>
    /// <param name="rows">Rows of one attack, setting and goal. Pairs wrong before the attack have nothing to show.</param>
    /// <param name="kept">Whether the images of a row are at hand.</param>
    public static IReadOnlyList<ExampleRow> Choose(IEnumerable<AttackRow> rows, Func<AttackRow, bool> kept)
    {
        var successes = rows.Where(r => RowKinds.Attacked(r) && r.Success).ToList();
        if (successes.Count > Count)
        {
            AttackRow[] byNorm = [.. successes.OrderBy(r => r.Norm())];
            ExampleRow[] chosen =
            [
                new(byNorm[0], "smallest norm"),
                new(byNorm[(byNorm.Length - 1) / 2], "median norm"),
                new(byNorm[^1], "largest norm"),
            ];
            if (chosen.All(e => kept(e.Row))) return chosen;
        }
        var which = successes.Count > Count ? "those kept" : $"{successes.Count}";
        return [.. successes.Where(kept).Take(Count).Select((r, i) => new ExampleRow(r, $"success {i + 1} of {which}"))];
    }
}
