namespace Masquerade.Alignment;

/// <summary>A linear map and a translation: (x, y) ↦ (XX·x + XY·y + ShiftX, YX·x + YY·y + ShiftY).</summary>
/// <param name="XX">What x adds to x.</param>
/// <param name="XY">What y adds to x.</param>
/// <param name="YX">What x adds to y.</param>
/// <param name="YY">What y adds to y.</param>
/// <param name="ShiftX">Translation to the right.</param>
/// <param name="ShiftY">Translation downwards.</param>
public readonly record struct AffineTransform(double XX, double XY, double YX, double YY, double ShiftX, double ShiftY)
{
    /// <summary>Leaves every point where it is.</summary>
    public static AffineTransform Identity { get; } = new(1, 0, 0, 1, 0, 0);

    /// <summary>Where a point goes.</summary>
    public ImagePoint Apply(ImagePoint point) => new(XX * point.X + XY * point.Y + ShiftX, YX * point.X + YY * point.Y + ShiftY);

    /// <summary>The transform that leads back; not finite where all points go onto one line.</summary>
    public AffineTransform Inverse()
    {
        var area = XX * YY - XY * YX;
        var (a, b, c, d) = (YY / area, -XY / area, -YX / area, XX / area);
        return new AffineTransform(a, b, c, d, -(a * ShiftX + b * ShiftY), -(c * ShiftX + d * ShiftY));
    }

    /// <summary>First this transform, then another.</summary>
    public AffineTransform Then(AffineTransform next)
    {
        var shift = next.Apply(new ImagePoint(ShiftX, ShiftY));
        return new AffineTransform(
            next.XX * XX + next.XY * YX, next.XX * XY + next.XY * YY, next.YX * XX + next.YY * YX, next.YX * XY + next.YY * YY,
            shift.X, shift.Y);
    }

    /// <summary>A similarity as what it is a special case of.</summary>
    public static AffineTransform Of(SimilarityTransform similarity) =>
        new(similarity.A, -similarity.B, similarity.B, similarity.A, similarity.ShiftX, similarity.ShiftY);

    /// <summary>Takes a rectangle onto the whole of an image of that size.</summary>
    internal static AffineTransform Onto(double left, double top, double width, double height, double toWidth, double toHeight)
    {
        var (x, y) = (toWidth / width, toHeight / height);
        return new AffineTransform(x, 0, 0, y, -left * x, -top * y);
    }
}
