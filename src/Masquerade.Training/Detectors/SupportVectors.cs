using System.Numerics.Tensors;

namespace Masquerade.Training.Detectors;

/// <summary>
/// A support vector machine with a Gaussian kernel, trained by sequential minimal optimisation with second-order choice of the pair (Fan,
/// Chen and Lin, JMLR 2005).
/// </summary>
internal sealed class SupportVectors
{
    private const double Tolerance = 1e-3;
    private const double Least = 1e-12;

    private SupportVectors(float[][] vectors, double[] weights, double bias, double gamma) =>
        (Vectors, Weights, Bias, Gamma) = (vectors, weights, bias, gamma);

    /// <summary>The support vectors.</summary>
    public IReadOnlyList<float[]> Vectors { get; }

    /// <summary>The weight of each: positive on the side of class +1.</summary>
    public IReadOnlyList<double> Weights { get; }

    /// <summary>What is added to the weighted kernels.</summary>
    public double Bias { get; }

    /// <summary>The kernel is exp(−γ‖a − b‖²).</summary>
    public double Gamma { get; }

    /// <summary>Trains one.</summary>
    /// <param name="rows">n points of equal length; their kernels, 4·n² bytes, are held in memory.</param>
    /// <param name="positive">Which are of class +1; at least one of each.</param>
    /// <param name="cost">What an error costs, above 0.</param>
    /// <param name="gamma">Of the kernel, above 0.</param>
    public static SupportVectors Train(IReadOnlyList<float[]> rows, IReadOnlyList<bool> positive, double cost, double gamma)
    {
        var n = rows.Count;
        var sign = positive.Select(p => p ? 1.0 : -1.0).ToArray();
        var kernel = Kernel(rows, gamma);
        var alpha = new double[n];
        var gradient = Enumerable.Repeat(-1.0, n).ToArray(); // of the dual: Qα − 1
        var most = Math.Max(100_000, 100 * n);
        for (var round = 0; round < most; round++)
        {
            if (Choose() is not var (i, j)) break;
            var (row, other) = (kernel[i], kernel[j]);
            var curvature = Math.Max(Least, row[i] + other[j] - 2 * row[j]);
            // Along the direction that keeps the sum of signed weights.
            var step = (-sign[i] * gradient[i] + sign[j] * gradient[j]) / curvature;
            step = Math.Min(step, sign[i] > 0 ? cost - alpha[i] : alpha[i]);
            step = Math.Min(step, sign[j] > 0 ? alpha[j] : cost - alpha[j]);
            alpha[i] = Math.Clamp(alpha[i] + sign[i] * step, 0, cost);
            alpha[j] = Math.Clamp(alpha[j] - sign[j] * step, 0, cost);
            for (var k = 0; k < n; k++) gradient[k] += sign[k] * step * (row[k] - other[k]);
        }
        int[] support = [.. Enumerable.Range(0, n).Where(k => alpha[k] > Least)];
        return new SupportVectors([.. support.Select(k => rows[k])], [.. support.Select(k => sign[k] * alpha[k])], -Offset(), gamma);

        (int I, int J)? Choose()
        {
            var (i, highest) = (-1, double.NegativeInfinity);
            for (var k = 0; k < n; k++)
            {
                if ((sign[k] > 0 ? alpha[k] < cost : alpha[k] > 0) && -sign[k] * gradient[k] > highest) (i, highest) = (k, -sign[k] * gradient[k]);
            }
            if (i < 0) return null;
            var (j, best, lowest) = (-1, 0.0, double.PositiveInfinity);
            for (var k = 0; k < n; k++)
            {
                if (!(sign[k] > 0 ? alpha[k] > 0 : alpha[k] < cost)) continue;
                var value = -sign[k] * gradient[k];
                lowest = Math.Min(lowest, value);
                var gap = highest - value;
                if (gap <= 0) continue;
                var gain = gap * gap / Math.Max(Least, kernel[i][i] + kernel[k][k] - 2 * kernel[i][k]);
                if (gain > best) (j, best) = (k, gain);
            }
            return j < 0 || highest - lowest < Tolerance ? null : (i, j);
        }

        // The mean of sign·gradient over free vectors; half-way between the bounds where there are none.
        double Offset()
        {
            double[] free = [.. Enumerable.Range(0, n).Where(k => alpha[k] > Least && alpha[k] < cost - Least).Select(k => sign[k] * gradient[k])];
            if (free.Length > 0) return free.Average();
            var up = Enumerable.Range(0, n).Where(k => sign[k] > 0 ? alpha[k] < cost : alpha[k] > 0).Select(k => sign[k] * gradient[k]);
            var down = Enumerable.Range(0, n).Where(k => sign[k] > 0 ? alpha[k] > 0 : alpha[k] < cost).Select(k => sign[k] * gradient[k]);
            return (up.Min() + down.Max()) / 2;
        }
    }

    /// <summary>Which side a point is on, and how far: positive for class +1.</summary>
    public double Decide(ReadOnlySpan<float> point)
    {
        var sum = Bias;
        for (var k = 0; k < Vectors.Count; k++)
        {
            double distance = TensorPrimitives.Distance(Vectors[k], point);
            sum += Weights[k] * Math.Exp(-Gamma * distance * distance);
        }
        return sum;
    }

    private static float[][] Kernel(IReadOnlyList<float[]> rows, double gamma)
    {
        var kernel = new float[rows.Count][];
        Parallel.For(0, rows.Count, i =>
        {
            kernel[i] = new float[rows.Count];
            for (var k = 0; k < rows.Count; k++)
            {
                double distance = TensorPrimitives.Distance<float>(rows[i], rows[k]);
                kernel[i][k] = (float)Math.Exp(-gamma * distance * distance);
            }
        });
        return kernel;
    }
}
