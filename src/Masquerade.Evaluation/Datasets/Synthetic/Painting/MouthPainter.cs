using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic.Painting;

/// <summary>Paints nose, mouth and facial hair.</summary>
internal sealed class MouthPainter(Easel easel, SyntheticIdentity who, SyntheticCapture how, HeadPose pose, FaceMarks marks)
{
    private readonly SKColor _deep = who.Skin.Shade(0.62f);

    private float Gap => marks.MouthGap;

    private float HalfWidth => marks.MouthHalfWidth;

    public void Nose()
    {
        var (tip, wing, length) = (marks.NoseTip, who.NoseWidth, who.NoseLength);
        var bridge = pose.On(0, who.EyeHeight + 1, who.NoseDepth * 0.25f);
        var middle = pose.On(0, (who.EyeHeight + length) * 0.55f, who.NoseDepth * 0.65f);
        foreach (var side in (ReadOnlySpan<float>)[-1, 1])
        {
            // The side away from the light, and the one turned away, are darker.
            var shade = 0.24f - 0.2f * side * how.LightX * how.LightStrength;
            easel.Line(_deep.Fade(shade), 4.5f, 2.4f, new(bridge.X + side * who.NoseBridge, bridge.Y - 4),
                new(middle.X + side * who.NoseBridge, middle.Y),
                new(tip.X + side * wing * 0.75f, tip.Y - 2));
        }
        easel.Line(who.Skin.Lighter(0.55f).Fade(0.45f), who.NoseBridge * 0.7f, 1.8f, bridge, middle, new(tip.X, tip.Y - 3));
        easel.Glow(new(tip.X, tip.Y + 1), wing * 1.5f, who.NoseTip * 1.5f, Colours.Of(0xC0503C).Fade(0.2f));
        easel.Glow(new(tip.X + 2 * how.LightX, tip.Y - 2), who.NoseTip, who.NoseTip * 0.8f, who.Skin.Lighter(0.75f).Fade(0.6f));
        var foot = pose.On(0, length + 3, who.NoseDepth * 0.55f);
        easel.Oval(new(foot.X, foot.Y + 3), wing * 0.9f, 3, _deep.Fade(0.35f), 2.4f);
        foreach (var side in (ReadOnlySpan<float>)[-1, 1])
        {
            var edge = pose.On(side * wing, length, who.NoseDepth * 0.25f);
            easel.Line(_deep.Fade(0.75f), 1.5f, 0.7f, new(edge.X - side * 1.5f, edge.Y - 5), new(edge.X, edge.Y - 1),
                new(edge.X - side * 2.2f, edge.Y + 2.6f));
            easel.Oval(new(foot.X + side * wing * 0.48f, foot.Y - 0.3f), wing * 0.26f, 1.5f, Colours.Of(0x2A0E0A).Fade(0.72f), 0.6f);
        }
        easel.Line(_deep.Fade(0.5f), 1.2f, 0.7f, new(foot.X - who.NoseTip * 0.6f, foot.Y + 0.8f), new(foot.X, foot.Y + 2),
            new(foot.X + who.NoseTip * 0.6f, foot.Y + 0.8f));
    }

    public void Mouth()
    {
        var (left, right, y) = (marks.MouthCorner(-1), marks.MouthCorner(1), who.MouthHeight);
        var bow = 1.4f * who.CupidsBow;
        var half = HalfWidth;
        var sag = 2.2f * how.Smile;
        SKPoint[] top =
        [
            left, pose.On(-half * 0.55f, y - who.UpperLip * 0.75f), pose.On(-half * 0.2f, y - who.UpperLip - bow), pose.On(0,
                y - who.UpperLip + bow * 0.6f),
            pose.On(half * 0.2f, y - who.UpperLip - bow), pose.On(half * 0.55f, y - who.UpperLip * 0.75f), right,
        ];
        SKPoint[] upperLine = [left, pose.On(-half * 0.4f, y + sag * 0.6f), pose.On(0, y + sag + 0.8f), pose.On(half * 0.4f,
            y + sag * 0.6f), right];
        SKPoint[] lowerLine = [left, pose.On(-half * 0.45f, y + sag * 0.6f + Gap * 0.9f), pose.On(0, y + sag + 0.8f + Gap),
            pose.On(half * 0.45f, y + sag * 0.6f + Gap * 0.9f), right];
        SKPoint[] bottom =
        [
            left, pose.On(-half * 0.5f, y + sag + Gap + who.LowerLip * 0.75f), pose.On(0, y + sag + Gap + who.LowerLip + 0.8f),
            pose.On(half * 0.5f, y + sag + Gap + who.LowerLip * 0.75f), right,
        ];
        foreach (var side in (ReadOnlySpan<float>)[-1, 1])
        {
            var fold = 0.12f + 0.3f * Math.Max(0, how.Smile) + 0.3f * who.Age;
            easel.Line(_deep.Fade(fold), 2, 1.3f, pose.On(side * (who.NoseWidth + 3), who.NoseLength - 1), pose.On(side * (half + 3),
                y - 9),
                pose.On(side * (half + 5 + 2 * how.Smile), y + 2));
        }
        easel.Oval(pose.On(0, y + sag + Gap + who.LowerLip + 5), half * 0.6f, 3, _deep.Fade(0.42f), 2.4f);
        if (Gap > 0.5f)
        {
            using var inside = Closed(upperLine, lowerLine);
            easel.Fill(inside, Colours.Of(0x33100E));
            easel.Inside(inside, () =>
            {
                var teeth = pose.On(0, y + sag - 0.5f);
                easel.Oval(teeth, half * 0.72f, 2.2f + Gap * 0.3f, Colours.Of(0xEFE8DD), 0.4f);
                easel.Oval(new(teeth.X, teeth.Y + Gap + 2), half * 0.45f, Gap * 0.4f, Colours.Of(0xA84A4A).Fade(0.8f), 0.8f);
            });
        }
        using var upper = Closed(top, upperLine);
        using var lower = Closed(lowerLine, bottom);
        easel.Fill(upper, who.Lips.Darker(0.16f), 0.5f);
        easel.Fill(lower, who.Lips, 0.5f);
        easel.Glow(pose.On(2 * how.LightX, y + sag + Gap + who.LowerLip * 0.5f + 0.6f), half * 0.5f, who.LowerLip * 0.45f,
            who.Lips.Lighter(0.7f).Fade(0.65f));
        easel.Line(Colours.Of(0x3A1210).Fade(0.75f), 1.1f, 0.4f, upperLine);
        easel.Oval(left, 1.5f, 1.3f, _deep.Fade(0.6f), 0.7f);
        easel.Oval(right, 1.5f, 1.3f, _deep.Fade(0.6f), 0.7f);
    }

    /// <summary>Under the mouth: call it before.</summary>
    public void Beard(SKPath outline)
    {
        if (who.FacialHair == FacialHair.None) return;
        var (y, half, chin) = (who.MouthHeight, HalfWidth, who.ChinHeight + 12);
        var hair = Colours.Mix(who.Hair, who.Brow, 0.5f);
        SKPoint[] moustache = [pose.On(-half - 4, y + 2), pose.On(-half * 0.5f, y - 7), pose.On(0, y - 7.5f), pose.On(half * 0.5f, y - 7),
            pose.On(half + 4, y + 2), pose.On(0, y)];
        easel.Inside(outline, () =>
        {
            if (who.FacialHair is FacialHair.Beard or FacialHair.Stubble)
            {
                var (opacity, blur) = who.FacialHair == FacialHair.Beard ? (0.86f, 2.2f) : (0.26f, 4f);
                easel.Shape(hair.Fade(opacity), blur, pose.On(-60, -2), pose.On(-who.CheekWidth * 0.82f, 14), pose.On(-half - 9, y - 6),
                    pose.On(0, y - 8), pose.On(half + 9, y - 6),
                    pose.On(who.CheekWidth * 0.82f, 14), pose.On(60, -2), pose.On(70, 60), pose.On(0, chin + 25), pose.On(-70, 60));
            }
            if (who.FacialHair is FacialHair.Goatee)
                easel.Shape(hair.Fade(0.82f), 2.4f, pose.On(-half - 1, y), pose.On(0, y + 8), pose.On(half + 1, y),
                    pose.On(half * 0.72f, chin - 10), pose.On(0, chin + 1), pose.On(-half * 0.72f, chin - 10));
            if (who.FacialHair is not FacialHair.Stubble) easel.Shape(hair.Fade(0.88f), 1, moustache);
        });
    }

    private static SKPath Closed(SKPoint[] there, SKPoint[] back)
    {
        var path = Easel.Spline(there, closed: false);
        using var rest = Easel.Spline([.. back.Reverse()], closed: false);
        path.AddPath(rest, SKPathAddMode.Extend);
        path.Close();
        return path;
    }
}
