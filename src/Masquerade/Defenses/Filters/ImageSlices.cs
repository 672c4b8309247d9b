using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>
/// Filters a few images at a time: a filter of many small steps is several times faster where what lies between two of them stays in the
/// processor's cache.
/// </summary>
internal static class ImageSlices
{
    // Four face crops. Smaller slices leave threads without work.
    private const long ValuesAtOnce = 4 * 3 * 112 * 112;

    /// <summary>What a filter makes of images, slice by slice.</summary>
    /// <param name="images">[N,C,H,W].</param>
    /// <param name="filter">[n,C,H,W] to as many images of that size.</param>
    /// <returns>[N,C,H,W], owned by the caller's scope.</returns>
    public static Tensor Through(Tensor images, Func<Tensor, Tensor> filter)
    {
        using var scope = NewDisposeScope();
        var count = images.shape[0];
        var atOnce = count == 0 ? 0 : Math.Max(1, ValuesAtOnce / (images.numel() / count));
        if (atOnce >= count) return filter(images).MoveToOuterDisposeScope();
        if (!is_grad_enabled())
        {
            var filtered = empty_like(images);
            TorchWorkers.Run((int)((count + atOnce - 1) / atOnce), slice =>
            {
                var (at, size) = (slice * atOnce, Math.Min(atOnce, count - slice * atOnce));
                filtered.narrow(0, at, size).copy_(filter(images.narrow(0, at, size)));
            });
            return filtered.MoveToOuterDisposeScope();
        }
        var done = new List<Tensor>();
        for (var at = 0L; at < count; at += atOnce)
        {
            using var slice = NewDisposeScope();
            done.Add(filter(images.narrow(0, at, Math.Min(atOnce, count - at))).MoveToOuterDisposeScope());
        }
        return cat(done).MoveToOuterDisposeScope();
    }
}
