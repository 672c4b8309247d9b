using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic.Painting;

/// <summary>Paints neck, clothes, ears and the face without its features.</summary>
internal sealed class HeadPainter(Easel easel, SyntheticIdentity who, SyntheticCapture how, HeadPose pose)
{
    private SKColor Deep => who.Skin.Shade(0.55f);

    /// <summary>The outline of the face, without ears and hair.</summary>
    public SKPath Outline()
    {
        var open = 5 * how.MouthOpen;
        Span<(float X, float Y, float Z)> right =
        [
            (0, who.Top, 0), (who.HeadWidth * 0.6f, who.Top * 0.88f, 0), (who.HeadWidth * 0.97f, who.Top * 0.5f, 0),
            (who.HeadWidth, -15, 2), (who.CheekWidth, 10, 4), (who.JawWidth, who.JawHeight, 9),
            (who.ChinWidth, who.ChinHeight - 2 + open, 24), (0, who.ChinHeight + open, 28),
        ];
        Span<SKPoint> points = stackalloc SKPoint[14];
        for (var i = 0; i < 8; i++)
        {
            points[i] = pose.At(right[i].X, right[i].Y, right[i].Z);
            if (i is > 0 and < 7) points[14 - i] = pose.At(-right[i].X, right[i].Y, right[i].Z);
        }
        return Easel.Spline(points, closed: true);
    }

    public void Body()
    {
        var neck = who.JawWidth * 0.76f;
        var (skin, deep) = (who.Skin.Shade(0.16f), Deep);
        easel.Shape(skin, 0, new(-neck, 20), new(-neck * 0.95f, 70), new(-neck * 1.5f, 105), new(0, 130), new(neck * 1.5f, 105),
            new(neck * 0.95f, 70), new(neck, 20));
        var chin = pose.At(0, who.ChinHeight, 20);
        easel.Oval(new(chin.X, chin.Y + 5), neck * 1.05f, 17, deep.Fade(0.55f), 6);
        easel.Line(deep.Fade(0.25f), 3, 2, new(-neck * 0.5f, 85), new(-neck * 0.15f, 108));
        easel.Line(deep.Fade(0.25f), 3, 2, new(neck * 0.5f, 85), new(neck * 0.15f, 108));
        var dip = how.Neckline switch { 0 => 112f, 1 => 134f, _ => 100f };
        using var clothes = new SKPath();
        clothes.MoveTo(-neck * 1.15f, 90);
        if (how.Neckline == 1) clothes.LineTo(0, dip);
        else clothes.CubicTo(-neck * 0.7f, dip, neck * 0.7f, dip, neck * 1.15f, 90);
        clothes.LineTo(neck * 1.15f, 90);
        clothes.CubicTo(neck * 1.8f, 102, 95, 104, 118, 140);
        clothes.LineTo(150, 260);
        clothes.LineTo(-150, 260);
        clothes.LineTo(-118, 140);
        clothes.CubicTo(-95, 104, -neck * 1.8f, 102, -neck * 1.15f, 90);
        using var shader = SKShader.CreateLinearGradient(new(-100 * how.LightX, 80), new(100 * how.LightX, 190),
            [how.Clothes.Darker(0.35f), how.Clothes.Lighter(0.08f)], SKShaderTileMode.Clamp);
        easel.Fill(clothes, shader);
        easel.Inside(clothes, () =>
        {
            easel.Line(how.Clothes.Darker(0.5f).Fade(0.5f), 5, 3, new(-70, 130), new(-62, 200));
            easel.Line(how.Clothes.Darker(0.5f).Fade(0.5f), 5, 3, new(70, 130), new(62, 200));
            if (how.Neckline != 1)
                easel.Line(how.Clothes.Darker(0.4f).Fade(0.6f), 2, 0.6f, new(-neck * 1.2f, 92), new(0, dip - 2), new(neck * 1.2f, 92));
        });
    }

    public void Ears()
    {
        foreach (var side in (ReadOnlySpan<float>)[-1, 1])
        {
            // The ear on the far side goes behind the head.
            var root = pose.At(side * who.HeadWidth * 0.97f, -4, -6);
            var width = who.EarOut * (1 - 1.2f * side * MathF.Sin(how.Yaw));
            if (width < 1) continue;
            SKPoint Place(float x, float y) => new(root.X + side * width * x, root.Y + who.EarSize * y);
            easel.Shape(who.Skin.Shade(0.12f), 0, Place(-0.8f, -0.9f), Place(0.5f, -1.15f), Place(1.15f, -0.5f), Place(0.75f, 0.4f),
                Place(0.1f, 1.1f), Place(-0.8f, 0.8f));
            easel.Line(Deep.Fade(0.6f), 1.4f, 0.6f, Place(0.1f, -0.8f), Place(0.75f, -0.5f), Place(0.45f, 0.25f), Place(0, 0.5f));
        }
    }

    /// <summary>Skin with its soft shadows and its lights, where the light comes from.</summary>
    public void Skin(SKPath outline)
    {
        easel.Fill(outline, who.Skin);
        easel.Inside(outline, () =>
        {
            // Form: the edges turn away from the camera.
            easel.Stroke(outline, Deep.Fade(0.5f), 13, 8);
            foreach (var side in (ReadOnlySpan<float>)[-1, 1])
            {
                var towards = side * how.LightX;
                easel.Glow(pose.On(side * 27, 14), 17, 15, Colours.Of(0xD0503C).Fade(0.07f + 0.2f * who.Blush));
                easel.Glow(pose.On(side * 27, 5), 15, 11, who.Skin.Lighter(0.55f).Fade(0.32f + 0.2f * towards));
                easel.Shape(Deep.Fade(0.16f + 0.1f * (1 - who.Blush)), 6, pose.On(side * 40, 12), pose.On(side * 26, 28),
                    pose.On(side * 28, 44), pose.On(side * 44, 36));
            }
            easel.Glow(pose.On(10 * how.LightX, who.Hairline + 17), 34, 17, who.Skin.Lighter(0.6f).Fade(0.4f));
            easel.Glow(pose.On(0, who.ChinHeight - 8 + 4 * how.MouthOpen), 12, 7, who.Skin.Lighter(0.5f).Fade(0.3f));
            Blemishes();
        });
    }

    /// <summary>Light over the finished face: bright where it comes from, dark on the other side, and the edge of a shadow.</summary>
    public void Light(SKPath outline)
    {
        var (x, y) = (how.LightX * 70, -how.LightY * 75);
        easel.Inside(outline, () =>
        {
            using var shader = SKShader.CreateLinearGradient(new(x, y), new(-x, -y),
                [SKColors.White.Fade(0.38f * how.LightStrength), SKColors.White.Fade(0),
                    Colours.Of(0x1A0A10).Fade(0.62f * how.LightStrength)],
                [0, 0.45f, 1], SKShaderTileMode.Clamp);
            using var paint = new SKPaint { Shader = shader, BlendMode = SKBlendMode.SoftLight };
            easel.Canvas.DrawRect(-120, -140, 240, 280, paint);
            using var dim = SKShader.CreateLinearGradient(new(x, y), new(-x, -y),
                [SKColors.Transparent, Colours.Of(0x14080C).Fade(0.42f * how.LightStrength)], [0.3f, 1], SKShaderTileMode.Clamp);
            paint.Shader = dim;
            paint.BlendMode = SKBlendMode.SrcOver;
            easel.Canvas.DrawRect(-120, -140, 240, 280, paint);
            if (how.Shadow == 0) return;
            var (at, lean, end) = (how.ShadowAt * 50, how.ShadowSlope * 90, how.LightX > 0 ? -140 : 140);
            using var shadow = new SKPath();
            shadow.AddPoly([new(at - lean, -110), new(at + lean, 110), new(end, 110), new(end, -110)]);
            easel.Fill(shadow, Colours.Of(0x10080A).Fade(how.Shadow), 11);
        });
    }

    private void Blemishes()
    {
        foreach (var mole in who.Moles)
            easel.Oval(pose.On(mole.X, mole.Y), mole.Radius, mole.Radius, who.Skin.Shade(0.72f).Fade(0.85f), 0.4f);
        var random = SplitMix.For((ulong)who.Freckles, (ulong)(who.HeadWidth * 1000), (ulong)Purpose.Skin);
        using var freckles = new SKPath();
        for (var i = 0; i < who.Freckles; i++)
        {
            var place = pose.On(random.Around(0, 42), random.Around(8, 22));
            freckles.AddCircle(place.X, place.Y, random.Between(0.4f, 0.9f));
        }
        easel.Fill(freckles, Colours.Of(0x9A5A30).Fade(0.45f));
        if (who.Age < 0.5f) return;
        var line = Deep.Fade((who.Age - 0.4f) * 0.6f);
        for (var i = 0; i < 3; i++)
        {
            var y = who.Hairline + 10 + 6 * i;
            easel.Line(line, 1.1f, 0.7f, pose.On(-20 + 2 * i, y + 1), pose.On(0, y - 1), pose.On(20 - 2 * i, y + 1));
        }
    }
}
