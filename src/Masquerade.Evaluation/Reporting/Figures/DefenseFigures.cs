using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Defenses;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>A drawn figure for light and for dark pages.</summary>
/// <param name="File">Name of the file, without its folder; it holds the light one.</param>
/// <param name="Png">The picture for light pages and for files.</param>
/// <param name="DarkPng">The picture for dark pages.</param>
/// <param name="Width">Width in page pixels.</param>
/// <param name="Height">Height in page pixels.</param>
internal sealed record Figure(string File, byte[] Png, byte[] DarkPng, int Width, int Height);

/// <summary>The figures of one matrix.</summary>
/// <param name="Matrix">What they show.</param>
/// <param name="HeatMap">Defenses against attacks.</param>
/// <param name="Curves">Success against norm behind each defense; null where there are no defenses but the bare verifier.</param>
internal sealed record DefensePictures(DefenseMatrix Matrix, Figure HeatMap, Figure? Curves);

/// <summary>The figure of the detectors in front of one model.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Roc">What they refuse against false alarms.</param>
internal sealed record DetectorPicture(string Model, Figure Roc);

/// <summary>Draws the figures of a run with defenses.</summary>
internal static class DefenseFigures
{
    /// <summary>What names of these files begin with.</summary>
    public const string HeatMapPrefix = "defenses-";

    /// <summary>Likewise.</summary>
    public const string CurvesPrefix = "defense-curves-";

    /// <summary>Likewise.</summary>
    public const string RocPrefix = "roc-";

    /// <summary>Names of the detectors' figures' files, one for each model in front of which a detector gave scores.</summary>
    public static IReadOnlyList<(string Model, string File)> RocFiles(RunSummary summary)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        return [.. summary.Detections.Where(d => d.Roc is not null).Select(d => d.Model).Distinct()
            .Select(model => (model, $"{RocPrefix}{Free(taken, ReportPictures.Slug(model))}.png"))];
    }

    /// <summary>Draws them.</summary>
    public static IReadOnlyList<DetectorPicture> DrawRocs(RunSummary summary) =>
    [
        .. RocFiles(summary).Select(f => new DetectorPicture(
            f.Model, Both(f.File, dark => RocFigure.Draw([.. summary.Detections.Where(d => d.Model == f.Model && d.Roc is not null)], dark)))),
    ];

    /// <summary>Names of the figures' files, one for each matrix in their order.</summary>
    public static IReadOnlyList<(string Matrix, string? Curves)> Files(RunSummary summary)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        return [.. summary.DefenseMatrices.Select(m =>
        {
            string[] parts = [m.Model, m.Storage, LedgerRows.Name(m.Goal)];
            var stem = string.Join('-', parts.Select(ReportPictures.Slug).Where(p => p.Length > 0));
            var name = Free(taken, stem);
            return ($"{HeatMapPrefix}{name}.png", m.Defended.Any() ? $"{CurvesPrefix}{name}.png" : null);
        })];
    }

    /// <summary>Draws them.</summary>
    public static IReadOnlyList<DefensePictures> Draw(RunSummary summary) =>
    [
        .. summary.DefenseMatrices.ZipExact(Files(summary)).AsParallel().AsOrdered().Select(m =>
        {
            var (matrix, (heatMap, curves)) = m;
            var warned = matrix.Rows.Select(r => r.Defense)
                .Where(d => DefenseTables.Warnings(summary, matrix.Model, d, matrix.Goal) > 0).ToHashSet(StringComparer.Ordinal);
            return new DefensePictures(
                matrix,
                Both(heatMap, dark => DefenseHeatMap.Draw(matrix, warned, dark)),
                curves is null ? null : Both(curves, dark => DefenseCurves.Draw(matrix, dark)));
        }),
    ];

    private static string Free(HashSet<string> taken, string stem)
    {
        var (name, number) = (stem, 1);
        while (!taken.Add(name)) name = $"{stem}-{++number}";
        return name;
    }

    private static Figure Both(string file, Func<bool, (byte[] Png, int Width, int Height)> draw)
    {
        var light = draw(false);
        return new Figure(file, light.Png, draw(true).Png, light.Width, light.Height);
    }
}
