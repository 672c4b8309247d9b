using Masquerade.Attacks;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Defenses;
using Masquerade.Evaluation.Statistics.Intervals;
using SkiaSharp;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>Defenses against attacks as a picture: the darker a cell, the more pairs were fooled.</summary>
internal static class DefenseHeatMap
{
    private const int CellWidth = 66;
    private const int CellHeight = 42;
    private const int Margin = 12;
    private const int Gap = 12;
    private const int HeaderHeight = 86;
    private const int FooterHeight = 62;
    private const int MostLabel = 250;
    private const float LabelSize = 14;

    private static readonly SKColor[] Light = [SKColor.Parse("#F4F4F7"), SKColor.Parse("#F3B58A"), SKColor.Parse("#C2410C")];
    private static readonly SKColor[] Dark = [SKColor.Parse("#2A2A31"), SKColor.Parse("#8A4524"), SKColor.Parse("#FF9A56")];

    /// <summary>Draws one model, storage rule and goal.</summary>
    /// <param name="matrix">At least one row and attack.</param>
    /// <param name="warned">Defenses about which there are warnings.</param>
    /// <param name="dark">For a dark page.</param>
    /// <returns>A PNG file and its width and height in page pixels.</returns>
    public static (byte[] Png, int Width, int Height) Draw(DefenseMatrix matrix, IReadOnlySet<string> warned, bool dark)
    {
        FigureFonts.Register();
        var levels = Math.Max(1, matrix.Knowledge.Count);
        var label = (int)Math.Min(MostLabel, matrix.Rows.Max(r => FigureCanvas.WidthOf(DefenseTables.Name(r.Defense), LabelSize)) + 26);
        var columns = matrix.Attacks.Count * levels;
        var left = Margin + label;
        var worst = left + columns * CellWidth + Gap;
        var split = matrix.Bare is not null && matrix.Rows.Count > 1 ? Gap : 0;
        var width = Math.Max(worst + CellWidth + Margin, 640);
        var height = HeaderHeight + matrix.Rows.Count * CellHeight + split + FooterHeight;
        using var picture = new FigureCanvas(width, height, dark);
        Header(picture, matrix, left, worst, levels);
        var top = (float)HeaderHeight;
        foreach (var row in matrix.Rows)
        {
            Row(picture, matrix, row, left, worst, top, warned.Contains(row.Defense));
            top += CellHeight + (row.Defense.Length == 0 ? split : 0);
        }
        Footer(picture, top + 14);
        return (picture.Png(), width, height);
    }

    /// <summary>The colour of a cell and of the text on it.</summary>
    internal static (SKColor Cell, SKColor Text) Colours(double share, bool dark)
    {
        var stops = dark ? Dark : Light;
        var at = Math.Clamp(share, 0, 1) * (stops.Length - 1);
        var below = Math.Min((int)at, stops.Length - 2);
        var part = at - below;
        var (a, b) = (stops[below], stops[below + 1]);
        var cell = new SKColor(Mix(a.Red, b.Red), Mix(a.Green, b.Green), Mix(a.Blue, b.Blue));
        return (cell, Contrast(cell, SKColors.Black) > Contrast(cell, SKColors.White) ? SKColors.Black : SKColors.White);

        byte Mix(byte from, byte to) => (byte)Math.Round(from + part * (to - from));
    }

    /// <summary>The contrast ratio of two colours (WCAG 2), 1 to 21.</summary>
    internal static double Contrast(SKColor a, SKColor b)
    {
        var (x, y) = (Luminance(a), Luminance(b));
        return (Math.Max(x, y) + 0.05) / (Math.Min(x, y) + 0.05);

        static double Luminance(SKColor c) => 0.2126 * Linear(c.Red) + 0.7152 * Linear(c.Green) + 0.0722 * Linear(c.Blue);

        static double Linear(byte value) => value / 255.0 is var v && v <= 0.04045 ? v / 12.92 : Math.Pow((v + 0.055) / 1.055, 2.4);
    }

    private static void Header(FigureCanvas picture, DefenseMatrix matrix, int left, int worst, int levels)
    {
        picture.Text(matrix.Goal == AttackGoal.Anonymize
            ? "Anonymization: pairs of one person judged different" : "Impersonation: pairs of two persons judged the same",
            Margin, 16, 15, picture.Ink);
        for (var a = 0; a < matrix.Attacks.Count; a++)
        {
            var span = levels * CellWidth;
            var from = left + a * span;
            Names(picture, matrix.Attacks[a], from + span / 2f, span);
            picture.Stroke([new(from + 4, 68), new(from + span - 4, 68)], picture.Line, 1);
            foreach (var (i, level) in matrix.Knowledge.Index())
                picture.Text(level, from + (i + 0.5f) * CellWidth, 77, 12, picture.Soft, TextPlace.Middle, CellWidth - 6);
        }
        Names(picture, "worst/case", worst + CellWidth / 2f, CellWidth);
        picture.Stroke([new(worst + 4, 68), new(worst + CellWidth - 4, 68)], picture.Line, 1);
        picture.Text("any attack", worst + CellWidth / 2f, 77, 12, picture.Soft, TextPlace.Middle, CellWidth - 4);
    }

    private static void Names(FigureCanvas picture, string name, float middle, int most)
    {
        var parts = name.Split('/', 2);
        picture.Text(parts[0], middle, 42, 12.5f, parts[0] == "worst" ? picture.Ink : picture.Soft, TextPlace.Middle, most - 6);
        picture.Text(parts[^1], middle, 58, 13, picture.Ink, TextPlace.Middle, most - 6);
    }

    private static void Row(
        FigureCanvas picture, DefenseMatrix matrix, DefenseRow row, int left, int worst, float top, bool warned)
    {
        var middle = top + CellHeight / 2f;
        if (warned) picture.Text("!", left - 10, middle, 16, picture.Caution, TextPlace.Right);
        picture.Text(DefenseTables.Name(row.Defense), left - 20, middle, LabelSize, picture.Ink, TextPlace.Right, left - 20 - Margin / 2f);
        // What was done to the bare verifier stands once, as wide as both levels.
        IReadOnlyList<string> levels = row.Defense.Length == 0 ? [""] : matrix.Knowledge;
        var span = row.Defense.Length == 0 ? Math.Max(1, matrix.Knowledge.Count) * CellWidth : CellWidth;
        var x = (float)left;
        foreach (var attack in matrix.Attacks)
        {
            foreach (var level in levels)
            {
                var found = row.At(attack, level);
                Cell(picture, x, top, span, found?.Outcome.Success, found?.Outcome.MedianL2);
                x += span;
            }
        }
        Cell(picture, worst, top, CellWidth, row.Worst.Success, row.Worst.MedianL2, ofAll: true);
    }

    private static void Cell(FigureCanvas picture, float x, float top, int width, Rate? rate, Estimate? median, bool ofAll = false)
    {
        var area = new SKRect(x + 1, top + 1, x + width - 1, top + CellHeight - 1);
        var centre = x + width / 2f;
        if (rate is not { Value: { } share })
        {
            picture.Fill(area, picture.Paper);
            picture.Text("–", centre, top + CellHeight / 2f, 14, picture.Soft, TextPlace.Middle);
            return;
        }
        var (cell, text) = Colours(share, picture.Dark);
        picture.Fill(area, cell);
        var norm = median is { } value ? Numbers.Norm(value.Value) : ofAll ? "∞" : "";
        var rateAt = norm.Length > 0 ? 14 : CellHeight / 2f;
        picture.Text(Numbers.Text($"{100 * share:0} %"), centre, top + rateAt, 15, text, TextPlace.Middle);
        if (norm.Length > 0) picture.Text(norm, centre, top + 30, 12.5f, text, TextPlace.Middle, width - 6);
    }

    private static void Footer(FigureCanvas picture, float top)
    {
        Scale(picture, Margin, top, "100 % of the pairs fooled");
        picture.Text(
            "Below the rate: median ‖Δ‖ of the successes; in the worst case of all pairs, ∞ where most withstood.   ! see the warnings",
            Margin, top + 30, 12.5f, picture.Soft, most: picture.Width - 2 * Margin);
    }

    /// <summary>Draws what the colours mean, from 0 % to a text for the other end.</summary>
    internal static void Scale(FigureCanvas picture, float left, float top, string end)
    {
        const int Steps = 40;
        const float BarWidth = 180;
        for (var i = 0; i < Steps; i++)
        {
            var (cell, _) = Colours((i + 0.5) / Steps, picture.Dark);
            picture.Fill(new SKRect(left + 34 + i * BarWidth / Steps, top, left + 34 + (i + 1) * BarWidth / Steps, top + 12), cell);
        }
        picture.Text("0 %", left, top + 6, 12.5f, picture.Soft);
        picture.Text(end, left + 34 + BarWidth + 8, top + 6, 12.5f, picture.Soft);
    }
}
