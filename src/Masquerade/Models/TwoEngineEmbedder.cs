using Masquerade.Imaging;
using Masquerade.Networks;
using Masquerade.Networks.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Models;

/// <summary>
/// One ONNX network on two engines: ONNX Runtime embeds, TorchSharp differentiates. Both are given the same prepared graph, and they must
/// agree on a probe batch before the embedder is handed out.
/// </summary>
public sealed class TwoEngineEmbedder : IDifferentiableEmbedder
{
    /// <summary>Largest difference of a unit embedding's values that is still called agreement.</summary>
    public const float Tolerance = 1e-3f;

    private readonly OnnxEmbedder _forward;
    private readonly OnnxTorchNetwork _gradient;

    internal TwoEngineEmbedder(OnnxEmbedder forward, OnnxTorchNetwork gradient)
    {
        _forward = forward;
        _gradient = gradient;
        MaxAbsDifference = Compare();
    }

    /// <summary>Whether the network runs in batches; else images go through one at a time.</summary>
    public bool RunsInBatches => _forward.RunsInBatches;

    /// <summary>The largest difference between the engines' embeddings of the probe batch.</summary>
    public float MaxAbsDifference { get; }

    /// <inheritdoc/>
    public ImageSize InputSize => _forward.InputSize;

    /// <inheritdoc/>
    public int EmbeddingSize => _forward.EmbeddingSize;

    /// <inheritdoc/>
    public void Embed(ReadOnlyMemory<float> images, int count, Span<float> embeddings) => _forward.Embed(images, count, embeddings);

    /// <inheritdoc/>
    public Tensor Embed(Tensor images) => _forward.Embed(images);

    /// <inheritdoc/>
    public Tensor EmbedForGradient(Tensor images)
    {
        using var scope = NewDisposeScope();
        // What cannot be embedded in batches cannot be differentiated in batches either.
        var raw = RunsInBatches || images.shape[0] == 1
            ? _gradient.Forward(images)
            : cat([.. images.split(1).Select(one => _gradient.Forward(one).reshape(1, -1))]);
        return nn.functional.normalize(raw.reshape(images.shape[0], -1), p: 2, dim: 1).MoveToOuterDisposeScope();
    }

    private float Compare()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        const int Count = 2;
        var images = tensor(ProbeImages.Create(InputSize, Count), [Count, 3, InputSize.Height, InputSize.Width]);
        return (EmbedForGradient(images) - _forward.Embed(images)).abs().max().item<float>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _forward.Dispose();
        _gradient.Dispose();
    }
}
