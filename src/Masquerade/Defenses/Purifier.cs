using static TorchSharp.torch;

namespace Masquerade.Defenses;

/// <summary>How an attacker gets a gradient through a purifier.</summary>
public enum PurifierGradient
{
    /// <summary>Its own, almost everywhere.</summary>
    Exact,

    /// <summary>As if it changed nothing (BPDA; Athalye et al., ICML 2018): it has none of its own.</summary>
    StraightThrough,
}

/// <summary>
/// A defense that cleans images before they are embedded: images in, images out. Its parameters are its properties. This class checks and
/// clips; a subclass writes <see cref="Apply"/>.
/// </summary>
public abstract record Purifier : IDisposable
{
    /// <summary>Draws that an attacker averages over where nobody says otherwise, if the purifier is random.</summary>
    public const int UsualSamples = 4;

    /// <summary>Its name with its parameters, as <c>median:3</c>: what <see cref="PurifierRegistry"/> reads back.</summary>
    public abstract string Name { get; }

    /// <summary>How an attacker gets a gradient through it.</summary>
    public virtual PurifierGradient Gradient => PurifierGradient.Exact;

    /// <summary>Whether it draws: then the same image comes out differently every time.</summary>
    public virtual bool IsRandom => false;

    /// <summary>
    /// How many draws an attacker should average over (EOT; Athalye et al., ICML 2018); 1 where nothing is drawn.
    /// </summary>
    public int Samples => IsRandom ? UsualSamples : 1;

    /// <summary>Cleans images.</summary>
    /// <param name="images">float32 [N,3,H,W] in [0,1].</param>
    /// <param name="draws">Where each image's draws come from; only a random purifier asks for them.</param>
    /// <returns>float32 [N,3,H,W] in [0,1], without a gradient, owned by the caller's scope.</returns>
    /// <exception cref="ArgumentException">Other shapes, or no draws where they are needed.</exception>
    /// <exception cref="InputException">The purifier cannot take images of this size.</exception>
    public Tensor Purify(Tensor images, IReadOnlyList<RandomDraw>? draws = null)
    {
        Check(images, draws);
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        return Checked(Apply(images, draws ?? []), images).Clipped_().MoveToOuterDisposeScope();
    }

    /// <summary>Cleans images so that gradients flow back to them.</summary>
    /// <inheritdoc cref="Purify"/>
    /// <returns>float32 [N,3,H,W] in [0,1], part of the autograd graph, owned by the caller's scope.</returns>
    public Tensor PurifyForGradient(Tensor images, IReadOnlyList<RandomDraw>? draws = null)
    {
        Check(images, draws);
        using var scope = NewDisposeScope();
        return Checked(ApplyForGradient(images, draws ?? []), images).Clipped().MoveToOuterDisposeScope();
    }

    /// <summary>Cleans images.</summary>
    /// <param name="images">[N,3,H,W] in [0,1]; not to be changed.</param>
    /// <param name="draws">One an image where the purifier is random.</param>
    /// <returns>[N,3,H,W] in memory of its own, owned by the caller's scope; clipped there by the caller.</returns>
    protected abstract Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws);

    /// <summary>The same for a gradient: where it is exact, <see cref="Apply"/> itself, which then must be of torch's operations.</summary>
    protected virtual Tensor ApplyForGradient(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (Gradient == PurifierGradient.Exact) return Apply(images, draws);
        using var detached = images.detach();
        using var difference = Apply(detached, draws) - detached;
        return images.Plus(difference.detach());
    }

    /// <summary>Frees what it holds: weights and engines. A filter holds nothing.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    /// <param name="disposing">Always true.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    private void Check(Tensor images, IReadOnlyList<RandomDraw>? draws)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.dim() != 4 || images.shape[1] != 3)
            throw new ArgumentException($"{Name}: images are [{string.Join(',', images.shape)}], not [N,3,H,W]", nameof(images));
        if (IsRandom && draws?.Count != images.shape[0])
            throw new ArgumentException($"{Name}: {draws?.Count ?? 0} draws for {images.shape[0]} images", nameof(draws));
    }

    private Tensor Checked(Tensor purified, Tensor images) => purified.shape.SequenceEqual(images.shape) ? purified
        : throw new InputException($"{Name}: images of [{string.Join(',', images.shape)}] come out as [{string.Join(',', purified.shape)}]; "
            + "a purifier must keep their size");
}
