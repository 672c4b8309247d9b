using Masquerade.Defenses;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Detection;

/// <summary>An answer with what it is from.</summary>
/// <param name="Outcome">The answer.</param>
/// <param name="Distance">Squared distance of the embeddings, in [0,4].</param>
/// <param name="Threshold">Up to it is the same person.</param>
/// <param name="Score">The detector's score; null without a detector.</param>
/// <param name="MostScore">Above it an image is refused; null without a detector.</param>
public sealed record VerificationAnswer(VerificationOutcome Outcome, double Distance, double Threshold, double? Score, double? MostScore);

/// <summary>What a verifier with defenses makes of images.</summary>
/// <param name="Embeddings">float32 [N,D], rows of unit length.</param>
/// <param name="Scores">float32 [N]: how suspicious each image looks; null without a detector.</param>
public readonly record struct DefendedLook(Tensor Embeddings, Tensor? Scores);

/// <summary>
/// A verifier with a purifier and a detector in front of it: every image is cleaned before it is embedded, probes and references alike, and
/// a probe that looks attacked is refused. It is what a production system puts in its verifier's place, and what an attacker with perfect
/// knowledge differentiates through.
/// </summary>
/// <param name="verifier">The bare verifier; it stays the caller's.</param>
/// <param name="purifier">What cleans images; null for nothing.</param>
/// <param name="samples">Draws that an attacker averages over; null for the purifier's own. Of no effect where nothing is drawn.</param>
/// <param name="detector">What refuses images; null for nothing. It stays the caller's.</param>
/// <param name="detectsFirst">
/// Whether the detector sees the images as they come, as those were that it is calibrated on; else it sees them cleaned.
/// </param>
public sealed class DefendedVerifier(
    FaceVerifier verifier, Purifier? purifier = null, int? samples = null, Detector? detector = null, bool detectsFirst = true)
{
    /// <summary>The verifier behind the defenses.</summary>
    public FaceVerifier Bare { get; } = verifier ?? throw new ArgumentNullException(nameof(verifier));

    /// <summary>What cleans images; null for nothing.</summary>
    public Purifier? Purifier => purifier;

    /// <summary>What refuses images; null for nothing.</summary>
    public Detector? Detector => detector;

    /// <summary>Name of the defense, in the order of use; empty for none.</summary>
    public string Defense => string.Join(',', ((string?[])(detectsFirst ? [detector?.Name, purifier?.Name] : [purifier?.Name, detector?.Name])).OfType<string>());

    /// <summary>Whether the same image may be judged differently at another time.</summary>
    public bool IsRandom => purifier?.IsRandom ?? false;

    /// <summary>Draws that an attacker averages over; 1 where nothing is drawn.</summary>
    public int Samples { get; } = purifier is not { IsRandom: true } ? 1
        : samples is null or >= 1 ? samples ?? purifier.Samples : throw new ArgumentOutOfRangeException(nameof(samples));

    /// <summary>Whether gradients can be had through all of it.</summary>
    public bool IsDifferentiable => Bare.Embedder is IDifferentiableEmbedder && detector is null or { IsDifferentiable: true };

    /// <summary>Threshold on the squared distance.</summary>
    public double Threshold => Bare.Threshold;

    /// <summary>How it decides.</summary>
    public DecisionRule Rule => new(Threshold, detector?.Threshold);

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

    /// <summary>Embeds images that were cleaned, and scores them.</summary>
    /// <inheritdoc cref="Embed"/>
    /// <returns>Embeddings and scores without a gradient, owned by the caller's scope.</returns>
    public DefendedLook Look(Tensor images, IReadOnlyList<RandomDraw>? draws = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (detector is null) return new DefendedLook(Embed(images, draws), null);
        using var scope = NewDisposeScope();
        var purified = purifier is null ? images : purifier.Purify(images, draws ?? Fresh(images));
        var scores = tensor(detector.Scores(detectsFirst ? images : purified));
        return new DefendedLook(Bare.Embedder.Embed(purified).MoveToOuterDisposeScope(), scores.MoveToOuterDisposeScope());
    }

    /// <summary>The same so that gradients flow back to the images, through purifier and detector.</summary>
    /// <inheritdoc cref="Look"/>
    /// <returns>Embeddings and scores as parts of the autograd graph, owned by the caller's scope.</returns>
    /// <exception cref="InvalidOperationException">The model or the detector has no gradients.</exception>
    public DefendedLook LookForGradient(Tensor images, IReadOnlyList<RandomDraw>? draws = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (Bare.Embedder is not IDifferentiableEmbedder embedder) throw new InvalidOperationException("the model has no gradients");
        if (purifier is null) return new DefendedLook(embedder.EmbedForGradient(images), detector?.ScoresForGradient(images));
        using var purified = purifier.PurifyForGradient(images, draws ?? Fresh(images));
        return new DefendedLook(embedder.EmbedForGradient(purified), detector?.ScoresForGradient(detectsFirst ? images : purified));
    }

    /// <inheritdoc cref="LookForGradient"/>
    /// <returns>float32 [N,D], rows of unit length, part of the autograd graph, owned by the caller's scope.</returns>
    public Tensor EmbedForGradient(Tensor images, IReadOnlyList<RandomDraw>? draws = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (Bare.Embedder is not IDifferentiableEmbedder embedder) throw new InvalidOperationException("the model has no gradients");
        if (purifier is null) return embedder.EmbedForGradient(images);
        using var purified = purifier.PurifyForGradient(images, draws ?? Fresh(images));
        return embedder.EmbedForGradient(purified);
    }

    /// <summary>Whether a score means that an image is refused.</summary>
    public bool Refuses(double score) => Rule.Refuses(score);

    /// <summary>Compares a probe with a reference, each cleaned first; a probe that looks attacked is refused.</summary>
    /// <param name="probe">A crop of the embedder's input size.</param>
    /// <param name="reference">The crop on file.</param>
    public VerificationAnswer Verify(FaceImage probe, FaceImage reference)
    {
        using var scope = NewDisposeScope();
        var look = Look(ImageTensors.ToTensor([probe, reference]));
        var embeddings = look.Embeddings.data<float>().ToArray();
        var size = Bare.Embedder.EmbeddingSize;
        var distance = FaceVerifier.Distance(embeddings.AsSpan(0, size), embeddings.AsSpan(size));
        double? score = look.Scores is { } scores ? scores[0].item<float>() : null;
        return new VerificationAnswer(Rule.Decide(distance, score ?? double.NegativeInfinity), distance, Threshold, score, detector?.Threshold);
    }

    /// <summary>The squared distance of two crops' embeddings, in [0,4], each cleaned first.</summary>
    /// <inheritdoc cref="Verify"/>
    public double Compare(FaceImage probe, FaceImage reference) => Verify(probe, reference).Distance;

    /// <summary>Whether two crops show the same person, and the probe is not refused.</summary>
    /// <inheritdoc cref="Verify"/>
    public bool IsSame(FaceImage probe, FaceImage reference) => Verify(probe, reference).Outcome == VerificationOutcome.Accepted;

    private RandomDraw[]? Fresh(Tensor images)
    {
        if (!IsRandom) return null;
        var key = System.Security.Cryptography.RandomNumberGenerator.GetHexString(32);
        return [.. Enumerable.Range(0, (int)images.shape[0]).Select(i => new RandomDraw(new CounterRandom(0, "serving", key), i))];
    }
}
