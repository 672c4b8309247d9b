using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>Images with a border around them, so that a window of some size fits around every pixel.</summary>
internal static class Windows
{
    /// <summary>The image mirrored beyond its border, the edge not repeated.</summary>
    /// <param name="images">[N,C,H,W].</param>
    /// <param name="size">Side of the window; an even one reaches one pixel further to the left and up.</param>
    /// <returns>[N,C,H+size−1,W+size−1], owned by the caller's scope.</returns>
    /// <exception cref="InputException">The image is too small to be mirrored so far.</exception>
    public static Tensor Mirrored(Tensor images, int size)
    {
        CheckMirror(images, size);
        var (before, after) = (size / 2, (size - 1) / 2);
        return nn.functional.pad(images, [before, after, before, after], PaddingModes.Reflect);
    }

    /// <summary>Makes sure that images are large enough to be mirrored beyond their border for a window.</summary>
    /// <exception cref="InputException">They are not.</exception>
    public static void CheckMirror(Tensor images, int size)
    {
        var (height, width) = (images.shape[2], images.shape[3]);
        if (size / 2 >= height || size / 2 >= width)
            throw new InputException($"a window of {size} pixels is too large for images of {width}x{height}; choose a smaller one");
    }

    /// <summary>Zeros beyond the border.</summary>
    /// <inheritdoc cref="Mirrored"/>
    public static Tensor Zeros(Tensor images, int size)
    {
        var (before, after) = (size / 2, (size - 1) / 2);
        return nn.functional.pad(images, [before, after, before, after]);
    }

    /// <summary>
    /// The sum over each window of the values times a weight of their row and a weight of their column. Sums along columns and then along
    /// rows take a tenth of torch's time for windows, which fits few channels badly.
    /// </summary>
    /// <param name="padded">[N,C,H+size−1,W+size−1].</param>
    /// <param name="weights">As many as a window has rows, and columns.</param>
    /// <returns>[N,C,H,W], owned by the caller's scope.</returns>
    public static Tensor WeightedSums(Tensor padded, IReadOnlyList<double> weights)
    {
        using var scope = NewDisposeScope();
        return Along(3, Along(2, padded)).MoveToOuterDisposeScope();

        Tensor Along(int dimension, Tensor values)
        {
            var length = values.shape[dimension] - weights.Count + 1;
            var sum = values.narrow(dimension, 0, length).Times(weights[0]);
            for (var i = 1; i < weights.Count; i++) sum.Plus_(values.narrow(dimension, i, length), weights[i]);
            return sum;
        }
    }
}
