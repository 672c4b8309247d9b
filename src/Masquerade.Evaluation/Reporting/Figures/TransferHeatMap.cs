using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;
using SkiaSharp;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>Attacked models and their attacks against the judges of the images: the darker a cell, the more are fooled.</summary>
internal static class TransferHeatMap
{
    /// <summary>What names of these files begin with.</summary>
    public const string Prefix = "transfer-";

    private const int LeastWidth = 96;
    private const int MostWidth = 170;
    private const int CellHeight = 44;
    private const int Margin = 12;
    private const int HeaderHeight = 74;
    private const int SourceHeight = 34;
    private const int FooterHeight = 62;
    private const float LabelSize = 14;
    private const float NameSize = 13;

    /// <summary>Titles and names of the figures' files, in the order in which they are drawn.</summary>
    public static IReadOnlyList<(string Title, string File)> Files(RunSummary summary) => [.. Groups(summary).Select(g => (
        $"Transfer, {ReportText.Judged(g.Key.Storage)}: {LedgerRows.Name(g.Key.Goal)}",
        $"{Prefix}{g.Key.Storage}-{LedgerRows.Name(g.Key.Goal)}.png"))];

    /// <summary>Draws them, one for each storage rule and goal.</summary>
    public static IReadOnlyList<(string Title, Figure Figure)> DrawAll(RunSummary summary) =>
    [
        .. Groups(summary).ZipExact(Files(summary)).AsParallel().AsOrdered().Select(g =>
        {
            List<TransferSummary> transfers = [.. g.First];
            var light = Draw(transfers, dark: false);
            return (g.Second.Title, new Figure(g.Second.File, light.Png, Draw(transfers, dark: true).Png, light.Width, light.Height));
        }),
    ];

    /// <summary>Draws one storage rule and goal.</summary>
    /// <param name="transfers">At least one, all of one storage rule and goal.</param>
    /// <param name="dark">For a dark page.</param>
    /// <returns>A PNG file and its width and height in page pixels.</returns>
    public static (byte[] Png, int Width, int Height) Draw(IReadOnlyList<TransferSummary> transfers, bool dark)
    {
        FigureFonts.Register();
        var targets = transfers.Select(t => t.Target).Distinct().ToList();
        var column = (int)Math.Clamp(targets.Max(t => FigureCanvas.WidthOf(t.Name, NameSize)) + 10, LeastWidth, MostWidth);
        var sources = transfers.GroupBy(t => t.Source)
            .Select(s => (Name: Source(s.Key), Attacks: s.GroupBy(t => t.Attack).ToList())).ToList();
        var label = (int)sources.SelectMany(s => s.Attacks).Max(a => FigureCanvas.WidthOf(a.Key, LabelSize)) + 26;
        var left = Margin + Math.Max(label, 120);
        var width = Math.Max(left + targets.Count * column + Margin, 640);
        var height = HeaderHeight + sources.Sum(s => SourceHeight + s.Attacks.Count * CellHeight) + FooterHeight;
        using var picture = new FigureCanvas(width, height, dark);
        picture.Text(transfers[0].Goal == AttackGoal.Anonymize
            ? "Anonymization: pairs of one person judged different" : "Impersonation: pairs of two persons judged the same",
            Margin, 16, 15, picture.Ink);
        picture.Text("judged by", left - 10, 56, 12.5f, picture.Soft, TextPlace.Right);
        foreach (var (i, target) in targets.Index())
        {
            var centre = left + (i + 0.5f) * column;
            var suffix = TransferTables.Name(target)[target.Name.Length..].Trim();
            if (suffix.Length > 0) picture.Text(suffix, centre, 40, 12, picture.Soft, TextPlace.Middle, column - 6);
            picture.Text(target.Name, centre, 56, NameSize, picture.Ink, TextPlace.Middle, column - 6);
            picture.Stroke([new(left + i * column + 4, 68), new(left + (i + 1) * column - 4, 68)], picture.Line, 1);
        }
        var top = (float)HeaderHeight;
        foreach (var (name, attacks) in sources)
        {
            picture.Text($"made on {name}", Margin, top + 20, LabelSize, picture.Soft, most: width - 2 * Margin);
            top += SourceHeight;
            foreach (var attack in attacks)
            {
                picture.Text(attack.Key, left - 14, top + CellHeight / 2f, LabelSize, picture.Ink, TextPlace.Right, left - 14 - Margin);
                foreach (var (i, target) in targets.Index())
                    Cell(picture, left + i * column, top, column, attack.FirstOrDefault(t => t.Target == target));
                top += CellHeight;
            }
        }
        Footer(picture, top + 14);
        return (picture.Png(), width, height);
    }

    private static IEnumerable<IGrouping<(string Storage, AttackGoal Goal), TransferSummary>> Groups(RunSummary summary) =>
        summary.Transfers.GroupBy(t => (t.Source.Storage, t.Goal))
            .OrderBy(g => g.Key.Storage, StringComparer.Ordinal).ThenBy(g => g.Key.Goal);

    private static string Source(RunSetting setting) =>
        setting.Defense.Length == 0 ? setting.Model : $"{setting.Model} behind {setting.Defense}";

    private static void Cell(FigureCanvas picture, float x, float top, int width, TransferSummary? transfer)
    {
        var area = new SKRect(x + 1, top + 1, x + width - 1, top + CellHeight - 1);
        var centre = x + width / 2f;
        if (transfer?.Success.Value is not { } share)
        {
            picture.Fill(area, picture.Paper);
            picture.Text("–", centre, top + CellHeight / 2f, 14, picture.Soft, TextPlace.Middle);
            return;
        }
        var (cell, text) = DefenseHeatMap.Colours(share, picture.Dark);
        picture.Fill(area, cell);
        picture.Text(Numbers.Text($"{100 * share:0} %"), centre, top + 15, 15, text, TextPlace.Middle);
        var confidence = transfer.Confidence is { } mean ? Numbers.Text($"{mean.Value:F3}, n = {transfer.Images}") : "";
        picture.Text(confidence, centre, top + 32, 12.5f, text, TextPlace.Middle, width - 6);
    }

    private static void Footer(FigureCanvas picture, float top)
    {
        DefenseHeatMap.Scale(picture, Margin, top, "100 % of the images fool");
        picture.Text(
            "Below the rate: mean confidence in the right answer over the n images. A model's own images, rounded to 8 bits, in its own column.",
            Margin, top + 30, 12.5f, picture.Soft, most: picture.Width - 2 * Margin);
    }
}
