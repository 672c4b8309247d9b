using System.Globalization;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>What a mean filter takes beyond an image's border.</summary>
public enum MeanBorder
{
    /// <summary>The image mirrored, the edge not repeated: the 2019 study's filter of finished images.</summary>
    Mirror,

    /// <summary>Nothing: the mean is over the pixels inside only; the study's filter that attacks were made through.</summary>
    Inside,
}

/// <summary>
/// The mean of a square of pixels around each. Of an even size, the square reaches one pixel further to the left and up than to the right
/// and down.
/// </summary>
/// <param name="Size">Side of the square in pixels.</param>
/// <param name="Border">What it takes beyond the border.</param>
public sealed record MeanFilter(int Size = 3, MeanBorder Border = MeanBorder.Mirror) : Purifier
{
    /// <inheritdoc/>
    public override string Name => string.Create(
        CultureInfo.InvariantCulture, $"mean:{Size}{(Border == MeanBorder.Inside ? ":inside" : "")}");

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        if (images.dtype != ScalarType.Float32) return ApplyForGradient(images, draws);
        var sums = new SlidingSums(Weights, Border == MeanBorder.Mirror);
        if (Border == MeanBorder.Mirror) return sums.Of(images);
        using var scope = NewDisposeScope();
        return (sums.Of(images) / sums.Of(ones_like(images.narrow(0, 0, 1)))).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor ApplyForGradient(Tensor images, IReadOnlyList<RandomDraw> draws) => ImageSlices.Through(images, slice =>
    {
        using var scope = NewDisposeScope();
        var means = Border == MeanBorder.Mirror
            ? Windows.WeightedSums(Windows.Mirrored(slice, Size), Weights)
            : Windows.WeightedSums(Windows.Zeros(slice, Size), Weights)
                / Windows.WeightedSums(Windows.Zeros(ones_like(slice.narrow(0, 0, 1)).detach(), Size), Weights);
        return means.MoveToOuterDisposeScope();
    });

    private double[] Weights => [.. Enumerable.Repeat(1.0 / Size, Size)];
}
