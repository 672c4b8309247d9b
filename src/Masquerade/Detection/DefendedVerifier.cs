using Masquerade.Defenses;
using Masquerade.Faces;
using Masquerade.Models;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Detection;

/// <summary>
/// A verifier with purifiers in front of it: every image is cleaned before it is embedded, probes and references alike. It is what a
/// production system puts in its verifier's place, and what an attacker with perfect knowledge differentiates through.
/// </summary>
/// <param name="verifier">The bare verifier; it stays the caller's.</param>
/// <param name="purifier">What stands in front of it; null for nothing.</param>
/// <param name="samples">Draws that an attacker averages over; null for the purifier's own. Of no effect where nothing is drawn.</param>
public sealed class DefendedVerifier(FaceVerifier verifier, Purifier? purifier = null, int? samples = null)
{
    /// <summary>The verifier behind the purifiers.</summary>
    public FaceVerifier Bare { get; } = verifier ?? throw new ArgumentNullException(nameof(verifier));

    /// <summary>What stands in front of it; null for nothing.</summary>
    public Purifier? Purifier => purifier;

    /// <summary>Name of the defense; empty for none.</summary>
    public string Defense => purifier?.Name ?? "";

    /// <summary>Whether the same image may be judged differently at another time.</summary>
    public bool IsRandom => purifier?.IsRandom ?? false;

    /// <summary>Draws that an attacker averages over; 1 where nothing is drawn.</summary>
    public int Samples { get; } = purifier is not { IsRandom: true } ? 1
        : samples is null or >= 1 ? samples ?? purifier.Samples : throw new ArgumentOutOfRangeException(nameof(samples));

    /// <summary>Whether gradients can be had through all of it.</summary>
    public bool IsDifferentiable => Bare.Embedder is IDifferentiableEmbedder;

    /// <summary>Threshold on the squared distance.</summary>
    public double Threshold => Bare.Threshold;

    /// <summary>Embeds images that were cleaned.</summary>
    /// <param name="images">float32 [N,3,H,W] in [0,1].</param>
    /// <param name="draws">Where each image's draws come from; null for fresh ones that nobody can foresee.</param>
    /// <returns>float32 [N,D], rows of unit length, without a gradient, owned by the caller's scope.</returns>
    public Tensor Embed(Tensor images, IReadOnlyList<RandomDraw>? draws = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (purifier is null) return Bare.Embedder.Embed(images);
        using var purified = purifier.Purify(images, draws ?? Fresh(images));
        return Bare.Embedder.Embed(purified);
    }

    /// <summary>The same so that gradients flow back to the images, through the purifiers.</summary>
    /// <inheritdoc cref="Embed"/>
    /// <returns>float32 [N,D], rows of unit length, part of the autograd graph, owned by the caller's scope.</returns>
    /// <exception cref="InvalidOperationException">The model has no gradients.</exception>
    public Tensor EmbedForGradient(Tensor images, IReadOnlyList<RandomDraw>? draws = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (Bare.Embedder is not IDifferentiableEmbedder embedder) throw new InvalidOperationException("the model has no gradients");
        if (purifier is null) return embedder.EmbedForGradient(images);
        using var purified = purifier.PurifyForGradient(images, draws ?? Fresh(images));
        return embedder.EmbedForGradient(purified);
    }

    /// <summary>The squared distance of two crops' embeddings, in [0,4], each cleaned first.</summary>
    /// <param name="probe">A crop of the embedder's input size.</param>
    /// <param name="reference">Another.</param>
    public double Compare(FaceImage probe, FaceImage reference)
    {
        using var scope = NewDisposeScope();
        var embeddings = Embed(ImageTensors.ToTensor([probe, reference])).data<float>().ToArray();
        var size = Bare.Embedder.EmbeddingSize;
        return FaceVerifier.Distance(embeddings.AsSpan(0, size), embeddings.AsSpan(size));
    }

    /// <summary>Whether two crops show the same person.</summary>
    /// <inheritdoc cref="Compare"/>
    public bool IsSame(FaceImage probe, FaceImage reference) => Bare.IsSame(Compare(probe, reference));

    private RandomDraw[]? Fresh(Tensor images)
    {
        if (!IsRandom) return null;
        var key = System.Security.Cryptography.RandomNumberGenerator.GetHexString(32);
        return [.. Enumerable.Range(0, (int)images.shape[0]).Select(i => new RandomDraw(new CounterRandom(0, "serving", key), i))];
    }
}
