using Masquerade.Evaluation.Reporting.Tables;
using SkiaSharp;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>Small pictures of one scale side by side, shares upwards, and the key of their lines below.</summary>
internal static class FigurePanels
{
    private const int PanelWidth = 420;
    private const int PanelHeight = 262;
    private const int MostColumns = 3;
    private const int HeaderHeight = 32;
    private const int KeyRow = 22;
    private const int Margin = 12;
    private const int LeastWidth = 640;

    /// <summary>A line of the key.</summary>
    /// <param name="Name">What it is.</param>
    /// <param name="Colour">Its colour; null for one that means any.</param>
    /// <param name="Width">Its width.</param>
    /// <param name="Dashes">Its dashes; null for a solid line.</param>
    public sealed record Key(string Name, SKColor? Colour, float Width, float[]? Dashes);

    /// <summary>Draws panels.</summary>
    /// <param name="title">Above all.</param>
    /// <param name="axis">What the horizontal axes are, below all.</param>
    /// <param name="panels">Their names.</param>
    /// <param name="keys">The lines.</param>
    /// <param name="dark">For a dark page.</param>
    /// <param name="draw">Draws what is in a panel: its number and its area.</param>
    /// <returns>A PNG file and its width and height in page pixels.</returns>
    public static (byte[] Png, int Width, int Height) Draw(
        string title, string axis, IReadOnlyList<string> panels, IReadOnlyList<Key> keys, bool dark, Action<FigureCanvas, int, SKRect> draw)
    {
        FigureFonts.Register();
        var columns = Math.Min(MostColumns, Math.Max(1, panels.Count));
        var width = Math.Max(columns * PanelWidth, LeastWidth);
        var rows = Rows(keys, width);
        var bottom = HeaderHeight + (panels.Count + columns - 1) / columns * PanelHeight;
        var height = bottom + rows.Count * KeyRow + 26;
        using var picture = new FigureCanvas(width, height, dark);
        picture.Text(title, Margin, 16, 15, picture.Ink);
        foreach (var (i, name) in panels.Index())
        {
            var area = new SKRect(
                i % columns * PanelWidth + 50, HeaderHeight + i / columns * PanelHeight + 26,
                (i % columns + 1) * PanelWidth - 22, HeaderHeight + (i / columns + 1) * PanelHeight - 26);
            Frame(picture, name, area);
            draw(picture, i, area);
        }
        var top = bottom + 12;
        foreach (var row in rows)
        {
            var x = (float)Margin;
            foreach (var key in row)
            {
                picture.Stroke([new(x, top), new(x + 30, top)], key.Colour ?? picture.Soft, key.Width, key.Dashes);
                picture.Text(key.Name, x + 36, top, 13, picture.Ink);
                x += KeyWidth(key.Name);
            }
            top += KeyRow;
        }
        picture.Text(axis, Margin, top, 13, picture.Soft);
        return (picture.Png(), width, height);
    }

    /// <summary>Marks values on the horizontal axis, with as many of their names as there is room for.</summary>
    public static void Ticks(FigureCanvas picture, SKRect area, IEnumerable<(double Share, string Name)> ticks)
    {
        var last = float.NegativeInfinity;
        foreach (var (share, name) in ticks)
        {
            var x = (float)(area.Left + area.Width * share);
            picture.Stroke([new(x, area.Top), new(x, area.Bottom)], picture.Line, 1);
            var half = FigureCanvas.WidthOf(name, 12) / 2;
            if (x - half < last + 6) continue;
            picture.Text(name, x, area.Bottom + 12, 12, picture.Soft, TextPlace.Middle);
            last = x + half;
        }
    }

    /// <summary>Draws steps from the left: each value holds until the next place.</summary>
    public static void Steps(
        FigureCanvas picture, SKRect area, IReadOnlyList<(double Place, double Share)> steps, SKColor colour, float width, float[]? dashes)
    {
        var points = new List<SKPoint> { At(steps[0].Place, steps[0].Share) };
        for (var i = 1; i < steps.Count; i++)
        {
            points.Add(At(steps[i].Place, steps[i - 1].Share));
            points.Add(At(steps[i].Place, steps[i].Share));
        }
        picture.Stroke(points.ToArray(), colour, width, dashes);

        SKPoint At(double place, double share) => new((float)(area.Left + area.Width * place), (float)(area.Bottom - area.Height * share));
    }

    private static void Frame(FigureCanvas picture, string name, SKRect area)
    {
        picture.Text(name, area.Left, area.Top - 13, 14, picture.Ink, most: area.Width);
        foreach (var share in (double[])[0, 0.25, 0.5, 0.75, 1])
        {
            var y = (float)(area.Bottom - area.Height * share);
            picture.Stroke([new(area.Left, y), new(area.Right, y)], picture.Line, 1);
            if (share is 0 or 0.5 or 1)
                picture.Text(Numbers.Text($"{100 * share:0} %"), area.Left - 6, y, 12, picture.Soft, TextPlace.Right);
        }
    }

    /// <summary>The keys, broken into rows.</summary>
    private static List<List<Key>> Rows(IReadOnlyList<Key> keys, int width)
    {
        var rows = new List<List<Key>> { new() };
        var x = 0f;
        foreach (var key in keys)
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
}
