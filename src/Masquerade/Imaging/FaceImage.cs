namespace Masquerade.Imaging;

/// <summary>Width and height of an image, in pixels.</summary>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
public readonly record struct ImageSize(int Width, int Height)
{
    /// <summary>Values of one RGB image: 3 × height × width.</summary>
    public int Values => 3 * Width * Height;

    /// <inheritdoc/>
    public override string ToString() => $"{Width}x{Height}";
}

/// <summary>A decoded photograph or crop: 8-bit RGB, rows from the top, three bytes a pixel, no padding.</summary>
public sealed class FaceImage
{
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels">width × height × 3 bytes; owned by the image from here on.</param>
    /// <exception cref="ArgumentException">The buffer does not have the size that the dimensions ask for.</exception>
    public FaceImage(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != checked(width * height * 3))
            throw new ArgumentException($"{pixels.Length} bytes for {width}x{height} RGB", nameof(pixels));
        Size = new ImageSize(width, height);
        Pixels = pixels;
    }

    /// <summary>Width and height.</summary>
    public ImageSize Size { get; }

    /// <summary>Pixels in a row.</summary>
    public int Width => Size.Width;

    /// <summary>Rows.</summary>
    public int Height => Size.Height;

    /// <summary>RGB bytes, interleaved, rows from the top.</summary>
    public byte[] Pixels { get; }

    /// <summary>The image as what only looks at it takes it.</summary>
    public ImageView View => new(Pixels, Size);
}
