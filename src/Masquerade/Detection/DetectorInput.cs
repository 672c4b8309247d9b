using Masquerade.Defenses;
using Masquerade.Models;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Masquerade.Detection;

/// <summary>What a detector looks at, made of 8-bit images.</summary>
internal abstract class DetectorInput : IDisposable
{
    /// <summary>How an attacker gets a gradient through it.</summary>
    public virtual PurifierGradient Gradient => PurifierGradient.Exact;

    /// <summary>Whether gradients can be had at all.</summary>
    public virtual bool IsDifferentiable => true;

    /// <summary>What the detector's network is given.</summary>
    /// <param name="images">float32 [N,3,H,W], rounded to 8 bits.</param>
    /// <returns>[N,…], without a gradient, owned by the caller's scope.</returns>
    public abstract Tensor Of(Tensor images);

    /// <summary>The same as a part of the autograd graph.</summary>
    public abstract Tensor ForGradient(Tensor images);

    /// <summary>Frees what it opened.</summary>
    public virtual void Dispose()
    {
    }

    /// <summary>Opens what a detector looks at.</summary>
    /// <param name="card">What it is.</param>
    /// <param name="model">The recogniser.</param>
    /// <param name="threads">Threads of the engines.</param>
    /// <param name="gradients">Whether gradients are wanted.</param>
    /// <exception cref="InputException">It does not fit the recogniser.</exception>
    public static DetectorInput Open(DetectorCard card, FaceModel model, int threads, bool gradients)
    {
        switch (card.Kind)
        {
            case DetectorKind.Cnn:
                return new PixelInput();
            case DetectorKind.Residual:
                return new ResidualInput(OpenPurifiers(card, threads).Single());
            case DetectorKind.Squeeze:
                return new SqueezeInput(OpenPurifiers(card, threads), model.Embedder);
            default:
                return new ActivationInput(ActivationNetwork.Open(model.Descriptor, card.Layers, threads, gradients));
        }
    }

    private static List<Purifier> OpenPurifiers(DetectorCard card, int threads)
    {
        var purifiers = card.Purifiers.Select(p => PurifierRegistry.Open(p, PurifierFiles.Default with { Threads = threads })).ToList();
        if (purifiers.Find(p => p.IsRandom) is not { } random) return purifiers;
        purifiers.ForEach(p => p.Dispose());
        throw new InputException($"a detector cannot look through {random.Name}, which draws at random; choose another purifier");
    }
}

/// <summary>The pixels.</summary>
internal sealed class PixelInput : DetectorInput
{
    public override Tensor Of(Tensor images) => images.alias();

    public override Tensor ForGradient(Tensor images) => images.alias();
}

/// <summary>What a purifier takes off the image.</summary>
internal sealed class ResidualInput(Purifier purifier) : DetectorInput
{
    public override PurifierGradient Gradient => purifier.Gradient;

    public override Tensor Of(Tensor images)
    {
        using var purified = purifier.Purify(images);
        return images - purified;
    }

    public override Tensor ForGradient(Tensor images)
    {
        using var purified = purifier.PurifyForGradient(images);
        return images - purified;
    }

    public override void Dispose() => purifier.Dispose();
}

/// <summary>Activations of the recogniser.</summary>
internal sealed class ActivationInput(ActivationNetwork network) : DetectorInput
{
    /// <summary>Values of each layer.</summary>
    public IReadOnlyList<int> Widths => network.Widths;

    public override bool IsDifferentiable => network.IsDifferentiable;

    public override Tensor Of(Tensor images) => network.Of(images);

    public override Tensor ForGradient(Tensor images) => network.ForGradient(images);

    public override void Dispose() => network.Dispose();
}

/// <summary>Squared distances of the embedding of the plain image from those of squeezed ones, [N,K].</summary>
internal sealed class SqueezeInput(IReadOnlyList<Purifier> squeezers, IFaceEmbedder embedder) : DetectorInput
{
    /// <summary>How many distances there are.</summary>
    public int Width => squeezers.Count;

    public override PurifierGradient Gradient =>
        squeezers.All(s => s.Gradient == PurifierGradient.Exact) ? PurifierGradient.Exact : PurifierGradient.StraightThrough;

    public override bool IsDifferentiable => embedder is IDifferentiableEmbedder;

    public override Tensor Of(Tensor images) => Distances(images, embedder.Embed, (squeezer, x) => squeezer.Purify(x));

    public override Tensor ForGradient(Tensor images) => Distances(
        images, ((IDifferentiableEmbedder)embedder).EmbedForGradient, (squeezer, x) => squeezer.PurifyForGradient(x));

    public override void Dispose()
    {
        foreach (var squeezer in squeezers) squeezer.Dispose();
    }

    private Tensor Distances(Tensor images, Func<Tensor, Tensor> embed, Func<Purifier, Tensor, Tensor> squeeze)
    {
        using var scope = NewDisposeScope();
        var plain = embed(images);
        return stack([.. squeezers.Select(s => (embed(squeeze(s, images)) - plain).Squared().sum(1))], 1).MoveToOuterDisposeScope();
    }
}
