using Masquerade.Alignment;
using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic.Painting;

/// <summary>Where the five landmarks of a face are seen, painted or not. A side is −1 on the picture's left, 1 on its right.</summary>
internal sealed class FaceMarks(SyntheticIdentity who, SyntheticCapture how, HeadPose pose)
{
    /// <summary>How far the lips are apart, in face units.</summary>
    public float MouthGap => 9 * how.MouthOpen;

    /// <summary>Half the width of the mouth, in face units.</summary>
    public float MouthHalfWidth => who.MouthWidth * (1 + 0.2f * how.Smile - 0.1f * how.MouthOpen);

    /// <summary>An eye's centre, in face units.</summary>
    public SKPoint Eye(float side) => pose.On(side * who.EyeSpacing, who.EyeHeight);

    /// <summary>The tip of the nose, in face units.</summary>
    public SKPoint NoseTip => pose.On(0, who.NoseLength - 1, who.NoseDepth);

    /// <summary>A corner of the mouth, in face units.</summary>
    public SKPoint MouthCorner(float side) => pose.On(side * MouthHalfWidth, who.MouthHeight - 3.6f * how.Smile + MouthGap * 0.3f);

    /// <summary>All five, in the photograph's pixels.</summary>
    public FiveLandmarks InPhotograph()
    {
        return new FiveLandmarks(Seen(Eye(-1)), Seen(Eye(1)), Seen(NoseTip), Seen(MouthCorner(-1)), Seen(MouthCorner(1)));

        ImagePoint Seen(SKPoint point)
        {
            var place = pose.Frame.MapPoint(point);
            return new ImagePoint(place.X, place.Y);
        }
    }
}
