using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using SkiaSharp;

namespace Masquerade.Imaging;

/// <summary>
/// Photographs from files (JPEG, PNG, WebP, BMP) and lossless PNG back. Pixels are the stored values: an embedded colour profile is
/// not applied, as in the libraries that face networks are trained with. The EXIF orientation is applied. Grey becomes equal red, green
/// and blue; 16-bit samples keep their high byte; CMYK is multiplied out (red = (1 − cyan)·(1 − black)); transparent
/// pixels are laid over black, the colour outside a crop. Of an animation the first picture is taken.
/// </summary>
public static class ImageFile
{
    /// <summary>Most pixels of an image that is decoded; a header that claims more is refused before memory is taken.</summary>
    public const long MaxPixels = 100_000_000;

    private const long MaxBytes = 512L << 20;

    /// <summary>The file name extensions of images that are read, in the order in which a name without extension is tried.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".jpg", ".jpeg", ".png", ".webp", ".bmp"];

    /// <summary>Whether a file name ends in one of <see cref="Extensions"/>, in any case.</summary>
    public static bool HasImageExtension(string name) => Extensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads an image file.</summary>
    /// <exception cref="InputException">Missing, a folder, unreadable, not an image, truncated, damaged or too large.</exception>
    public static FaceImage Read(string path) => Decode(InputFile.ReadBytes(path, MaxBytes), path);

    /// <summary>As <see cref="Read"/>, into a rented buffer.</summary>
    internal static PooledImage ReadPooled(string path) => DecodePooled(InputFile.ReadBytes(path, MaxBytes), path);

    /// <summary>Decodes an image held in memory.</summary>
    /// <param name="bytes">The encoded file.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="InputException">Not an image, truncated, damaged or too large.</exception>
    public static FaceImage Decode(ReadOnlySpan<byte> bytes, string name)
    {
        using var image = DecodePooled(bytes, name);
        return image.ToImage();
    }

    private static unsafe PooledImage DecodePooled(ReadOnlySpan<byte> bytes, string name)
    {
        if (bytes.IsEmpty) throw new InputException($"{name}: the file is empty; copy it again");
        fixed (byte* start = bytes)
        {
            using var data = SKData.Create((nint)start, bytes.Length);
            using var codec = SKCodec.Create(data);
            if (codec is null) throw new InputException($"{name}: is not a JPEG, PNG, WebP or BMP image, or its header is damaged");
            if (codec.EncodedFormat is not (SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Png or SKEncodedImageFormat.Webp
                or SKEncodedImageFormat.Bmp))
            {
                throw new InputException($"{name}: is a {codec.EncodedFormat} image; convert it to JPEG, PNG, WebP or BMP");
            }
            // PNG: what Skia says of it is always "as stored".
            var origin = codec.EncodedFormat == SKEncodedImageFormat.Png ? PngOrientation.Read(bytes) : codec.EncodedOrigin;
            return Orient(DecodePixels(codec, name), origin);
        }
    }

    private static unsafe PooledImage DecodePixels(SKCodec codec, string name)
    {
        // Without a colour space of its own the destination takes the stored values: Skia converts nothing.
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Premul, null);
        var count = (long)info.Width * info.Height;
        if (count > MaxPixels)
        {
            throw new InputException(
                $"{name}: claims {info.Width}x{info.Height} pixels; at most {MaxPixels:N0} are decoded, scale it down");
        }
        var buffer = ArrayPool<byte>.Shared.Rent((int)count * 4);
        var image = new PooledImage(new ImageSize(info.Width, info.Height), buffer);
        try
        {
            SKCodecResult result;
            fixed (byte* target = buffer) result = codec.GetPixels(info, (nint)target, info.Width * 4, SKCodecOptions.Default);
            if (result == SKCodecResult.IncompleteInput) throw new InputException($"{name}: the image is cut off; copy it again");
            if (result != SKCodecResult.Success) throw new InputException($"{name}: the image is damaged ({result}); copy it again");
            PackRgb(buffer.AsSpan(0, (int)count * 4));
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>Encodes losslessly: 8-bit RGB, no profile, settings that favour speed over size.</summary>
    public static byte[] EncodePng(FaceImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Encode(image, pixmap => pixmap.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.Paeth, 1)))
            ?? throw new InvalidOperationException($"no PNG of a {image.Size} image");
    }

    /// <summary>Encodes as most photographs are: baseline JPEG, chroma at half the width and height (4:2:0), no profile.</summary>
    /// <param name="image">Sides of at most 65,500 pixels.</param>
    /// <param name="quality">The encoder's quality, 1 to 100.</param>
    /// <exception cref="InputException">The image is too large for JPEG.</exception>
    internal static byte[] EncodeJpeg(FaceImage image, int quality)
    {
        var options = new SKJpegEncoderOptions(quality, SKJpegEncoderDownsample.Downsample420, SKJpegEncoderAlphaOption.Ignore);
        return Encode(image, pixmap => pixmap.Encode(options))
            ?? throw new InputException($"a {image.Size} image is too large for JPEG; scale it down");
    }

    private static unsafe byte[]? Encode(FaceImage image, Func<SKPixmap, SKData?> encode)
    {
        var count = image.Width * image.Height;
        var rgba = ArrayPool<byte>.Shared.Rent(checked(count * 4));
        try
        {
            UnpackRgb(image.Pixels, rgba.AsSpan(0, count * 4));
            fixed (byte* source = rgba)
            {
                using var pixmap = new SKPixmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque, null),
                    (nint)source, image.Width * 4);
                using var data = encode(pixmap);
                return data?.ToArray();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rgba);
        }
    }

    /// <summary>Writes a PNG file whole or not at all: to a temporary name beside it, then moved into place over what was there.</summary>
    /// <exception cref="InputException">The file cannot be written: no such folder, read-only, disk full.</exception>
    public static void WritePng(string path, FaceImage image) => OutputFile.Write(path, EncodePng(image));

    /// <summary>Moves pixels of four bytes together so that each takes three.</summary>
    private static void PackRgb(Span<byte> pixels)
    {
        var (from, to) = (0, 0);
        if (Vector128.IsHardwareAccelerated)
        {
            // Four pixels at once; the four bytes too many reach no pixel that is still to be read, and the next ones go over them.
            var order = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
            for (; from + 16 <= pixels.Length; from += 16, to += 12)
                Vector128.Shuffle(Vector128.Create<byte>(pixels.Slice(from, 16)), order).CopyTo(pixels[to..]);
        }
        for (; from < pixels.Length; from += 4, to += 3)
            pixels.Slice(from, 3).CopyTo(pixels[to..]);
    }

    private static void UnpackRgb(ReadOnlySpan<byte> rgb, Span<byte> rgba)
    {
        for (int from = 0, to = 0; from < rgb.Length; from += 3, to += 4)
        {
            rgb.Slice(from, 3).CopyTo(rgba[to..]);
            rgba[to + 3] = byte.MaxValue;
        }
    }

    /// <summary>Turns the stored rows as the EXIF orientation says (TIFF 6.0: where the stored first row and column are seen).</summary>
    private static PooledImage Orient(PooledImage stored, SKEncodedOrigin origin)
    {
        if (origin == SKEncodedOrigin.TopLeft) return stored;
        var (width, height) = (stored.Size.Width, stored.Size.Height);
        var swapped = origin >= SKEncodedOrigin.LeftTop;
        var fromRight = origin is SKEncodedOrigin.TopRight or SKEncodedOrigin.BottomRight
            or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom;
        var fromBottom = origin is SKEncodedOrigin.BottomRight or SKEncodedOrigin.BottomLeft
            or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        var (newWidth, newHeight) = swapped ? (height, width) : (width, height);
        var seen = PooledImage.Rent(new ImageSize(newWidth, newHeight));
        var source = MemoryMarshal.Cast<byte, Rgb>(stored.Rgb);
        var target = MemoryMarshal.Cast<byte, Rgb>(seen.Rgb);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (column, row) = swapped ? (y, x) : (x, y);
                if (fromRight) column = newWidth - 1 - column;
                if (fromBottom) row = newHeight - 1 - row;
                target[row * newWidth + column] = source[y * width + x];
            }
        }
        stored.Dispose();
        return seen;
    }

    private readonly record struct Rgb(byte Red, byte Green, byte Blue);
}
