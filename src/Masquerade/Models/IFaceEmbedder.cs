using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Models;

/// <summary>
/// A network that turns face crops into embeddings of unit length: the engine that serves the model. It normalises pixels inside itself.
/// Only the members that take a <see cref="Tensor"/> load libtorch.
/// </summary>
public interface IFaceEmbedder : IDisposable
{
    /// <summary>Size of the crops that it takes.</summary>
    ImageSize InputSize { get; }

    /// <summary>Values in an embedding.</summary>
    int EmbeddingSize { get; }

    /// <summary>Embeds images held in managed memory.</summary>
    /// <param name="images">count × 3 × H × W values in [0,1]: planar RGB, one image after another.</param>
    /// <param name="count">How many images.</param>
    /// <param name="embeddings">Receives count × <see cref="EmbeddingSize"/> values; each embedding has unit length.</param>
    void Embed(ReadOnlyMemory<float> images, int count, Span<float> embeddings);

    /// <summary>Embeds a batch.</summary>
    /// <param name="images">float32 [N,3,H,W] in [0,1].</param>
    /// <returns>float32 [N,D], each row of unit length; carries no gradient; owned by the caller's scope.</returns>
    Tensor Embed(Tensor images);
}

/// <summary>An embedder that can also be differentiated.</summary>
public interface IDifferentiableEmbedder : IFaceEmbedder
{
    /// <summary>Embeds a batch so that gradients flow back to the images.</summary>
    /// <param name="images">float32 [N,3,H,W] in [0,1].</param>
    /// <returns>float32 [N,D], each row of unit length, part of the autograd graph; owned by the caller's scope.</returns>
    Tensor EmbedForGradient(Tensor images);
}
