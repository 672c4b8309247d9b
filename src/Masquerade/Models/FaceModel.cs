namespace Masquerade.Models;

/// <summary>A loaded model: its descriptor and the embedder that runs it.</summary>
public sealed class FaceModel : IDisposable
{
    private FaceModel(ModelDescriptor descriptor, IFaceEmbedder embedder, string? notDifferentiable)
    {
        Descriptor = descriptor;
        Embedder = embedder;
        NotDifferentiable = notDifferentiable;
    }

    /// <summary>What the model's file says of it.</summary>
    public ModelDescriptor Descriptor { get; }

    /// <summary>
    /// The engine or engines that run it; an <see cref="IDifferentiableEmbedder"/> where gradients were asked for and can be had.
    /// </summary>
    public IFaceEmbedder Embedder { get; }

    /// <summary>Why it cannot be differentiated, where gradients were asked for and cannot be had; else null.</summary>
    public string? NotDifferentiable { get; }

    /// <summary>Loads a model.</summary>
    /// <param name="descriptorPath">A <c>*.model.json</c>.</param>
    /// <param name="threads">Threads of one forward pass.</param>
    /// <param name="gradients">Whether the gradient engine is loaded as well; without it an ONNX model loads no libtorch.</param>
    /// <exception cref="InputException">A bad descriptor or network file, or two engines that disagree.</exception>
    public static FaceModel Load(string descriptorPath, int threads, bool gradients)
    {
        var descriptor = ModelDescriptor.Read(descriptorPath);
        descriptor.VerifyFile();
        var (embedder, problem) = ModelFormats.All.Single(f => f.Name == descriptor.Format).Start(descriptor, threads, gradients);
        if (embedder.InputSize == descriptor.InputSize && embedder.EmbeddingSize == descriptor.EmbeddingSize)
            return new FaceModel(descriptor, embedder, problem);
        var message = embedder.InputSize != descriptor.InputSize
            ? $"the network takes crops of {embedder.InputSize}, the descriptor says {descriptor.InputSize}; correct 'input'"
            : $"embeddings have {embedder.EmbeddingSize} values, "
                + $"the descriptor says {descriptor.EmbeddingSize}; correct 'embeddingSize' or 'output'";
        embedder.Dispose();
        throw new InputException($"{descriptor.File}: {message}");
    }

    /// <inheritdoc/>
    public void Dispose() => Embedder.Dispose();
}
