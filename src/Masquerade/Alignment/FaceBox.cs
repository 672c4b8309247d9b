namespace Masquerade.Alignment;

/// <summary>A rectangle around a face, in pixels of the photograph; it may reach beyond its edges.</summary>
/// <param name="Left">Left edge.</param>
/// <param name="Top">Upper edge.</param>
/// <param name="Right">Right edge.</param>
/// <param name="Bottom">Lower edge.</param>
public readonly record struct FaceBox(double Left, double Top, double Right, double Bottom)
{
    /// <summary>Right minus left.</summary>
    public double Width => Right - Left;

    /// <summary>Bottom minus top.</summary>
    public double Height => Bottom - Top;

    /// <summary>Width × height.</summary>
    public double Area => Width * Height;

    /// <summary>Its middle.</summary>
    public ImagePoint Centre => new((Left + Right) / 2, (Top + Bottom) / 2);
}
