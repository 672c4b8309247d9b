using System.Runtime.InteropServices;
using Masquerade.Imaging;
using Masquerade.Networks;
using Masquerade.Networks.Checkpoints;
using static TorchSharp.torch;

namespace Masquerade.Models;

/// <summary>
/// Inception-ResNet-v1 with an embedding of 512 values, as FaceNet and facenet-pytorch use it (Szegedy et al., AAAI 2017; Schroff et al.,
/// CVPR 2015). Safe to use from several threads at once. Runs on the CPU with the number of threads that libtorch is set to.
/// </summary>
public sealed class InceptionResnetV1 : IDifferentiableEmbedder
{
    private readonly InceptionResnetV1Layers _layers;
    private readonly IReadOnlyList<Tensor> _weights;

    private InceptionResnetV1(InceptionResnetV1Layers layers, IReadOnlyList<Tensor> weights) => (_layers, _weights) = (layers, weights);

    /// <summary>160×160: the size that the published weights were trained with.</summary>
    public ImageSize InputSize { get; } = new(160, 160);

    /// <summary>512.</summary>
    public int EmbeddingSize => InceptionResnetV1Layers.EmbeddingSize;

    /// <summary>
    /// Loads weights with facenet-pytorch's names and shapes, or FaceNet's frozen graph; a classifier (<c>logits.*</c>) is ignored.
    /// </summary>
    /// <param name="checkpointPath">
    /// A file for <see cref="CheckpointReader"/>; a state dict may be nested under <c>state_dict</c>.
    /// </param>
    /// <param name="mean">A value p of 0 to 255 enters the network as (p − mean) / std; the published weights have 127.5 and 128.</param>
    /// <param name="std">See <paramref name="mean"/>; above 0.</param>
    /// <exception cref="InputException">
    /// The file is not a checkpoint, its names or shapes are not this network's, a weight is not finite, or mean and std are impossible.
    /// </exception>
    public static InceptionResnetV1 Load(string checkpointPath, float mean, float std)
        => Load(checkpointPath, [mean], [std]);

    /// <inheritdoc cref="Load(string, float, float)"/>
    /// <param name="checkpointPath">
    /// A file for <see cref="CheckpointReader"/>; a state dict may be nested under <c>state_dict</c>.
    /// </param>
    /// <param name="mean">
    /// For all channels, or for red, green and blue: a value p of 0 to 255 enters the network as (p − mean) / std.
    /// </param>
    /// <param name="std">Likewise, independently of <paramref name="mean"/>; above 0.</param>
    public static InceptionResnetV1 Load(string checkpointPath, IReadOnlyList<float> mean, IReadOnlyList<float> std)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(std);
        var scales = ChannelScale.OfEach(mean, std, checkpointPath);
        var weights = new InceptionResnetV1Weights(checkpointPath);
        var layers = new InceptionResnetV1Layers(weights, scales);
        return new InceptionResnetV1(layers, weights.Finish());
    }

    /// <inheritdoc/>
    public void Embed(ReadOnlyMemory<float> images, int count, Span<float> embeddings)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (images.Length != (long)count * InputSize.Values)
            throw new ArgumentException($"{images.Length} values for {count} images of {InputSize}", nameof(images));
        if (embeddings.Length != count * EmbeddingSize)
            throw new ArgumentException($"room for {embeddings.Length} values, {count} × {EmbeddingSize} are needed", nameof(embeddings));
        using var scope = NewDisposeScope();
        var batch = empty([count, 3, InputSize.Height, InputSize.Width], float32);
        MemoryMarshal.AsBytes(images.Span).CopyTo(batch.bytes);
        MemoryMarshal.Cast<byte, float>(Embed(batch).bytes).CopyTo(embeddings);
    }

    /// <inheritdoc/>
    public Tensor Embed(Tensor images)
    {
        using var inference = no_grad();
        return EmbedForGradient(images);
    }

    /// <inheritdoc/>
    public Tensor EmbedForGradient(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.dtype != float32 || images.dim() != 4 || images.shape is not [> 0, 3, var height, var width]
            || height != InputSize.Height || width != InputSize.Width)
        {
            throw new ArgumentException(
                $"{images.dtype} [{string.Join(", ", images.shape)}]; float32 [N, 3, {InputSize.Height}, {InputSize.Width}] is needed",
                nameof(images));
        }
        return _layers.Run(images);
    }

    /// <summary>Frees the weights. No call may be under way.</summary>
    public void Dispose()
    {
        foreach (var weight in _weights) weight.Dispose();
    }
}
