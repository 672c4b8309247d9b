using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Defenses;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>A drawn success against a defense.</summary>
/// <param name="Matrix">Which model, storage rule and goal.</param>
/// <param name="Defense">Which defense.</param>
/// <param name="Row">The success.</param>
/// <param name="HasPurified">Whether the strip shows what the defense makes of the adversarial image.</param>
/// <param name="File">Name of the file, without its folder.</param>
/// <param name="Png">The picture.</param>
internal sealed record DefenseExample(
    DefenseMatrix Matrix, string Defense, AttackRow Row, bool HasPurified, string File, byte[] Png);

/// <summary>Chooses and draws one success for each defense, level of knowledge and goal.</summary>
internal static class DefenseExamples
{
    /// <summary>Draws them; where no image was kept there is none.</summary>
    /// <param name="summary">The run's numbers.</param>
    /// <param name="results">The run's images.</param>
    /// <param name="name">Names a picture of an attack.</param>
    public static IEnumerable<DefenseExample> Draw(RunSummary summary, IRunResults results, Func<AttackSummary, string> name) =>
        from matrix in summary.DefenseMatrices
        from defense in matrix.Defended
        from level in matrix.Knowledge
        let example = ByNorm(defense, level).Select(row => Strip(row, results)).FirstOrDefault(s => s is not null)
        where example is not null
        let attack = defense.At($"{example.Row.Family}/{example.Row.Attack}", level)
        select new DefenseExample(matrix, defense.Defense, example.Row, example.HasPurified, name(attack), example.Png);

    /// <summary>Each pair's best success, the one of median norm first, then outwards.</summary>
    internal static IEnumerable<AttackRow> ByNorm(DefenseRow defense, string level)
    {
        AttackRow[] best =
        [
            .. defense.Attacks.Where(a => a.Setting.Knowledge == level).SelectMany(a => a.Rows)
                .Where(r => RowKinds.Attacked(r) && r.Success).GroupBy(r => r.Pair).Select(p => p.MinBy(r => r.Norm())!)
                .OrderBy(r => r.Norm()),
        ];
        var middle = (best.Length - 1) / 2;
        return best.Index().OrderBy(r => Math.Abs(r.Index - middle)).Select(r => r.Item);
    }

    private static Drawn? Strip(AttackRow row, IRunResults results)
    {
        if (results.Adversarial(row) is not { } adversarial) return null;
        if (results.Crop(row.Model, row.Pair, PairSide.Probe) is not { } probe) return null;
        if (results.Crop(row.Model, row.Pair, PairSide.Reference) is not { } reference) return null;
        var purified = results.Purified(row);
        return new Drawn(row, purified is not null, ExampleStrip.Draw(probe, adversarial, reference, $"pair {row.Pair}", purified));
    }

    private sealed record Drawn(AttackRow Row, bool HasPurified, byte[] Png);
}
