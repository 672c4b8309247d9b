using System.Numerics.Tensors;
using Masquerade.Imaging;
using Masquerade.Networks;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using Masquerade.Networks.Onnx.Preparation;
using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Masquerade.Models;

/// <summary>An ONNX network on ONNX Runtime. Loads no libtorch unless given a tensor.</summary>
public sealed class OnnxEmbedder : IFaceEmbedder
{
    private readonly OnnxRuntimeNetwork _network;
    private readonly string _name;

    internal OnnxEmbedder(ModelProto prepared, ImageSize inputSize, int threads, string source)
    {
        _network = OnnxRuntimeNetwork.Create(prepared, inputSize, threads, source);
        _name = source;
        InputSize = inputSize;
    }

    /// <summary>Prepares a network and starts it. One whose shapes do not bear another batch than 1 is left with it.</summary>
    /// <returns>The embedder, and the prepared network for another engine.</returns>
    /// <exception cref="InputException">The network does not fit, or does not run.</exception>
    internal static (OnnxEmbedder Embedder, ModelProto Prepared) Create(
        ModelProto network, PixelNormalisation normalisation, ImageSize size, int threads, string source,
        string? input = null, string? output = null)
    {
        var prepared = OnnxPreparation.Prepare(network, normalisation, size, source, input, output);
        try
        {
            return (new OnnxEmbedder(prepared, size, threads, source), prepared);
        }
        catch (InputException e) when (e.InnerException is OnnxRuntimeException)
        {
            prepared = OnnxPreparation.Prepare(network, normalisation, size, source, input, output, freeBatch: false);
            return (new OnnxEmbedder(prepared, size, threads, source), prepared);
        }
    }

    /// <inheritdoc/>
    public ImageSize InputSize { get; }

    /// <inheritdoc/>
    public int EmbeddingSize => _network.OutputSize;

    /// <summary>Whether the network runs in batches; else images go through one at a time.</summary>
    public bool RunsInBatches => _network.RunsInBatches;

    /// <inheritdoc/>
    public void Embed(ReadOnlyMemory<float> images, int count, Span<float> embeddings)
    {
        if (images.Length != count * InputSize.Values)
            throw new ArgumentException($"{images.Length} values for {count} images of {InputSize}", nameof(images));
        _network.Run(images, count, embeddings);
        Normalise(embeddings, count);
    }

    /// <inheritdoc/>
    public Tensor Embed(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var detached = images.detach();
        using var contiguous = detached.contiguous();
        var count = (int)contiguous.shape[0];
        if (contiguous.dtype != ScalarType.Float32 || contiguous.numel() != (long)count * InputSize.Values)
            throw new ArgumentException(
                $"{contiguous.dtype} [{string.Join(',', contiguous.shape)}] for images of {InputSize}",
                nameof(images));
        var values = new float[count * EmbeddingSize];
        if (count > 0) _network.Run(contiguous.Address(), count, values);
        Normalise(values, count);
        return tensor(values, [count, EmbeddingSize]);
    }

    private void Normalise(Span<float> embeddings, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var embedding = embeddings.Slice(i * EmbeddingSize, EmbeddingSize);
            var length = TensorPrimitives.Norm<float>(embedding);
            if (!(length > 0) || !float.IsFinite(length))
                throw new InputException(
                    $"{_name}: an embedding has length {length}; the network is damaged, "
                    + "or an image holds values that are not finite");
            TensorPrimitives.Divide(embedding, length, embedding);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();
}
