using Masquerade.Imaging;

namespace Masquerade.Networks;

/// <summary>Fixed images for trying out a network: smooth patterns with some noise, the same on every machine.</summary>
internal static class ProbeImages
{
    /// <returns>count × 3 × H × W values in [0,1], planar.</returns>
    public static float[] Create(ImageSize size, int count)
    {
        var values = new float[count * size.Values];
        var state = 0x9E3779B97F4A7C15ul;
        for (int image = 0, at = 0; image < count; image++)
        {
            for (var c = 0; c < 3; c++)
            {
                for (var y = 0; y < size.Height; y++)
                {
                    for (var x = 0; x < size.Width; x++)
                    {
                        state = state * 6364136223846793005ul + 1442695040888963407ul;
                        var noise = (state >> 40) / (float)(1 << 24) - 0.5f;
                        var wave = MathF.Sin(0.11f * (x + 1) * (image + 1) + c) * MathF.Cos(0.07f * (y + 1) * (image + 2));
                        values[at++] = Math.Clamp(0.5f + 0.35f * wave + 0.2f * noise, 0f, 1f);
                    }
                }
            }
        }
        return values;
    }
}
