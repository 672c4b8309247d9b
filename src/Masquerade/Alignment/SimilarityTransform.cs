namespace Masquerade.Alignment;

/// <summary>Rotation, uniform scale and translation, no reflection: (x, y) ↦ (A·x − B·y + ShiftX, B·x + A·y + ShiftY).</summary>
/// <param name="A">Scale × cosine of the angle.</param>
/// <param name="B">Scale × sine of the angle.</param>
/// <param name="ShiftX">Translation to the right.</param>
/// <param name="ShiftY">Translation downwards.</param>
public readonly record struct SimilarityTransform(double A, double B, double ShiftX, double ShiftY)
{
    /// <summary>How much longer lengths become.</summary>
    public double Scale => double.Hypot(A, B);

    /// <summary>Where a point goes.</summary>
    public ImagePoint Apply(ImagePoint point) => new(A * point.X - B * point.Y + ShiftX, B * point.X + A * point.Y + ShiftY);

    /// <summary>The transform that leads back; not finite where <see cref="Scale"/> is 0.</summary>
    public SimilarityTransform Inverse()
    {
        var square = A * A + B * B;
        var (a, b) = (A / square, -B / square);
        return new SimilarityTransform(a, b, -(a * ShiftX - b * ShiftY), -(b * ShiftX + a * ShiftY));
    }

    /// <summary>
    /// The transform with the least sum of squared distances between where it takes <paramref name="from"/> and <paramref name="to"/>
    /// (Umeyama, PAMI 1991, without reflection; in the plane the solution is linear).
    /// </summary>
    /// <param name="from">At least two points.</param>
    /// <param name="to">As many points.</param>
    /// <exception cref="InputException">
    /// No invertible transform is best: the points of either side coincide, are not finite, or have nothing of each other's shape.
    /// </exception>
    public static SimilarityTransform Fit(IReadOnlyList<ImagePoint> from, IReadOnlyList<ImagePoint> to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Count, from.Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(from.Count, 2);
        var (fromX, fromY) = (from.Average(p => p.X), from.Average(p => p.Y));
        var (toX, toY) = (to.Average(p => p.X), to.Average(p => p.Y));
        double spread = 0, along = 0, across = 0;
        for (var i = 0; i < from.Count; i++)
        {
            var (x, y) = (from[i].X - fromX, from[i].Y - fromY);
            var (u, v) = (to[i].X - toX, to[i].Y - toY);
            spread += x * x + y * y;
            along += x * u + y * v;
            across += x * v - y * u;
        }
        var (a, b) = (along / spread, across / spread);
        var fit = new SimilarityTransform(a, b, toX - (a * fromX - b * fromY), toY - (b * fromX + a * fromY));
        var back = fit.Inverse();
        if (!IsFinite(fit) || !IsFinite(back))
            throw new InputException($"the landmarks around ({fromX:0.#}, {fromY:0.#}) coincide or span no face; correct them");
        return fit;
    }

    private static bool IsFinite(SimilarityTransform t) =>
        double.IsFinite(t.A) && double.IsFinite(t.B) && double.IsFinite(t.ShiftX) && double.IsFinite(t.ShiftY);
}
