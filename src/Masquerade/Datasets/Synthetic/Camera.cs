using SkiaSharp;

namespace Masquerade.Datasets.Synthetic;

/// <summary>What a camera does to a scene: blur, exposure, white balance, contrast, noise.</summary>
internal static class Camera
{
    public static void Expose(SKBitmap bitmap, SyntheticCapture how, SplitMix random)
    {
        if (how.Blur > 0)
        {
            using var sharp = bitmap.Copy();
            using var canvas = new SKCanvas(bitmap);
            using var filter = SKImageFilter.CreateBlur(how.Blur, how.Blur, SKShaderTileMode.Clamp);
            using var paint = new SKPaint { ImageFilter = filter, BlendMode = SKBlendMode.Src };
            canvas.DrawBitmap(sharp, 0, 0, paint);
            canvas.Flush();
        }
        Span<float> gains = [how.Exposure * (1 + how.Warmth), how.Exposure * (1 + how.Tint), how.Exposure * (1 - how.Warmth)];
        var bytes = bitmap.GetPixelSpan();
        Span<byte> curve = stackalloc byte[3 * 256];
        for (var i = 0; i < curve.Length; i++) curve[i] = Level(i % 256 * gains[i / 256], how.Contrast);
        for (var at = 0; at + 4 <= bytes.Length; at += 4)
        {
            // Six bytes of a draw make three bell-shaped values: each is the difference of two even ones.
            var bits = random.Next();
            for (var c = 0; c < 3; c++, bits >>= 16)
            {
                var noise = how.Noise / 104f * ((int)(bits & 255) - (int)(bits >> 8 & 255));
                bytes[at + c] = (byte)Math.Clamp(curve[256 * c + bytes[at + c]] + noise + 0.5f, 0, 255);
            }
        }
    }

    private static byte Level(float value, float contrast)
    {
        var level = 118 + (value - 118) * contrast;
        // Film's shoulder: what is too bright is not cut off at once.
        if (level > 215) level = 215 + 40 * (1 - MathF.Exp(-(level - 215) / 40));
        return (byte)Math.Clamp(level, 0, 255);
    }
}
