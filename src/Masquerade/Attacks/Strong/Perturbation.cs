using System.Numerics.Tensors;

namespace Masquerade.Attacks.Strong;

/// <summary>
/// What becomes of a perturbation when its image is clipped and, where only 8-bit images count, rounded. A search keeps the perturbation
/// as computed, so that small steps add up, and looks at the image as it will be judged (straight-through rounding).
/// </summary>
/// <param name="rule">What counts as adversarial.</param>
internal sealed class Perturbation(StorageRule rule)
{
    private const double Precision = 1e-3; // of a norm that is searched for

    /// <summary>The image as it is judged.</summary>
    /// <param name="clean">The clean image, in [0,1].</param>
    /// <param name="delta">The perturbation.</param>
    /// <param name="times">Its factor.</param>
    /// <param name="image">Receives clean + times·delta, clipped, and rounded under the 8-bit rule.</param>
    public void Apply(ReadOnlySpan<float> clean, ReadOnlySpan<float> delta, double times, Span<float> image)
    {
        TensorPrimitives.MultiplyAdd(delta, (float)times, clean, image);
        TensorPrimitives.Min(image, 1f, image);
        TensorPrimitives.Max(image, 0f, image);
        if (rule == StorageRule.Float) return;
        TensorPrimitives.Multiply(image, 255f, image);
        TensorPrimitives.Round(image, image);
        TensorPrimitives.Divide(image, 255f, image);
    }

    /// <summary>The factor that brings the judged image's L2 distance to a radius, or just below.</summary>
    /// <param name="clean">The clean image, in [0,1].</param>
    /// <param name="delta">The perturbation.</param>
    /// <param name="radius">L2 norm that is not to be exceeded; 0 asks for no perturbation.</param>
    /// <param name="most">Largest factor: 1 for a projection into the ball.</param>
    /// <param name="scratch">As long as the image; overwritten.</param>
    public double Fit(ReadOnlySpan<float> clean, ReadOnlySpan<float> delta, double radius, double most, Span<float> scratch)
    {
        if (!(radius > 0)) return 0;
        double low = 0;
        var high = Math.Min(most, radius / TensorPrimitives.Norm(delta));
        if (rule == StorageRule.Float) return high;
        // What rounding takes from small values the factor gives back; what it adds, the factor takes away.
        while (Norm(clean, delta, high, scratch) <= radius)
        {
            if (high >= most) return high;
            (low, high) = (high, Math.Min(most, high * 1.25));
        }
        while (high - low > Precision * high)
        {
            var middle = (low + high) / 2;
            if (Norm(clean, delta, middle, scratch) <= radius) low = middle;
            else high = middle;
        }
        return low;
    }

    private double Norm(ReadOnlySpan<float> clean, ReadOnlySpan<float> delta, double times, Span<float> scratch)
    {
        Apply(clean, delta, times, scratch);
        return Difference.L2(clean, scratch);
    }
}
