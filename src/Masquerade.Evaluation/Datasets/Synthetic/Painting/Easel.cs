using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic.Painting;

/// <summary>A canvas with the few strokes that a face needs.</summary>
internal sealed class Easel(SKCanvas canvas)
{
    public SKCanvas Canvas => canvas;

    /// <summary>Fills a shape; with a blur its edge is soft.</summary>
    public void Fill(SKPath path, SKColor colour, float blur = 0)
    {
        using var paint = new SKPaint { Color = colour, IsAntialias = true };
        Draw(path, paint, blur);
    }

    public void Fill(SKPath path, SKShader shader)
    {
        using var paint = new SKPaint { Shader = shader, IsAntialias = true };
        canvas.DrawPath(path, paint);
    }

    public void Stroke(SKPath path, SKColor colour, float width, float blur = 0)
    {
        using var paint = new SKPaint
        {
            Color = colour,
            IsAntialias = true,
            IsStroke = true,
            StrokeWidth = width,
            StrokeCap = SKStrokeCap.Round,
            StrokeJoin = SKStrokeJoin.Round,
        };
        Draw(path, paint, blur);
    }

    public void Line(SKColor colour, float width, float blur, params ReadOnlySpan<SKPoint> points)
    {
        using var path = Spline(points, closed: false);
        Stroke(path, colour, width, blur);
    }

    public void Shape(SKColor colour, float blur, params ReadOnlySpan<SKPoint> points)
    {
        using var path = Spline(points, closed: true);
        Fill(path, colour, blur);
    }

    /// <summary>A spot that fades out to its edge.</summary>
    public void Glow(SKPoint centre, float width, float height, SKColor colour)
    {
        canvas.Save();
        canvas.Translate(centre);
        canvas.Scale(width, height);
        using var shader = SKShader.CreateRadialGradient(default, 1, [colour, colour.Fade(0.45f * colour.Alpha / 255), colour.WithAlpha(0)],
            [0, 0.5f, 1], SKShaderTileMode.Clamp);
        // At its edge there is nothing to be seen, so nothing to be smoothed.
        using var paint = new SKPaint { Shader = shader };
        canvas.DrawCircle(default, 1, paint);
        canvas.Restore();
    }

    public void Oval(SKPoint centre, float width, float height, SKColor colour, float blur = 0)
    {
        using var path = new SKPath();
        path.AddOval(new SKRect(centre.X - width, centre.Y - height, centre.X + width, centre.Y + height));
        Fill(path, colour, blur);
    }

    /// <summary>Paints inside a shape only.</summary>
    public void Inside(SKPath path, Action paint)
    {
        canvas.Save();
        canvas.ClipPath(path, antialias: true);
        paint();
        canvas.Restore();
    }

    /// <summary>A smooth curve through points (Catmull and Rom's spline as cubic Béziers).</summary>
    public static SKPath Spline(ReadOnlySpan<SKPoint> points, bool closed)
    {
        var path = new SKPath();
        var count = points.Length;
        path.MoveTo(points[0]);
        for (var i = 0; i < (closed ? count : count - 1); i++)
        {
            var (before, from) = (points[closed ? (i + count - 1) % count : Math.Max(i - 1, 0)], points[i]);
            var (to, after) = (points[(i + 1) % count], points[closed ? (i + 2) % count : Math.Min(i + 2, count - 1)]);
            path.CubicTo(from.X + (to.X - before.X) / 6, from.Y + (to.Y - before.Y) / 6, to.X - (after.X - from.X) / 6,
                to.Y - (after.Y - from.Y) / 6, to.X, to.Y);
        }
        if (closed) path.Close();
        return path;
    }

    private void Draw(SKPath path, SKPaint paint, float blur)
    {
        using var filter = blur > 0 ? SKMaskFilter.CreateBlur(SKBlurStyle.Normal, blur) : null;
        paint.MaskFilter = filter;
        canvas.DrawPath(path, paint);
    }
}
