using static TorchSharp.torch;

namespace Masquerade.Attacks;

/// <summary>The distribution that noise is drawn from.</summary>
public enum NoiseKind
{
    /// <summary>Uniform in [−1,1), variance ⅓.</summary>
    Uniform,

    /// <summary>Normal with standard deviation 1/√3: the uniform's variance.</summary>
    Gaussian,
}

/// <summary>
/// Noise images, each drawn from its own pair's generator straight into native memory, on as many threads as there are images.
/// </summary>
internal static class Noise
{
    private static readonly float GaussianDeviation = (float)(1 / Math.Sqrt(3));

    /// <param name="kind">The distribution.</param>
    /// <param name="draws">For each image its generator and which draw of it.</param>
    /// <param name="shape">Shape of one image, [3,H,W].</param>
    /// <returns>float32 [draws,3,H,W], owned by the caller's scope.</returns>
    public static unsafe Tensor Draw(NoiseKind kind, IReadOnlyList<(CounterRandom Random, int Level)> draws, ReadOnlySpan<long> shape)
    {
        var size = 1;
        foreach (var side in shape) size = checked(size * (int)side);
        var noise = empty([draws.Count, .. shape], ScalarType.Float32);
        fixed (byte* bytes = noise.bytes)
        {
            var start = (nint)bytes;
            Parallel.For(0, draws.Count, i =>
            {
                var values = new Span<float>((float*)start + (long)i * size, size);
                var (random, level) = draws[i];
                if (kind == NoiseKind.Uniform)
                {
                    random.Uniform(values, level);
                    return;
                }
                random.Gaussian(values, level);
                System.Numerics.Tensors.TensorPrimitives.Multiply(values, GaussianDeviation, values);
            });
        }
        return noise;
    }
}
