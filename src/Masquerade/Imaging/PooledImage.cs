using System.Buffers;

namespace Masquerade.Imaging;

/// <summary>
/// A decoded photograph in a rented buffer, for one that is looked at and let go: arrays of a photograph's size are collected only with
/// the whole heap.
/// </summary>
internal sealed class PooledImage(ImageSize size, byte[] buffer) : IDisposable
{
    /// <summary>Width and height.</summary>
    public ImageSize Size => size;

    /// <summary>RGB bytes, interleaved, rows from the top; until <see cref="Dispose"/>.</summary>
    public Span<byte> Rgb => buffer.AsSpan(0, size.Values);

    /// <summary>The image as what only looks at it takes it; until <see cref="Dispose"/>.</summary>
    public ImageView View => new(Rgb, size);

    /// <summary>A buffer for an image of that size, its bytes undefined.</summary>
    public static PooledImage Rent(ImageSize size) => new(size, ArrayPool<byte>.Shared.Rent(size.Values));

    /// <summary>The image in memory of its own.</summary>
    public FaceImage ToImage() => new(size.Width, size.Height, Rgb.ToArray());

    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);
}
