using Masquerade.Networks.Onnx;

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

    /// <summary>The engine or engines that run it; an <see cref="IDifferentiableEmbedder"/> where gradients were asked for and can be had.</summary>
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
        var (embedder, problem) = LoadOnnx(descriptor, threads, gradients);
        if (embedder.EmbeddingSize == descriptor.EmbeddingSize) return new FaceModel(descriptor, embedder, problem);
        var actual = embedder.EmbeddingSize;
        embedder.Dispose();
        throw new InputException($"{descriptor.File}: embeddings have {actual} values, the descriptor says {descriptor.EmbeddingSize}; correct 'embeddingSize' or 'output'");
    }

    private static (IFaceEmbedder Embedder, string? NotDifferentiable) LoadOnnx(ModelDescriptor descriptor, int threads, bool gradients)
    {
        _ = gradients;
        var normalisation = new PixelNormalisation(
            descriptor.Mean, descriptor.Std, descriptor.Bgr, descriptor.ChannelsLast, descriptor.PerImageStandardise, descriptor.FlipAverage);
        var prepared = OnnxPreparation.Prepare(
            OnnxModelFile.Read(descriptor.File), normalisation, descriptor.InputSize, descriptor.File, descriptor.InputName, descriptor.Output);
        var forward = new OnnxEmbedder(prepared, descriptor.InputSize, threads, descriptor.File);
        return (forward, null);
    }

    /// <inheritdoc/>
    public void Dispose() => Embedder.Dispose();
}
