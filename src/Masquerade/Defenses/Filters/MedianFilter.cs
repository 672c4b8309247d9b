using System.Globalization;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>
/// The median of a square of pixels around each, channel by channel; the border is mirrored, the edge not repeated. Its gradient goes to
/// the pixel that is the median; pixels that are equal share it.
/// </summary>
/// <param name="Size">Side of the square in pixels, odd.</param>
public sealed record MedianFilter(int Size = 3) : Purifier
{
    // What the windows of some rows take when they are laid out one by one: 64 MiB.
    private const long ValuesAtOnce = 16 << 20;

    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"median:{Size}");

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws) => Size == 3
        ? ImageSlices.Through(images, slice => OfNine(Windows.Mirrored(slice, Size)))
        : OfMany(images);

    /// <summary>
    /// Of three sorted columns: the largest minimum, the median of medians and the smallest maximum have the same median as the nine.
    /// </summary>
    private static Tensor OfNine(Tensor padded)
    {
        using var scope = NewDisposeScope();
        var (a, b, c) = Three(padded, 2);
        var (low, high) = (minimum(a, b), maximum(a, b));
        var (least, middle, most) = (minimum(low, c), maximum(low, minimum(high, c)), maximum(high, c));
        (a, b, c) = Three(least, 3);
        var largest = maximum(maximum(a, b), c);
        (a, b, c) = Three(middle, 3);
        var median = Median(a, b, c);
        (a, b, c) = Three(most, 3);
        var smallest = minimum(minimum(a, b), c);
        return Median(largest, median, smallest).MoveToOuterDisposeScope();
    }

    private static Tensor Median(Tensor a, Tensor b, Tensor c) => maximum(minimum(a, b), minimum(maximum(a, b), c));

    private static (Tensor, Tensor, Tensor) Three(Tensor tensor, int dimension)
    {
        var length = tensor.shape[dimension] - 2;
        return (tensor.narrow(dimension, 0, length), tensor.narrow(dimension, 1, length), tensor.narrow(dimension, 2, length));
    }

    private Tensor OfMany(Tensor images)
    {
        using var scope = NewDisposeScope();
        var padded = Windows.Mirrored(images, Size);
        var (height, perRow) = (images.shape[2], Math.Max(1, images.numel() / images.shape[2] * Size * Size));
        var atOnce = Math.Max(1, ValuesAtOnce / perRow);
        var rows = new List<Tensor>();
        for (var at = 0L; at < height; at += atOnce)
        {
            using var slice = NewDisposeScope();
            var windows = padded.narrow(2, at, Math.Min(atOnce, height - at) + Size - 1).unfold(2, Size, 1).unfold(3, Size, 1);
            rows.Add(kthvalue(windows.flatten(4), (Size * Size + 1) / 2, -1).values.MoveToOuterDisposeScope());
        }
        return cat(rows, 2).MoveToOuterDisposeScope();
    }
}
