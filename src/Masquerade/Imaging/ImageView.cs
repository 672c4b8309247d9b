namespace Masquerade.Imaging;

/// <summary>The pixels of an image that somebody else owns: 8-bit RGB, rows from the top, three bytes a pixel, no padding.</summary>
public readonly ref struct ImageView
{
    /// <param name="pixels">width × height × 3 bytes.</param>
    /// <param name="size">Width and height.</param>
    /// <exception cref="ArgumentException">The buffer does not have the size that the dimensions ask for.</exception>
    public ImageView(ReadOnlySpan<byte> pixels, ImageSize size)
    {
        if (pixels.Length != size.Values) throw new ArgumentException($"{pixels.Length} bytes for {size} RGB", nameof(pixels));
        Pixels = pixels;
        Size = size;
    }

    /// <summary>RGB bytes, interleaved, rows from the top.</summary>
    public ReadOnlySpan<byte> Pixels { get; }

    /// <summary>Width and height.</summary>
    public ImageSize Size { get; }

    /// <summary>Pixels in a row.</summary>
    public int Width => Size.Width;

    /// <summary>Rows.</summary>
    public int Height => Size.Height;

    /// <summary>A view of a whole image.</summary>
    public static implicit operator ImageView(FaceImage image) => image.View;
}
