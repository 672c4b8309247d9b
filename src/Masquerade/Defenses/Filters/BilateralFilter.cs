using System.Globalization;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>
/// The mean of the pixels around each, where near ones and ones of a like colour count most: smooths, but not across edges (Tomasi and
/// Manduchi, ICCV 1998). It reaches two standard deviations far; the border is mirrored, the edge not repeated.
/// </summary>
/// <param name="SigmaSpace">Standard deviation of the weight over distance, in pixels.</param>
/// <param name="SigmaRange">Standard deviation of the weight over the Euclidean distance of two RGB colours, in levels of 255.</param>
public sealed record BilateralFilter(double SigmaSpace = 1.5, double SigmaRange = 30) : Purifier
{
    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"bilateral:{SigmaSpace}:{SigmaRange}");

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        var range = SigmaRange / 255;
        return AlikeNeighbours.Mean(images, (int)Math.Ceiling(2 * SigmaSpace), 1, (distance, down, right) =>
            distance.Times(-1 / (2 * range * range)).Minus((down * down + right * right) / (2 * SigmaSpace * SigmaSpace)).exp_());
    }
}
