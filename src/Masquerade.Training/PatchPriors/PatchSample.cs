using System.Runtime.InteropServices;
using Masquerade.Defenses.Restoration;
using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Training.PatchPriors;

/// <summary>Patches at random places of crops.</summary>
internal static class PatchSample
{
    private const int DrawsAtOnce = 4096;

    /// <summary>Draws patches and takes the mean of each channel off them.</summary>
    /// <param name="crops">Crops of any sizes, none smaller than a patch.</param>
    /// <param name="side">Side of a patch.</param>
    /// <param name="count">How many.</param>
    /// <param name="random">Draws crops and places: the same patches every time.</param>
    /// <returns>float32 [count,3·side²], values in (−1,1), owned by the caller's scope.</returns>
    public static Tensor Draw(IReadOnlyList<FaceImage> crops, int side, int count, CounterRandom random)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var values = 3 * side * side;
        var patches = empty([count, values], float32);
        var draws = new float[3 * DrawsAtOnce];
        for (var start = 0; start < count; start += DrawsAtOnce)
        {
            random.Uniform(draws, start / DrawsAtOnce);
            var room = MemoryMarshal.Cast<byte, float>(patches.bytes);
            for (var i = start; i < Math.Min(count, start + DrawsAtOnce); i++)
            {
                var own = draws.AsSpan(3 * (i - start), 3);
                var crop = crops[Below(own[0], crops.Count)];
                var (left, top) = (Below(own[1], crop.Width - side + 1), Below(own[2], crop.Height - side + 1));
                Cut(crop, left, top, side, room.Slice(i * values, values));
            }
        }
        return PatchPrior.Centred(patches).Left.MoveToOuterDisposeScope();
    }

    /// <summary>A draw from [−1,1) as a whole number from 0 to below a bound.</summary>
    private static int Below(float draw, int bound) => Math.Min((int)((draw + 1.0) / 2 * bound), bound - 1);

    private static void Cut(FaceImage crop, int left, int top, int side, Span<float> into)
    {
        var at = 0;
        for (var c = 0; c < 3; c++)
        {
            for (var y = top; y < top + side; y++)
            {
                for (var x = left; x < left + side; x++) into[at++] = crop.Pixels[3 * (y * crop.Width + x) + c] / 255f;
            }
        }
    }
}
