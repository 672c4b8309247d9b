namespace Masquerade.Models;

/// <summary>A network, started.</summary>
/// <param name="Embedder">What runs it; an <see cref="IDifferentiableEmbedder"/> where gradients were asked for and can be had.</param>
/// <param name="NotDifferentiable">Why it cannot be differentiated, where gradients were asked for and cannot be had.</param>
internal sealed record StartedNetwork(IFaceEmbedder Embedder, string? NotDifferentiable = null);

/// <summary>A format of network files.</summary>
/// <param name="Name">Its name in descriptors.</param>
/// <param name="Start">
/// Starts the network of a descriptor, on a number of threads, for gradients or not; throws an <see cref="InputException"/> that names the
/// file where it cannot.
/// </param>
internal sealed record ModelFormat(string Name, Func<ModelDescriptor, int, bool, StartedNetwork> Start);

/// <summary>Names become formats here, and nowhere else. A new format is one file and one line below.</summary>
internal static class ModelFormats
{
    /// <summary>Every format.</summary>
    public static IReadOnlyList<ModelFormat> All { get; } =
    [
        new("onnx", OnnxFormat.Start),
        new("inception-resnet-v1", InceptionResnetV1Format.Start),
    ];

    /// <summary>Their names, for descriptors.</summary>
    public static string[] Names => [.. All.Select(f => f.Name)];
}
