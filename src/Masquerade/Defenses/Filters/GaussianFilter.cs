using System.Globalization;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>
/// Smooths with a Gaussian, along columns and then along rows; it reaches three standard deviations far, and the border is mirrored, the
/// edge not repeated.
/// </summary>
/// <param name="Sigma">Standard deviation in pixels.</param>
public sealed record GaussianFilter(double Sigma = 1) : Purifier
{
    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"gaussian:{Sigma}");

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws) => images.dtype == ScalarType.Float32
        ? new SlidingSums(Weights(), mirror: true).Of(images)
        : ApplyForGradient(images, draws);

    /// <inheritdoc/>
    protected override Tensor ApplyForGradient(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        var weights = Weights();
        return ImageSlices.Through(images, slice =>
        {
            using var scope = NewDisposeScope();
            return Windows.WeightedSums(Windows.Mirrored(slice, weights.Length), weights).MoveToOuterDisposeScope();
        });
    }

    private double[] Weights()
    {
        var reach = (int)Math.Ceiling(3 * Sigma);
        double[] weights = [.. Enumerable.Range(-reach, 2 * reach + 1).Select(d => Math.Exp(-d * d / (2 * Sigma * Sigma)))];
        var sum = weights.Sum();
        return [.. weights.Select(w => w / sum)];
    }
}
