using Masquerade.Imaging;
using SkiaSharp;

namespace Masquerade.Evaluation.Reporting.Figures;

/// <summary>
/// An attack in pictures: probe, perturbation, adversarial image, what a defense makes of it, and reference beside each other.
/// </summary>
internal static class ExampleStrip
{
    private const int Gap = 4;
    private const int SmallestTile = 96;

    /// <summary>Draws a strip with transparent gaps; small crops are enlarged by a whole factor, so that their pixels stay sharp.</summary>
    /// <param name="probe">The clean crop.</param>
    /// <param name="adversarial">The adversarial image, planar, in [0,1].</param>
    /// <param name="reference">The reference's crop, of the probe's size.</param>
    /// <param name="name">What to name in messages.</param>
    /// <param name="purified">The adversarial image as a defense hands it on; null for none.</param>
    /// <returns>A PNG file.</returns>
    /// <exception cref="InputException">The images do not fit together.</exception>
    public static unsafe byte[] Draw(FaceImage probe, float[] adversarial, FaceImage reference, string name, float[]? purified = null)
    {
        float[][] images = purified is null ? [adversarial] : [adversarial, purified];
        if (images.Any(i => i.Length != probe.Size.Values) || reference.Size != probe.Size)
            throw new InputException($"{name}: the run's images are of different sizes; run it again into a new folder");
        FaceImage[] tiles =
            [probe, Perturbation(probe, adversarial), .. images.Select(i => ImageTensors.FromPlanar(i, probe.Size)), reference];
        var factor = Factor(probe.Size);
        var (tile, height) = (probe.Width * factor, probe.Height * factor);
        var width = tiles.Length * tile + (tiles.Length - 1) * Gap;
        var pixels = new SKColor[width * height];
        for (var t = 0; t < tiles.Length; t++)
        {
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < tile; x++)
                {
                    var from = tiles[t].Pixels.AsSpan(3 * (y / factor * probe.Width + x / factor));
                    pixels[y * width + t * (tile + Gap) + x] = new SKColor(from[0], from[1], from[2]);
                }
            }
        }
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        bitmap.Pixels = pixels;
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100)
            ?? throw new InvalidOperationException($"{name}: no PNG of {width}x{height}");
        return data.ToArray();
    }

    /// <summary>How many pixels a side a pixel becomes.</summary>
    internal static int Factor(ImageSize size)
    {
        var side = Math.Min(size.Width, size.Height);
        return (SmallestTile + side - 1) / side;
    }

    /// <summary>The perturbation made visible as the study showed it: Δ/max|Δ| · 0.2 + 0.5, grey where nothing changed.</summary>
    internal static FaceImage Perturbation(FaceImage probe, float[] adversarial)
    {
        var difference = new float[adversarial.Length];
        ImageTensors.WritePlanar(probe, difference);
        var largest = 0f;
        for (var i = 0; i < difference.Length; i++)
        {
            difference[i] = adversarial[i] - difference[i];
            largest = Math.Max(largest, Math.Abs(difference[i]));
        }
        for (var i = 0; i < difference.Length; i++) difference[i] = largest == 0 ? 0.5f : difference[i] / largest * 0.2f + 0.5f;
        return ImageTensors.FromPlanar(difference, probe.Size);
    }
}
