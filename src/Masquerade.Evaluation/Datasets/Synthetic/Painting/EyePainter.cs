using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic.Painting;

/// <summary>Paints eyes, brows and glasses.</summary>
internal sealed class EyePainter(Easel easel, SyntheticIdentity who, SyntheticCapture how, HeadPose pose, FaceMarks marks)
{
    private readonly SKColor _deep = who.Skin.Shade(0.62f);

    public void Paint()
    {
        foreach (var side in (ReadOnlySpan<float>)[-1, 1])
        {
            Socket(side);
            Eye(side);
            Brow(side);
        }
    }

    private void Socket(float side)
    {
        easel.Glow(At(side, -2, -6), 15, 10, _deep.Fade(0.5f));
        easel.Glow(At(side, -9, -1), 8, 10, _deep.Fade(0.45f));
        easel.Line(_deep.Fade(0.16f + 0.3f * who.Age), 1.8f, 1.1f, At(side, -8, 7), At(side, 0, 10), At(side, 8, 7));
    }

    private void Eye(float side)
    {
        var opening = Math.Max(who.EyeOpening * how.EyeOpenness * (1 - 0.16f * Math.Max(0, how.Smile)), 1.3f);
        var (wide, up, down) = (who.EyeWidth, opening * 1.1f, opening * 0.8f);
        SKPoint[] upper = [Lid(-wide, 0.6f), Lid(-wide * 0.5f, -up * 0.85f), Lid(wide * 0.1f, -up), Lid(wide * 0.65f, -up * 0.66f),
            Lid(wide, -0.3f)];
        SKPoint[] lower = [Lid(wide, -0.3f), Lid(wide * 0.45f, down * 0.9f), Lid(-wide * 0.3f, down * 0.85f), Lid(-wide, 0.6f)];
        using var shape = Easel.Spline(upper, closed: false);
        for (var i = 1; i < 4; i++) shape.LineTo(lower[i]);
        shape.Close();
        easel.Fill(shape, Colours.Of(0xEEE6E0));
        easel.Inside(shape, () => Ball(side, upper));
        easel.Line(Colours.Of(0x2A1512).Fade(0.8f), 1.3f + 1.1f * who.Lashes, 0.35f, upper);
        easel.Line(who.Skin.Shade(0.5f).Fade(0.6f), 0.8f, 0.4f, lower);
        if (who.Lashes > 0.35f) easel.Line(Colours.Of(0x1A0D0B), 1.4f, 0.3f, Lid(wide * 0.6f, -up * 0.72f), Lid(wide * 1.12f,
            -1.6f - 1.5f * who.Lashes));
        var crease = 2.2f + 2.4f * who.Lid;
        easel.Line(_deep.Fade(0.35f + 0.4f * who.Lid), 1.2f, 0.6f, Lid(-wide * 0.85f, -up * 0.5f - crease * 0.6f), Lid(0, -up - crease),
            Lid(wide * 0.95f, -up * 0.4f - crease * 0.6f));
        easel.Oval(Lid(-wide * 0.9f, 0.5f), 1.1f, 0.9f, Colours.Of(0xC07A70).Fade(0.7f), 0.3f);

        // Lids are tilted: the outer corner is higher or lower than the inner one.
        SKPoint Lid(float x, float y) => At(side, x, y - x * who.EyeTilt);
    }

    private void Ball(float side, SKPoint[] upper)
    {
        var (gaze, size) = (new SKPoint(2.2f * how.GazeX, 1.1f * how.GazeY - 0.5f), who.IrisSize);
        var centre = marks.Eye(side) + gaze;
        var narrow = 0.4f + 0.6f * pose.Foreshortening(side * who.EyeSpacing, who.EyeHeight);
        easel.Oval(centre, size * narrow, size, who.Iris.Darker(0.55f), 0.3f);
        easel.Oval(centre, size * 0.84f * narrow, size * 0.84f, who.Iris);
        easel.Glow(new(centre.X, centre.Y + size * 0.4f), size * 0.7f, size * 0.5f, who.Iris.Lighter(0.5f).Fade(0.7f));
        easel.Oval(centre, size * 0.42f, size * 0.44f, Colours.Of(0x0A0606), 0.2f);
        easel.Line(Colours.Of(0x1A0C0A).Fade(0.4f), 3.2f, 1, upper);
        easel.Oval(new(centre.X + size * 0.35f * how.LightX, centre.Y - size * 0.38f), 1.15f, 1.15f, SKColors.White.Fade(0.92f), 0.2f);
    }

    private void Brow(float side)
    {
        var lift = 4 * how.BrowRaise;
        var (gap, length, thick) = (who.BrowGap + lift, who.BrowLength, who.BrowThickness);
        var (inner, middle, outer) = (-length, length * 0.3f, length * 1.05f);
        SKPoint[] edge =
        [
            Place(inner, thick * 0.55f), Place(inner + 1, -thick * 0.5f), Place(middle, -who.BrowArch - thick * 0.6f), Place(outer, 0.5f),
            Place(middle, -who.BrowArch + thick * 0.6f),
        ];
        easel.Shape(who.Brow.Fade(0.82f), 0.9f, edge);
        for (var i = 0; i < 9; i++)
        {
            var x = inner + (outer - inner) * i / 10f;
            var arch = -who.BrowArch * (1 - Math.Abs(x - middle) / (1.4f * length));
            easel.Line(who.Brow.Darker(0.3f).Fade(0.7f), 0.7f, 0, Place(x, arch * 0.9f + thick * 0.4f), Place(x + 3.2f,
                arch - thick * 0.4f));
        }

        SKPoint Place(float x, float y) => At(side, x, y - gap - x * who.BrowTilt);
    }

    public void Frames()
    {
        if (how.Glasses == Glasses.None) return;
        var rim = how.Accessory.Darker(0.3f);
        Span<SKPoint> hinges = stackalloc SKPoint[2];
        foreach (var side in (ReadOnlySpan<float>)[-1, 1])
        {
            using var lens = Easel.Spline([Place(-15, -8), Place(0, -10), Place(16, -9), Place(17, 3), Place(9, 12), Place(-8, 12),
                Place(-15, 4)], closed: true);
            easel.Fill(lens, how.Glasses == Glasses.Sun ? Colours.Of(0x14120F).Fade(0.9f) : SKColors.White.Fade(0.07f));
            easel.Stroke(lens, rim, 2);
            easel.Inside(lens, () => easel.Line(SKColors.White.Fade(0.2f), 4, 1.4f, Place(-2, -10), Place(-11, 10)));
            hinges[side < 0 ? 0 : 1] = Place(-15, -1);
            easel.Line(rim, 2, 0, Place(16.5f, -5), pose.At(side * who.HeadWidth, who.EyeHeight - 5, 0));

            SKPoint Place(float x, float y) => pose.On(side * (who.EyeSpacing + x), who.EyeHeight + 1 + y, 5);
        }
        easel.Line(rim, 2, 0, hinges[0], pose.On(0, who.EyeHeight - 2, 9), hinges[1]);
    }

    /// <summary>A place near an eye: x outwards, y down.</summary>
    private SKPoint At(float side, float x, float y) => pose.On(side * (who.EyeSpacing + x), who.EyeHeight + y);
}
