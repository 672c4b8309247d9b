using Masquerade.Attacks;
using Masquerade.Evaluation;
using Masquerade.Evaluation.Statistics;
using SkiaSharp;

namespace Masquerade.Reporting;

/// <summary>
/// Success against norm behind each defense, a small picture each on one scale: an attack has a colour, a line style tells bare, zero and
/// perfect knowledge apart.
/// </summary>
internal static class DefenseCurves
{
    private const int PanelWidth = 420;
    private const int PanelHeight = 262;
    private const int MostColumns = 3;
    private const int HeaderHeight = 32;
    private const int KeyRow = 22;
    private const int Margin = 12;

    private static readonly (string Level, string Name, float Width, float[]? Dashes)[] Styles =
    [
        ("", "no defense", 1.4f, [1.5f, 2.5f]), (KnowledgeNames.Zero, "zero knowledge", 1.7f, [6, 3.5f]),
        (KnowledgeNames.Perfect, "perfect knowledge", 2, null),
    ];

    /// <summary>Draws one model, storage rule and goal.</summary>
    /// <param name="matrix">A matrix with defenses.</param>
    /// <param name="dark">For a dark page.</param>
    /// <returns>A PNG file and its width and height in page pixels.</returns>
    public static (byte[] Png, int Width, int Height) Draw(DefenseMatrix matrix, bool dark)
    {
        FigureFonts.Register();
        var rows = matrix.Defended.ToList();
        var curves = matrix.Rows.ToDictionary(
            r => r.Defense,
            r => r.Attacks.Select(a => (a.FullName, a.Setting.Knowledge, Curve: SuccessCurve.Of(a.Rows))).ToList());
        var (left, right) = CurveFigure.NormRange(
            curves.Values.SelectMany(c => c).SelectMany(c => c.Curve?.Norms ?? []));
        var columns = Math.Min(MostColumns, Math.Max(1, rows.Count));
        var width = Math.Max(columns * PanelWidth, 640);
        var keys = Keys(matrix, width);
        var panels = (rows.Count + columns - 1) / columns;
        var height = HeaderHeight + panels * PanelHeight + keys.Count * KeyRow + 26;
        using var picture = new FigureCanvas(width, height, dark);
        picture.Text(matrix.Goal == AttackGoal.Anonymize
            ? "Anonymization: share of the pairs of one person judged different"
            : "Impersonation: share of the pairs of two persons judged the same",
            Margin, 16, 15, picture.Ink);
        foreach (var (i, row) in rows.Index())
        {
            var area = new SKRect(
                i % columns * PanelWidth + 50, HeaderHeight + i / columns * PanelHeight + 26,
                (i % columns + 1) * PanelWidth - 14, HeaderHeight + (i / columns + 1) * PanelHeight - 26);
            Frame(picture, row.Defense, area, left, right);
            foreach (var style in Styles)
            {
                foreach (var (attack, knowledge, curve) in curves.GetValueOrDefault(style.Level.Length == 0 ? "" : row.Defense) ?? [])
                {
                    if (knowledge != style.Level || curve is null) continue;
                    Curve(picture, curve, area, left, right, Colour(matrix, attack, dark), style.Width, style.Dashes);
                }
            }
        }
        Key(picture, keys, matrix, HeaderHeight + panels * PanelHeight + 12);
        return (picture.Png(), width, height);
    }

    private static void Frame(FigureCanvas picture, string defense, SKRect area, double left, double right)
    {
        picture.Text(defense, area.Left, area.Top - 13, 14, picture.Ink, most: area.Width);
        foreach (var share in (double[])[0, 0.25, 0.5, 0.75, 1])
        {
            var y = Y(share, area);
            picture.Stroke([new(area.Left, y), new(area.Right, y)], picture.Line, 1);
            if (share is 0 or 0.5 or 1)
                picture.Text(Numbers.Text($"{100 * share:0} %"), area.Left - 6, y, 12, picture.Soft, TextPlace.Right);
        }
        var last = float.NegativeInfinity;
        foreach (var tick in CurveFigure.Ticks(left, right))
        {
            var x = X(tick, area, left, right);
            picture.Stroke([new(x, area.Top), new(x, area.Bottom)], picture.Line, 1);
            var text = Numbers.Text($"{tick}");
            var half = FigureCanvas.WidthOf(text, 12) / 2;
            if (x - half < last + 6) continue;
            picture.Text(text, x, area.Bottom + 12, 12, picture.Soft, TextPlace.Middle);
            last = x + half;
        }
    }

    private static void Curve(
        FigureCanvas picture, SuccessCurve curve, SKRect area, double left, double right, SKColor colour, float width, float[]? dashes)
    {
        var (x, y) = CurveFigure.Steps(curve, left, right);
        var points = new List<SKPoint> { new(X(x[0], area, left, right), Y(y[0], area)) };
        for (var i = 1; i < x.Length; i++)
        {
            var at = X(x[i], area, left, right);
            points.Add(new SKPoint(at, Y(y[i - 1], area)));
            points.Add(new SKPoint(at, Y(y[i], area)));
        }
        picture.Stroke(points.ToArray(), colour, width, dashes);
    }

    private static float X(double norm, SKRect area, double left, double right) =>
        (float)(area.Left + area.Width * Math.Log(norm / left) / Math.Log(right / left));

    private static float Y(double share, SKRect area) => (float)(area.Bottom - area.Height * share);

    /// <summary>The keys, broken into rows.</summary>
    private static List<List<(string Name, int Attack)>> Keys(DefenseMatrix matrix, int width)
    {
        var rows = new List<List<(string, int)>> { new() };
        var x = 0f;
        var all = matrix.Attacks.Index().Select(a => (Name: a.Item, Attack: a.Index)).Concat(
            Styles.Where(s => s.Level.Length == 0 ? matrix.Bare is not null : matrix.Knowledge.Contains(s.Level))
                .Select(s => (s.Name, Attack: -1)));
        foreach (var key in all)
        {
            var needed = KeyWidth(key.Name);
            if (x + needed > width - 2 * Margin && rows[^1].Count > 0)
            {
                rows.Add([]);
                x = 0;
            }
            rows[^1].Add(key);
            x += needed;
        }
        return rows;
    }

    private static float KeyWidth(string name) => FigureCanvas.WidthOf(name, 13) + 58;

    private static void Key(FigureCanvas picture, List<List<(string Name, int Attack)>> rows, DefenseMatrix matrix, float top)
    {
        foreach (var row in rows)
        {
            var x = (float)Margin;
            foreach (var (name, attack) in row)
            {
                var style = attack >= 0 ? Styles[^1] : Styles.First(s => s.Name == name);
                var colour = attack >= 0 ? Colour(matrix, name, picture.Dark) : picture.Soft;
                picture.Stroke([new(x, top), new(x + 30, top)], colour, style.Width, style.Dashes);
                picture.Text(name, x + 36, top, 13, picture.Ink);
                x += KeyWidth(name);
            }
            top += KeyRow;
        }
        picture.Text("‖Δ‖ (L2, values in [0,1]) on the horizontal, logarithmic axes", Margin, top, 13, picture.Soft);
    }

    private static SKColor Colour(DefenseMatrix matrix, string attack, bool dark) =>
        SKColor.Parse(CurveFigure.Colour(matrix.Attacks.Index().First(a => a.Item == attack).Index, dark));
}
