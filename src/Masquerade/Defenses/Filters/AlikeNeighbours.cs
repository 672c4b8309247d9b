using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>Means over each pixel's neighbours, where those count most that look like it.</summary>
internal static class AlikeNeighbours
{
    /// <summary>What a neighbour counts; the pixel itself counts 1.</summary>
    /// <param name="distance">
    /// [n,1,h,w]: squared distance of the colours of a pixel and its neighbour, summed over channels; of patches, its mean over the patch.
    /// </param>
    /// <param name="down">How many pixels further down the neighbour is.</param>
    /// <param name="right">How many pixels further to the right.</param>
    public delegate Tensor Weight(Tensor distance, int down, int right);

    /// <summary>Weighted means over squares; the border is mirrored, the edge not repeated.</summary>
    /// <param name="images">[N,3,H,W].</param>
    /// <param name="reach">How many pixels away the furthest neighbour of a row is.</param>
    /// <param name="patch">Side of the squares that are compared, odd; 1 for single pixels.</param>
    /// <param name="weight">What a neighbour counts: the same from both sides.</param>
    /// <returns>[N,3,H,W], owned by the caller's scope.</returns>
    /// <exception cref="InputException">The images are too small.</exception>
    public static Tensor Mean(Tensor images, int reach, int patch, Weight weight) =>
        ImageSlices.Through(images, slice => MeanOfSlice(slice, reach, patch, weight));

    private static Tensor MeanOfSlice(Tensor images, int reach, int patch, Weight weight)
    {
        using var scope = NewDisposeScope();
        var (height, width, around) = (images.shape[2], images.shape[3], patch / 2);
        var padded = Windows.Mirrored(images, 2 * (reach + around) + 1);
        var (sum, total) = (images.clone(), ones_like(images.narrow(1, 0, 1)).detach());
        for (var down = 0; down <= reach; down++)
        {
            for (var right = down == 0 ? 1 : -reach; right <= reach; right++) AddPair(down, right);
        }
        return (sum / total).MoveToOuterDisposeScope();

        // Two pixels weigh the same for each other: pairs are looked at once, all those of which at least one is in the image.
        void AddPair(int down, int right)
        {
            using var pair = NewDisposeScope();
            var (top, left) = (down, Math.Max(right, 0));
            long[] size = [height + down + 2 * around, width + Math.Abs(right) + 2 * around];
            var here = Part(padded, reach - top, reach - left, size);
            var there = Part(padded, reach - top + down, reach - left + right, size);
            var distance = (here - there).Squared().sum(1, keepdim: true);
            if (patch > 1) distance = nn.functional.avg_pool2d(distance, [patch, patch], [1, 1]);
            var weights = weight(distance, down, right);
            Add(Part(weights, top, left, [height, width]), down, right);
            Add(Part(weights, top - down, left - right, [height, width]), -down, -right);
        }

        void Add(Tensor weights, int down, int right)
        {
            var from = reach + around;
            sum.PlusProduct_(weights, Part(padded, from + down, from + right, [height, width]));
            total.Plus_(weights);
        }
    }

    private static Tensor Part(Tensor images, long top, long left, long[] size) => images.narrow(2, top, size[0]).narrow(3, left, size[1]);
}
