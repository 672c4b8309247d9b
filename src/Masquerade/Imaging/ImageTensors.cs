using static TorchSharp.torch;

namespace Masquerade.Imaging;

/// <summary>
/// Between 8-bit images and the planar float images that networks and attacks work on: float32, [N,3,H,W], RGB, values in [0,1].
/// </summary>
public static class ImageTensors
{
    /// <summary>Writes one image as planar floats in [0,1] (value / 255).</summary>
    /// <param name="image">Any size.</param>
    /// <param name="planar">3 × height × width values: the red plane, then green, then blue.</param>
    public static void WritePlanar(FaceImage image, Span<float> planar)
    {
        ArgumentNullException.ThrowIfNull(image);
        var plane = image.Width * image.Height;
        if (planar.Length != 3 * plane) throw new ArgumentException($"{planar.Length} values for {image.Size}", nameof(planar));
        var red = planar[..plane];
        var green = planar.Slice(plane, plane);
        var blue = planar.Slice(2 * plane, plane);
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int i = 0, p = 0; i < plane; i++, p += 3)
        {
            red[i] = pixels[p] / 255f;
            green[i] = pixels[p + 1] / 255f;
            blue[i] = pixels[p + 2] / 255f;
        }
    }

    /// <summary>Rounds planar floats in [0,1] to an 8-bit image (half to even of 255·x; values outside are clipped, NaN is 0).</summary>
    /// <param name="planar">3 × height × width values.</param>
    /// <param name="size">The image's size.</param>
    public static FaceImage FromPlanar(ReadOnlySpan<float> planar, ImageSize size)
    {
        var plane = size.Width * size.Height;
        if (planar.Length != 3 * plane) throw new ArgumentException($"{planar.Length} values for {size}", nameof(planar));
        var pixels = new byte[3 * plane];
        for (var c = 0; c < 3; c++)
        {
            for (var i = 0; i < plane; i++)
                pixels[3 * i + c] = (byte)Math.Clamp(MathF.Round(planar[c * plane + i] * 255f, MidpointRounding.ToEven), 0f, 255f);
        }
        return new FaceImage(size.Width, size.Height, pixels);
    }

    /// <summary>Stacks images of one size into a tensor [N,3,H,W] in [0,1], owned by the caller's scope.</summary>
    /// <exception cref="ArgumentException">No image, or images of different sizes.</exception>
    public static Tensor ToTensor(IReadOnlyList<FaceImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0) throw new ArgumentException("no images", nameof(images));
        var size = images[0].Size;
        var values = new float[images.Count * size.Values];
        for (var i = 0; i < images.Count; i++)
        {
            if (images[i].Size != size) throw new ArgumentException($"image {i} is {images[i].Size}, the first is {size}", nameof(images));
            WritePlanar(images[i], values.AsSpan(i * size.Values, size.Values));
        }
        return tensor(values, [images.Count, 3, size.Height, size.Width]);
    }

    /// <summary>
    /// The images as they are after rounding to 8 bits a channel: round half to even of 255·x, divided by 255. What a PNG file would hold.
    /// NaN stays NaN.
    /// </summary>
    /// <param name="images">[N,3,H,W] in [0,1].</param>
    public static Tensor RoundTo8Bit(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var levels = images.Times(255f);
        levels.round_();
        return levels.Over(255f);
    }
}
