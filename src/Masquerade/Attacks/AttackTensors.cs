using static TorchSharp.torch;

namespace Masquerade.Attacks;

/// <summary>Small helpers that let an attack read like its formula.</summary>
public static class AttackTensors
{
    /// <summary>One factor an image, shaped to multiply [n,3,H,W].</summary>
    /// <param name="factors">n values.</param>
    /// <returns>float32 [n,1,1,1].</returns>
    public static Tensor PerImage(this float[] factors)
    {
        ArgumentNullException.ThrowIfNull(factors);
        return tensor(factors, [factors.Length, 1, 1, 1]);
    }

    /// <summary>One factor an image, shaped to multiply [n,3,H,W].</summary>
    /// <param name="factors">[n].</param>
    /// <returns>[n,1,1,1], a view.</returns>
    public static Tensor PerImage(this Tensor factors)
    {
        ArgumentNullException.ThrowIfNull(factors);
        return factors.view(-1, 1, 1, 1);
    }

    /// <summary>L2 norm of each image.</summary>
    /// <param name="images">[n,...].</param>
    /// <returns>n values.</returns>
    public static float[] Norms(this Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var scope = NewDisposeScope();
        return images.flatten(1).norm(1, false, 2f).data<float>().ToArray();
    }

    /// <summary>The images whose flag is not set.</summary>
    /// <param name="images">[n,...].</param>
    /// <param name="leaving">One flag an image.</param>
    /// <returns>[m,...], owned by the caller's scope.</returns>
    public static Tensor Keep(this Tensor images, IReadOnlyList<bool> leaving)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(leaving);
        var staying = Enumerable.Range(0, leaving.Count).Where(i => !leaving[i]).Select(i => (long)i).ToArray();
        using var index = tensor(staying, [staying.Length], ScalarType.Int64);
        return images.index_select(0, index);
    }
}
