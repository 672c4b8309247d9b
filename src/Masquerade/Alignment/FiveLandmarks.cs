namespace Masquerade.Alignment;

/// <summary>A place in an image, in pixels from its top left corner; the centre of the first pixel is (½, ½).</summary>
/// <param name="X">To the right.</param>
/// <param name="Y">Downwards.</param>
public readonly record struct ImagePoint(double X, double Y);

/// <summary>Five points of a face; left and right as seen in the image.</summary>
/// <param name="LeftEye">Centre of the eye on the image's left.</param>
/// <param name="RightEye">Centre of the eye on the image's right.</param>
/// <param name="Nose">Tip of the nose.</param>
/// <param name="LeftMouth">Corner of the mouth on the image's left.</param>
/// <param name="RightMouth">Corner of the mouth on the image's right.</param>
public sealed record FiveLandmarks(ImagePoint LeftEye, ImagePoint RightEye, ImagePoint Nose, ImagePoint LeftMouth, ImagePoint RightMouth)
{
    /// <summary>The points in the order of the parameters.</summary>
    public IReadOnlyList<ImagePoint> Points => [LeftEye, RightEye, Nose, LeftMouth, RightMouth];
}
