using Masquerade.Networks.Onnx;

namespace Masquerade.Models;

/// <summary>What a model is, and whether it can be attacked with gradients.</summary>
/// <param name="Name">Its name, or its file's.</param>
/// <param name="Format">As in descriptors.</param>
/// <param name="Inputs">Inputs, where the format has a graph.</param>
/// <param name="Outputs">Outputs, where the format has a graph.</param>
/// <param name="Operators">How often each operator occurs.</param>
/// <param name="Parameters">Floating-point values in all weights; null where the format is not a graph.</param>
/// <param name="Flops">Multiplications and additions of one forward pass of one image; null where unknown.</param>
/// <param name="Differentiable">Whether gradients can be had.</param>
/// <param name="Unsupported">The operators or forms that stand in the way.</param>
/// <param name="MaxAbsDifference">
/// Largest difference between the engines' unit embeddings of a probe batch; null where there is one engine only.
/// </param>
/// <param name="RunsInBatches">Whether the network takes several images at once.</param>
public sealed record ModelInspection(
    string Name, string Format, IReadOnlyList<OnnxValue> Inputs, IReadOnlyList<OnnxValue> Outputs,
    IReadOnlyDictionary<string, int> Operators, long? Parameters, long? Flops, bool Differentiable, IReadOnlyList<string> Unsupported,
    float? MaxAbsDifference, bool RunsInBatches)
{
    /// <summary>Looks at a model.</summary>
    /// <param name="path">
    /// A descriptor, or an ONNX file by itself; then the engines are not compared, for nothing says what the network eats.
    /// </param>
    /// <param name="threads">Threads of the engines.</param>
    /// <exception cref="InputException">The file is missing, damaged or not a model.</exception>
    public static ModelInspection Of(string path, int threads)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? OfNetwork(path) : OfDescriptor(path, threads);
    }

    private static ModelInspection OfNetwork(string path)
    {
        var model = OnnxModelFile.Read(path);
        var statistics = OnnxGraphStatistics.Of(model, path);
        var unsupported = OnnxTorchNetwork.Unsupported(model);
        var batch = statistics.Inputs.FirstOrDefault()?.Shape.FirstOrDefault();
        return new ModelInspection(
            Path.GetFileName(path), "onnx", statistics.Inputs, statistics.Outputs, statistics.Operators, statistics.Parameters,
            statistics.Flops, unsupported.Count == 0, unsupported, null, batch != "1");
    }

    private static ModelInspection OfDescriptor(string path, int threads)
    {
        using var model = FaceModel.Load(path, threads, gradients: true);
        var descriptor = model.Descriptor;
        if (descriptor.Format != "onnx")
            return new ModelInspection(
                descriptor.Name, descriptor.Format, [], [], new Dictionary<string, int>(), null, null,
                model.Embedder is IDifferentiableEmbedder, model.NotDifferentiable is { } problem ? [problem] : [], null, true);
        var network = OnnxModelFile.Read(descriptor.File);
        var size = descriptor.InputSize;
        long[] image = descriptor.ChannelsLast ? [1, size.Height, size.Width, 3] : [1, 3, size.Height, size.Width];
        var statistics = OnnxGraphStatistics.Of(network, descriptor.File, image, descriptor.Output);
        var both = model.Embedder as TwoEngineEmbedder;
        return new ModelInspection(
            descriptor.Name, descriptor.Format, statistics.Inputs, statistics.Outputs, statistics.Operators, statistics.Parameters,
            statistics.Flops, both is not null, both is null ? OnnxTorchNetwork.Unsupported(network) : [], both?.MaxAbsDifference,
            both?.RunsInBatches ?? model.Embedder is OnnxEmbedder { RunsInBatches: true });
    }
}
