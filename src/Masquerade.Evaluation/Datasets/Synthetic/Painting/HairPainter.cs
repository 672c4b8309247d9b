using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic.Painting;

/// <summary>Paints hair behind and before the face, and hats.</summary>
internal sealed class HairPainter(Easel easel, SyntheticIdentity who, SyntheticCapture how, HeadPose pose, SplitMix random)
{
    private float Width => who.HeadWidth;

    /// <summary>How far hair stands off the skull.</summary>
    private float Volume => who.HairVolume + who.HairStyle switch
    {
        HairStyle.Bald => -who.HairVolume,
        HairStyle.Buzz => 1 - who.HairVolume,
        HairStyle.Afro => 16,
        HairStyle.Curly => 7,
        HairStyle.Quiff => 3,
        _ => 0,
    };

    public void Behind()
    {
        var dark = who.Hair.Darker(0.42f);
        var (wide, top) = (Width + Volume, who.Top - Volume);
        if (who.HairStyle is HairStyle.Bun) easel.Oval(pose.At(0, who.Top - Volume - 8, -35), 21, 18, dark, 0.6f);
        var end = who.HairStyle switch
        {
            HairStyle.Bob => 38 + 30 * who.HairLength,
            HairStyle.Long or HairStyle.Wavy => 85 + 55 * who.HairLength,
            HairStyle.Fringe or HairStyle.Curly => 18 + 35 * who.HairLength,
            HairStyle.Afro => 28,
            HairStyle.Bald or HairStyle.Buzz => 0,
            _ => 6f,
        };
        if (end == 0) return;
        var flare = who.HairStyle is HairStyle.Wavy ? 1.16f : 1.04f;
        using var shape = Easel.Spline([pose.At(0, top, -20), pose.At(wide * 0.68f, top * 0.84f, -20), pose.At(wide * 1.04f, -20, -22),
            pose.At(wide * flare, end * 0.6f, -22),
            pose.At(wide * 0.85f, end, -24), pose.At(0, end * 0.9f, -30), pose.At(-wide * 0.85f, end, -24), pose.At(-wide * flare,
                end * 0.6f, -22),
            pose.At(-wide * 1.04f, -20, -22), pose.At(-wide * 0.68f, top * 0.84f, -20)], closed: true);
        easel.Fill(shape, dark, 1);
        easel.Inside(shape, () =>
        {
            for (var i = 0; i < 34; i++)
            {
                var x = random.Between(-1.1f, 1.1f) * wide;
                var bend = who.HairStyle is HairStyle.Wavy or HairStyle.Curly ? random.Between(-9, 9) : random.Between(-2, 2);
                easel.Line(Strand(0.6f), random.Between(0.8f, 2.4f), 0, pose.At(x * 0.8f, -50, -20), pose.At(x + bend, 0, -20),
                    pose.At(x - bend, end * 0.55f, -22), pose.At(x, end, -22));
            }
        });
    }

    public void Before()
    {
        if (who.HairStyle != HairStyle.Bald && how.Hat == Hat.None) Cap();
        if (how.Hat != Hat.None) Cover();
    }

    private void Cap()
    {
        var (rim, top, line) = (Width + Volume * 0.75f, who.Top - Volume, who.Hairline);
        var side = who.HairStyle is HairStyle.Bob or HairStyle.Long or HairStyle.Wavy ? 34f + 20 * who.HairLength
            : who.HairStyle is HairStyle.Buzz or HairStyle.Bun ? -22f : -8f;
        var fringe = who.HairStyle is HairStyle.Fringe ? who.EyeHeight - who.BrowGap - 2 - line : 0;
        var part = who.Parting * 26;
        var sweep = who.HairStyle is HairStyle.SidePart or HairStyle.Bob or HairStyle.Long or HairStyle.Wavy or HairStyle.Quiff
            ? 7f * MathF.Sign(who.Parting) : 0;
        var inner = Width * (side > 0 ? 0.9f : 0.94f);
        SKPoint[] points =
        [
            pose.At(-rim, side, 4), pose.At(-rim - 1, -30, 0), pose.At(-rim * 0.68f, top * 0.84f, 0), pose.At(part * 0.2f, top, 2),
                pose.At(rim * 0.68f, top * 0.84f, 0),
            pose.At(rim + 1, -30, 0), pose.At(rim, side, 4), pose.At(inner, side - 3, 12), pose.At(inner * 0.96f, -24, 16),
                pose.On(Width * 0.66f, line + 9 + fringe + sweep),
            pose.On(part + 12, line + fringe + sweep * 0.4f), pose.On(part, line - (fringe > 0 ? -fringe : 4)), pose.On(part - 12,
                line + fringe - sweep * 0.4f),
            pose.On(-Width * 0.66f, line + 9 + fringe - sweep), pose.At(-inner * 0.96f, -24, 16), pose.At(-inner, side - 3, 12),
        ];
        using var shape = Easel.Spline(points, closed: true);
        // The shadow that hair throws on the forehead.
        easel.Canvas.Save();
        easel.Canvas.Translate(-2 * how.LightX, 3);
        easel.Fill(shape, who.Skin.Shade(0.7f).Fade(0.35f), 3);
        easel.Canvas.Restore();
        var buzz = who.HairStyle is HairStyle.Buzz;
        easel.Fill(shape, who.Hair.Fade(buzz ? 0.72f : 1), buzz ? 1.6f : 0.7f);
        if (who.HairStyle is HairStyle.Curly or HairStyle.Afro) Curls(rim, top);
        easel.Inside(shape, () => Texture(part, top, line + fringe));
    }

    /// <summary>An uneven edge around the skull.</summary>
    private void Curls(float rim, float top)
    {
        const int count = 26;
        for (var i = 0; i <= count; i++)
        {
            var (up, across) = MathF.SinCos(MathF.PI * i / count);
            var size = random.Between(5, 8.5f);
            easel.Oval(pose.At(rim * 0.97f * across, -22 + (top + 24) * up, 0), size, size, Strand(1), 0.8f);
        }
    }

    private void Texture(float part, float top, float line)
    {
        var curls = who.HairStyle is HairStyle.Curly or HairStyle.Afro;
        for (var i = 0; i < (who.HairStyle is HairStyle.Buzz ? 0 : curls ? 110 : 46); i++)
        {
            if (curls)
            {
                var centre = pose.At(random.Between(-1.1f, 1.1f) * (Width + Volume), random.Between(top, line + 25), 12);
                easel.Glow(centre, random.Between(4, 8), random.Between(4, 8), Strand(0.75f));
                continue;
            }
            var to = random.Between(-1.05f, 1.05f) * Width;
            var from = part + (to - part) * 0.25f;
            easel.Line(Strand(0.55f), random.Between(0.7f, 1.9f), 0, pose.At(from, line - 8, 40), pose.At((from + to) * 0.55f,
                top * 0.93f + Math.Abs(to) * 0.25f, 25),
                pose.At(to, -32, 6), pose.At(to * 1.02f, 30, 4));
        }
        easel.Glow(pose.At(12 * how.LightX, top * 0.84f, 20), Width * 0.75f, 13, SKColors.White.Fade(0.2f));
        easel.Glow(pose.At(-Width * how.LightX, -45, 0), 32, 46, SKColors.Black.Fade(0.34f));
    }

    private void Cover()
    {
        var (rim, top, edge) = (Width + 5, who.Top - 12, who.Hairline + 12);
        using var shape = Easel.Spline([pose.At(-rim, edge + 8, 4), pose.At(-rim, -52, 0), pose.At(-rim * 0.7f, top * 0.9f, 0), pose.At(0,
            top, 0), pose.At(rim * 0.7f, top * 0.9f, 0),
            pose.At(rim, -52, 0), pose.At(rim, edge + 8, 4), pose.On(Width * 0.55f, edge + 2, 4), pose.On(0, edge, 4),
                pose.On(-Width * 0.55f, edge + 2, 4)], closed: true);
        using var shader = SKShader.CreateLinearGradient(new(60 * how.LightX, -90), new(-60 * how.LightX, -20),
            [how.Accessory.Lighter(0.15f), how.Accessory.Darker(0.4f)], SKShaderTileMode.Clamp);
        easel.Fill(shape, shader);
        if (how.Hat == Hat.Beanie)
        {
            easel.Inside(shape, () => easel.Line(how.Accessory.Darker(0.45f).Fade(0.7f), 1.6f, 0.6f, pose.At(-rim, edge - 6, 4),
                pose.On(0, edge - 14, 4), pose.At(rim, edge - 6, 4)));
            return;
        }
        easel.Shape(how.Accessory.Darker(0.45f), 0.5f, pose.On(-Width * 0.7f, edge + 2, 3), pose.On(0, edge - 7, 16),
            pose.On(Width * 0.7f, edge + 2, 3), pose.On(Width * 0.55f, edge + 8, 26), pose.On(0, edge + 8, 36), pose.On(-Width * 0.55f,
            edge + 8, 26));
    }

    private SKColor Strand(float opacity)
    {
        var tone = random.Between(-1, 1);
        return (tone < 0 ? who.Hair.Darker(0.45f * -tone) : who.Hair.Lighter(0.22f * tone)).Fade(opacity);
    }
}
