using Masquerade.Imaging;

namespace Masquerade.Training.Verifiers;

/// <summary>
/// Changes that do not change who is on a crop: mirrored, shifted, lighter or darker, more or less contrast, another tint, a patch hidden.
/// </summary>
internal static class CropAugmentation
{
    private const int MostShift = 3;
    private const float Brightness = 0.12f;
    private const float Contrast = 0.15f;
    private const float Tint = 0.06f;
    private const float HiddenShare = 0.3f;
    private const int SmallestPatch = 8;
    private const int LargestPatch = 36;

    /// <summary>Cuts a window out of a crop, mirrored or not, with another light.</summary>
    /// <param name="size">The window's size, at most the crop's.</param>
    public static CropChange Windows(ImageSize size) => (crop, random, planar) =>
    {
        var mirrored = random.Chance(0.5f);
        var (left, top) = ((int)random.Below(crop.Width - size.Width + 1), (int)random.Below(crop.Height - size.Height + 1));
        Span<float> curve = stackalloc float[3 * 256];
        DrawCurve(random, curve);
        for (var c = 0; c < 3; c++)
        {
            for (var y = 0; y < size.Height; y++)
            {
                var row = crop.Pixels.AsSpan(3 * ((top + y) * crop.Width + left), 3 * size.Width);
                var target = planar.Slice((c * size.Height + y) * size.Width, size.Width);
                for (var x = 0; x < size.Width; x++) target[mirrored ? size.Width - 1 - x : x] = curve[256 * c + row[3 * x + c]];
            }
        }
    };

    /// <summary>Writes a changed crop as planar floats in [0,1].</summary>
    /// <param name="crop">The crop.</param>
    /// <param name="random">Chooses the change.</param>
    /// <param name="planar">3 × height × width values.</param>
    public static void Write(FaceImage crop, SplitMix random, Span<float> planar)
    {
        var (width, height) = (crop.Width, crop.Height);
        var mirrored = random.Chance(0.5f);
        var (left, down) = (Shift(random), Shift(random));
        Span<float> curve = stackalloc float[3 * 256];
        DrawCurve(random, curve);
        var pixels = crop.Pixels.AsSpan();
        for (var c = 0; c < 3; c++)
        {
            var levels = curve.Slice(256 * c, 256);
            for (var y = 0; y < height; y++)
            {
                var row = pixels.Slice(3 * width * Math.Clamp(y + down, 0, height - 1), 3 * width);
                var target = planar.Slice((c * height + y) * width, width);
                for (var x = 0; x < width; x++)
                {
                    var from = Math.Clamp(x + left, 0, width - 1);
                    target[mirrored ? width - 1 - x : x] = levels[row[3 * from + c]];
                }
            }
        }
        if (random.Chance(HiddenShare)) Hide(random, planar, width, height);
    }

    private static int Shift(SplitMix random) => (int)random.Below(2 * MostShift + 1) - MostShift;

    private static void DrawCurve(SplitMix random, Span<float> curve)
    {
        var (brightness, contrast) = (random.Between(-Brightness, Brightness), 1 + random.Between(-Contrast, Contrast));
        for (var c = 0; c < 3; c++)
        {
            var gain = contrast * (1 + random.Between(-Tint, Tint));
            for (var level = 0; level < 256; level++)
                curve[256 * c + level] = Math.Clamp((level / 255f - 0.5f) * gain + 0.5f + brightness, 0, 1);
        }
    }

    private static void Hide(SplitMix random, Span<float> planar, int width, int height)
    {
        var (w, h) = (SmallestPatch + (int)random.Below(LargestPatch - SmallestPatch), SmallestPatch + (int)random.Below(LargestPatch - SmallestPatch));
        (w, h) = (Math.Min(w, width), Math.Min(h, height));
        var (x, y) = ((int)random.Below(width - w + 1), (int)random.Below(height - h + 1));
        for (var c = 0; c < 3; c++)
        {
            var value = random.Between(0, 1);
            for (var row = y; row < y + h; row++) planar.Slice((c * height + row) * width + x, w).Fill(value);
        }
    }
}
