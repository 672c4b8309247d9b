using Masquerade.Networks;
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
        var (embedder, problem) = descriptor.Format switch
        {
            "inception-resnet-v1" => ((IFaceEmbedder)LoadInceptionResnet(descriptor), (string?)null),
            _ => LoadOnnx(descriptor, threads, gradients),
        };
        if (embedder.InputSize == descriptor.InputSize && embedder.EmbeddingSize == descriptor.EmbeddingSize)
            return new FaceModel(descriptor, embedder, problem);
        var message = embedder.InputSize != descriptor.InputSize
            ? $"the network takes crops of {embedder.InputSize}, the descriptor says {descriptor.InputSize}; correct 'input'"
            : $"embeddings have {embedder.EmbeddingSize} values, "
                + $"the descriptor says {descriptor.EmbeddingSize}; correct 'embeddingSize' or 'output'";
        embedder.Dispose();
        throw new InputException($"{descriptor.File}: {message}");
    }

    private static (IFaceEmbedder Embedder, string? NotDifferentiable) LoadOnnx(ModelDescriptor descriptor, int threads, bool gradients)
    {
        var normalisation = new PixelNormalisation(
            descriptor.Mean, descriptor.Std, descriptor.Bgr, descriptor.ChannelsLast, descriptor.PerImageStandardise,
            descriptor.FlipAverage);
        var (forward, prepared) = OnnxEmbedder.Create(
            OnnxModelFile.Read(descriptor.File), normalisation, descriptor.InputSize, threads, descriptor.File,
            descriptor.InputName, descriptor.Output);
        if (!gradients) return (forward, null);
        try
        {
            var both = new TwoEngineEmbedder(forward, OnnxTorchNetwork.Import(prepared, descriptor.File));
            if (both.MaxAbsDifference <= TwoEngineEmbedder.Tolerance) return (both, null);
            throw new InputException(
                $"{descriptor.File}: ONNX Runtime and TorchSharp disagree by {both.MaxAbsDifference:G3} on a probe batch "
                + $"(at most {TwoEngineEmbedder.Tolerance:G1}); please report this network");
        }
        catch (OperatorNotSupportedException e)
        {
            return (forward, e.Message);
        }
        catch
        {
            forward.Dispose();
            throw;
        }
    }

    private static InceptionResnetV1 LoadInceptionResnet(ModelDescriptor descriptor)
    {
        if (descriptor.Bgr || descriptor.ChannelsLast || descriptor.PerImageStandardise || descriptor.FlipAverage)
            throw new InputException(
                $"{descriptor.File}: channels, layout, perImageStandardise and flipAverage are for ONNX networks; "
                + "an inception-resnet-v1 takes mean and std");
        return InceptionResnetV1.Load(descriptor.File, Three(descriptor.Mean), Three(descriptor.Std));

        static IReadOnlyList<float> Three(IReadOnlyList<float> values) => values.Count == 1 ? [values[0], values[0], values[0]] : values;
    }

    /// <inheritdoc/>
    public void Dispose() => Embedder.Dispose();
}
