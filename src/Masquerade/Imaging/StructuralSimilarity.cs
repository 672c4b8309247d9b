using System.Buffers;
using System.Numerics.Tensors;

namespace Masquerade.Imaging;

/// <summary>
/// Structural similarity (Wang, Bovik, Sheikh and Simoncelli, IEEE Transactions on Image Processing 2004): an 11×11 Gaussian window with
/// σ = 1.5, K₁ = 0.01, K₂ = 0.03, only windows that lie inside the image, the mean over red, green and blue.
/// </summary>
public static class StructuralSimilarity
{
    /// <summary>Side of the window, and of the smallest image that can be measured.</summary>
    internal const int Window = 11;

    private const double Sigma = 1.5;
    private const float C1 = 0.01f * 0.01f;
    private const float C2 = 0.03f * 0.03f;

    private static readonly float[] Weights = GaussianWeights();

    /// <summary>SSIM of two images: 1 where they are the same, lower (down to −1) the less they share.</summary>
    /// <param name="a">3 × height × width values in [0,1], planar.</param>
    /// <param name="b">As many.</param>
    /// <param name="size">The images' size, at least 11×11.</param>
    /// <exception cref="ArgumentException">The spans do not have that size, or it is too small.</exception>
    public static double Compute(ReadOnlySpan<float> a, ReadOnlySpan<float> b, ImageSize size)
    {
        if (size.Width < Window || size.Height < Window)
            throw new ArgumentException($"SSIM needs {Window}x{Window} pixels, not {size}", nameof(size));
        if (a.Length != size.Values) throw new ArgumentException($"{a.Length} values for {size}", nameof(a));
        if (b.Length != size.Values) throw new ArgumentException($"{b.Length} values for {size}", nameof(b));
        var plane = size.Width * size.Height;
        var buffer = ArrayPool<float>.Shared.Rent(6 * plane);
        try
        {
            double sum = 0;
            for (var c = 0; c < 3; c++)
                sum += Plane(a.Slice(c * plane, plane), b.Slice(c * plane, plane), size.Width, buffer.AsSpan(0, 6 * plane));
            return sum / (3.0 * (size.Width - Window + 1) * (size.Height - Window + 1));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Sum of the windows' similarities in one plane. With d = a − b the paper's formula is
    /// (1 − m(d)² / (m(a)² + m(b)² + C1)) · (1 − v(d) / (v(a) + v(b) + C2)) of means m and variances v,
    /// which stays exact in float where the images are nearly equal.
    /// </summary>
    private static double Plane(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int width, Span<float> buffer)
    {
        var plane = a.Length;
        var work = buffer[..plane];
        var meanA = buffer.Slice(plane, plane);
        var meanD = buffer.Slice(2 * plane, plane);
        var squares = buffer.Slice(3 * plane, plane);
        var squareD = buffer.Slice(4 * plane, plane);
        var values = buffer.Slice(5 * plane, plane);

        Filter(a, meanA, work, width);
        TensorPrimitives.Subtract(a, b, values);
        Filter(values, meanD, work, width);
        TensorPrimitives.Multiply(values, values, values);
        Filter(values, squareD, work, width);
        TensorPrimitives.Multiply(a, a, values);
        TensorPrimitives.MultiplyAdd(b, b, values, values);
        Filter(values, squares, work, width);

        double sum = 0;
        var rows = plane / width - Window + 1;
        for (var y = 0; y < rows; y++)
        {
            for (var i = y * width; i < y * width + width - Window + 1; i++)
            {
                var d = meanD[i];
                var meanB = meanA[i] - d;
                var means = meanA[i] * meanA[i] + meanB * meanB;
                var light = 1 - d * d / (means + C1);
                var structure = 1 - Math.Max(squareD[i] - d * d, 0) / (Math.Max(squares[i] - means, 0) + C2);
                sum += light * structure;
            }
        }
        return sum;
    }

    /// <summary>
    /// Weighted sums over the window that begins at each pixel, rows then columns, on the whole plane as one line: what runs over a row's
    /// end is not read again.
    /// </summary>
    private static void Filter(ReadOnlySpan<float> source, Span<float> target, Span<float> work, int width)
    {
        WeightedSum(source, work[..^(Window - 1)], 1);
        WeightedSum(work[..^(Window - 1)], target[..^((Window - 1) * (width + 1))], width);
    }

    private static void WeightedSum(ReadOnlySpan<float> source, Span<float> target, int stride)
    {
        TensorPrimitives.Multiply(source[..target.Length], Weights[0], target);
        for (var k = 1; k < Window; k++) TensorPrimitives.MultiplyAdd(source.Slice(k * stride, target.Length), Weights[k], target, target);
    }

    private static float[] GaussianWeights()
    {
        var weights = Enumerable.Range(-(Window / 2), Window).Select(x => Math.Exp(-x * x / (2 * Sigma * Sigma))).ToArray();
        return [.. weights.Select(w => (float)(w / weights.Sum()))];
    }
}
