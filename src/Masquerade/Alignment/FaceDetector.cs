using Masquerade.Imaging;

namespace Masquerade.Alignment;

/// <summary>A face that a detector found.</summary>
/// <param name="Box">Where it is.</param>
/// <param name="Probability">How sure the detector is, 0 to 1.</param>
/// <param name="Landmarks">Its five landmarks.</param>
public sealed record DetectedFace(FaceBox Box, double Probability, FiveLandmarks Landmarks);

/// <summary>Finds faces in photographs. Safe to use from several threads at once.</summary>
public interface IFaceDetector : IDisposable
{
    /// <summary>Finds every face.</summary>
    /// <param name="photo">A photograph of any size.</param>
    /// <returns>The faces, most probable first; none where there is none.</returns>
    IReadOnlyList<DetectedFace> Detect(ImageView photo);
}

/// <summary>Which of several faces a photograph is of.</summary>
public static class FaceChoice
{
    /// <summary>
    /// The face with the largest value of box area − 2 × squared distance of the box's centre from the photograph's (the rule that FaceNet's
    /// LFW crops were made with).
    /// </summary>
    /// <param name="faces">At least one.</param>
    /// <param name="photo">Size of the photograph.</param>
    public static DetectedFace Main(IReadOnlyList<DetectedFace> faces, ImageSize photo)
    {
        ArgumentNullException.ThrowIfNull(faces);
        return faces.MaxBy(face => Score(face.Box, photo)) ?? throw new ArgumentException("no faces", nameof(faces));
    }

    /// <summary>The faces, the one that <see cref="Main"/> chooses first.</summary>
    /// <param name="faces">Any number.</param>
    /// <param name="photo">Size of the photograph.</param>
    public static IReadOnlyList<DetectedFace> Ranked(IReadOnlyList<DetectedFace> faces, ImageSize photo) =>
        [.. faces.OrderByDescending(face => Score(face.Box, photo))];

    private static double Score(FaceBox box, ImageSize photo)
    {
        var (x, y) = (box.Centre.X - photo.Width / 2.0, box.Centre.Y - photo.Height / 2.0);
        return box.Area - 2 * (x * x + y * y);
    }
}
