using Masquerade.Evaluation.Reporting.Tables;
using SkiaSharp;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>Where a piece of text stands in relation to its point.</summary>
internal enum TextPlace
{
    /// <summary>The text begins there.</summary>
    Left,

    /// <summary>Its middle is there.</summary>
    Middle,

    /// <summary>It ends there.</summary>
    Right,
}

/// <summary>A picture to be drawn in page pixels; the file has twice as many, so that it stays sharp.</summary>
internal sealed class FigureCanvas : IDisposable
{
    private const int Scale = 2;

    private readonly SKSurface _surface;

    /// <param name="width">Width in page pixels.</param>
    /// <param name="height">Height in page pixels.</param>
    /// <param name="dark">For a dark page.</param>
    public FigureCanvas(int width, int height, bool dark)
    {
        (Width, Height, Dark) = (width, height, dark);
        _surface = SKSurface.Create(new SKImageInfo(width * Scale, height * Scale, SKColorType.Rgba8888, SKAlphaType.Premul))
            ?? throw new InvalidOperationException($"no picture of {width}x{height}");
        Canvas.Clear(Paper);
        Canvas.Scale(Scale);
    }

    public int Width { get; }

    public int Height { get; }

    public bool Dark { get; }

    public SKCanvas Canvas => _surface.Canvas;

    /// <summary>The page's colour.</summary>
    public SKColor Paper => SKColor.Parse(Dark ? "#1C1C21" : "#FFFFFF");

    /// <summary>Of text.</summary>
    public SKColor Ink => SKColor.Parse(Dark ? "#DADADF" : "#333338");

    /// <summary>Of what matters less.</summary>
    public SKColor Soft => SKColor.Parse(Dark ? "#A4A4AE" : "#62626C");

    /// <summary>Of grids and frames.</summary>
    public SKColor Line => SKColor.Parse(Dark ? "#3A3A43" : "#E0E0E5");

    /// <summary>Of warnings.</summary>
    public SKColor Caution => SKColor.Parse(Dark ? "#F0A352" : "#B45309");

    /// <summary>
    /// Writes one line, its middle at a height, no wider than it may be: letters are made smaller first, then the end is cut.
    /// </summary>
    public void Text(
        string text, float x, float middle, float size, SKColor colour, TextPlace place = TextPlace.Left, float most = float.MaxValue)
    {
        var shown = TableText.Printable(text);
        using var font = Font(size);
        var width = font.MeasureText(shown);
        if (width > most)
        {
            font.Size = Math.Max(size * most / width, 0.75f * size);
            while (shown.Length > 1 && font.MeasureText(shown) > most) shown = $"{shown.TrimEnd('…')[..^1]}…";
            width = font.MeasureText(shown);
        }
        var left = place switch { TextPlace.Left => x, TextPlace.Middle => x - width / 2, _ => x - width };
        using var paint = new SKPaint { Color = colour, IsAntialias = true };
        // Capitals and figures are 0.711 of the size high.
        Canvas.DrawText(shown, left, middle + 0.711f * font.Size / 2, SKTextAlign.Left, font, paint);
    }

    /// <summary>How wide a line is.</summary>
    public static float WidthOf(string text, float size)
    {
        using var font = Font(size);
        return font.MeasureText(TableText.Printable(text));
    }

    public void Fill(SKRect area, SKColor colour)
    {
        using var paint = new SKPaint { Color = colour };
        Canvas.DrawRect(area, paint);
    }

    /// <summary>Draws through points.</summary>
    /// <param name="points">Two or more.</param>
    /// <param name="colour">Its colour.</param>
    /// <param name="width">Its width.</param>
    /// <param name="dashes">Lengths of dashes and gaps in turn; null for a solid line.</param>
    public void Stroke(ReadOnlySpan<SKPoint> points, SKColor colour, float width, float[]? dashes = null)
    {
        using var path = new SKPath();
        path.AddPoly(points.ToArray(), close: false);
        using var effect = dashes is null ? null : SKPathEffect.CreateDash(dashes, 0);
        using var paint = new SKPaint
        {
            Color = colour,
            IsAntialias = true,
            Style = SKPaintStyle.Stroke,
            StrokeWidth = width,
            PathEffect = effect,
            StrokeJoin = SKStrokeJoin.Round,
        };
        Canvas.DrawPath(path, paint);
    }

    /// <summary>The picture as a PNG file.</summary>
    public byte[] Png()
    {
        using var image = _surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 100)
            ?? throw new InvalidOperationException($"no PNG of {Width}x{Height}");
        return data.ToArray();
    }

    public void Dispose() => _surface.Dispose();

    /// <summary>Letters stand where they belong, and not on whole pixels.</summary>
    private static SKFont Font(float size) => new(FigureFonts.Typeface, size)
    {
        Edging = SKFontEdging.Antialias,
        Hinting = SKFontHinting.None,
        Subpixel = true,
        LinearMetrics = true,
    };
}
