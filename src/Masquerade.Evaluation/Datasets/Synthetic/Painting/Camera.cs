using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic.Painting;

/// <summary>What a camera does to a scene: blur, exposure, white balance, contrast, noise.</summary>
internal static class Camera
{
    /// <summary>Takes a photograph of a scene: four bytes a pixel.</summary>
    public static SKBitmap Expose(SKBitmap scene, SyntheticCapture how, SplitMix random)
    {
        if (how.Blur > 0) Blur(scene, how.Blur);
        var bitmap = new SKBitmap(scene.Info.WithColorType(SKColorType.Rgba8888));
        using (var pixels = scene.PeekPixels()) pixels.ReadPixels(bitmap.Info, bitmap.GetPixels(), bitmap.RowBytes);
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
        return bitmap;
    }

    private static void Blur(SKBitmap scene, float radius)
    {
        using var sharp = scene.Copy();
        using var canvas = new SKCanvas(scene);
        using var filter = SKImageFilter.CreateBlur(radius, radius, SKShaderTileMode.Clamp);
        using var paint = new SKPaint { ImageFilter = filter, BlendMode = SKBlendMode.Src };
        canvas.DrawBitmap(sharp, 0, 0, paint);
        canvas.Flush();
    }

    private static byte Level(float value, float contrast)
    {
        var level = 118 + (value - 118) * contrast;
        // Film's shoulder: what is too bright is not cut off at once.
        if (level > 215) level = 215 + 40 * (1 - MathF.Exp(-(level - 215) / 40));
        return (byte)Math.Clamp(level, 0, 255);
    }
}
