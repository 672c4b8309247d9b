using Masquerade.Imaging;

namespace Masquerade.Testing;

/// <summary>Pictures of nothing.</summary>
internal static class Noise
{
    /// <summary>An image of even noise.</summary>
    public static FaceImage Image(int width, int height, int seed)
    {
        var pixels = new byte[3 * width * height];
        new Random(seed).NextBytes(pixels);
        return new FaceImage(width, height, pixels);
    }
}
