using System.Globalization;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>
/// The most probable image behind an image with Gaussian noise, where neighbouring values differ by Gaussian amounts: the minimum x of
/// ‖x − y‖²/σ² + Σ(xᵢ − xⱼ)²/τ² over all pairs of neighbours in rows and columns, channel by channel (a Gaussian Markov random field; Geman
/// and Geman, IEEE TPAMI 1984; a Wiener filter). It is linear, and exact: the discrete cosine transform makes the sum over pairs diagonal.
/// </summary>
/// <param name="Sigma">σ: standard deviation of the noise of a value, in levels of 255.</param>
/// <param name="Deviation">τ: standard deviation of the difference of two neighbours, in levels of 255.</param>
public sealed record MarkovField(double Sigma = 10, double Deviation = 10) : Purifier
{
    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"gmrf:{Sigma}:{Deviation}");

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        var (height, width) = ((int)images.shape[2], (int)images.shape[3]);
        var down = Cosines(height).to(images.dtype);
        var right = height == width ? down : Cosines(width).to(images.dtype);
        var frequencies = down.matmul(images).matmul(right.T) * Gains(height, width);
        return down.T.matmul(frequencies).matmul(right).MoveToOuterDisposeScope();
    }

    /// <summary>The orthonormal DCT-II, [n,n]: a row for each frequency.</summary>
    private static Tensor Cosines(int n)
    {
        // cos(π(2j+1)k/2n) repeats after 4n.
        var table = new double[4 * n];
        for (var i = 0; i < table.Length; i++) table[i] = Math.Cos(Math.PI * i / (2 * n));
        var values = new float[n * n];
        for (var k = 0; k < n; k++)
        {
            var scale = Math.Sqrt((k == 0 ? 1.0 : 2.0) / n);
            for (var j = 0; j < n; j++) values[k * n + j] = (float)(scale * table[(int)((2L * j + 1) * k % (4 * n))]);
        }
        return tensor(values, [n, n]);
    }

    /// <summary>What is left of each frequency, [H,W].</summary>
    private Tensor Gains(int height, int width)
    {
        var ratio = Sigma * Sigma / (Deviation * Deviation);
        var values = new float[height * width];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
                values[y * width + x] = (float)(1 / (1 + ratio * (Differences(y, height) + Differences(x, width))));
        }
        return tensor(values, [height, width]);

        // Squared differences of neighbours in a cosine of this frequency and unit length.
        static double Differences(int frequency, int n) => 4 * Math.Pow(Math.Sin(Math.PI * frequency / (2.0 * n)), 2);
    }
}
