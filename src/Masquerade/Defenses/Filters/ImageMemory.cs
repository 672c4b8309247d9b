using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>Work on images that torch has no operation for, done in their memory, on as many threads as torch has.</summary>
internal static class ImageMemory
{
    /// <summary>Makes an image of an image.</summary>
    /// <param name="image">Which.</param>
    /// <param name="from">Its values, 3 planes.</param>
    /// <param name="to">As many values to write.</param>
    public delegate void Work(int image, ReadOnlySpan<float> from, Span<float> to);

    /// <summary>What work makes of each image.</summary>
    /// <param name="images">[N,3,H,W]; not changed.</param>
    /// <param name="work">Called from several threads.</param>
    /// <returns>float32 [N,3,H,W] without a gradient, owned by the caller's scope.</returns>
    /// <exception cref="InputException">The work threw one.</exception>
    public static unsafe Tensor Map(Tensor images, Work work)
    {
        using var scope = NewDisposeScope();
        var source = images.detach().to(ScalarType.Float32).contiguous();
        var target = empty_like(source);
        var count = (int)source.shape[0];
        if (count == 0) return target.MoveToOuterDisposeScope();
        var size = checked((int)(source.numel() / count));
        fixed (byte* from = source.bytes, to = target.bytes)
        {
            var (first, firstMade) = ((nint)from, (nint)to);
            try
            {
                Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() }, i =>
                {
                    var at = (long)i * size;
                    work(i, new ReadOnlySpan<float>((float*)first + at, size), new Span<float>((float*)firstMade + at, size));
                });
            }
            catch (AggregateException e) when (e.InnerExceptions.OfType<InputException>().FirstOrDefault() is { } input)
            {
                throw new InputException(input.Message, e);
            }
        }
        return target.MoveToOuterDisposeScope();
    }
}
