using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic;

/// <summary>Where points of a head are seen: yaw and pitch turn it,
/// nearer points move more and look larger. Roll and framing follow.</summary>
internal sealed class HeadPose
{
    private const float Depth = 52;
    private const float Distance = 700;

    private readonly (float Sin, float Cos) _yaw;
    private readonly (float Sin, float Cos) _pitch;
    private readonly float _width;

    public HeadPose(SyntheticIdentity who, SyntheticCapture how)
    {
        _yaw = MathF.SinCos(how.Yaw);
        _pitch = MathF.SinCos(how.Pitch);
        _width = who.HeadWidth * 1.12f;
        Frame = SKMatrix.CreateTranslation(125 + how.ShiftX, 132 + how.ShiftY)
            .PreConcat(SKMatrix.CreateRotation(how.Roll)).PreConcat(SKMatrix.CreateScale(how.Scale, how.Scale));
    }

    /// <summary>From face units to the photograph's pixels.</summary>
    public SKMatrix Frame { get; }

    /// <summary>A point in space, z towards the camera, in face units.</summary>
    public SKPoint At(float x, float y, float z)
    {
        var (turned, near) = (x * _yaw.Cos + z * _yaw.Sin, z * _yaw.Cos - x * _yaw.Sin);
        var (height, depth) = (y * _pitch.Cos + near * _pitch.Sin, near * _pitch.Cos - y * _pitch.Sin);
        var larger = Distance / (Distance - depth);
        return new SKPoint(turned * larger, height * larger);
    }

    /// <summary>A point on the face, or this far before it.</summary>
    public SKPoint On(float x, float y, float before = 0) => At(x, y, Surface(x, y) + before);

    /// <summary>How wide a short horizontal length on the face looks, as a share of it.</summary>
    public float Foreshortening(float x, float y) => Math.Max(On(x + 3, y).X - On(x - 3, y).X, 0.6f) / 6;

    private float Surface(float x, float y)
    {
        var (across, along) = (x / _width, y / 92);
        return Depth * MathF.Sqrt(Math.Max(0.08f, 1 - across * across - along * along));
    }
}
