using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic.Painting;

/// <summary>Paints what is behind somebody: a gradient and shapes out of focus.</summary>
internal static class Backdrop
{
    public static void Paint(Easel easel, SyntheticCapture how, SplitMix random)
    {
        const int side = SyntheticFaces.Side;
        var hue = random.Between(0, 360);
        var (from, to) = (Colour(hue), Colour(hue + random.Between(-60, 60)));
        using var shader = SKShader.CreateLinearGradient(new(side * random.Between(0, 1), 0), new(side * random.Between(0, 1), side),
            [from, to], SKShaderTileMode.Clamp);
        using var paint = new SKPaint { Shader = shader };
        easel.Canvas.DrawPaint(paint);
        for (var i = random.Below(6); i > 0; i--)
        {
            var (x, y, size) = (random.Between(0, side), random.Between(0, side), random.Between(15, 70));
            var colour = Colour(hue + random.Between(-120, 120)).Fade(random.Between(0.3f, 0.8f));
            var centre = new SKPoint(x, y);
            if (random.Chance(0.5f)) easel.Glow(centre, size * 1.5f, size * 1.5f, colour);
            else easel.Shape(colour, 7, new(x - size, y - size), new(x + size * 0.6f, y - size), new(x + size * 0.6f, y + 2 * size),
                new(x - size, y + 2 * size));
        }
        easel.Glow(new(125 + 130 * how.LightX, 125 - 130 * how.LightY), 170, 170, SKColors.White.Fade(0.2f * how.LightStrength));

        SKColor Colour(float h) => Colours.FromHue((h % 360 + 360) % 360, random.Between(0.03f, 0.5f), random.Between(0.15f, 0.92f));
    }
}
