using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Networks;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using Masquerade.Networks.Onnx.Preparation;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Masquerade.Detection;

/// <summary>
/// A recogniser's activations, reached by name in its ONNX file: of each named value its mean over the image, [N,C], one after another. ONNX
/// Runtime computes them; gradients are TorchSharp's, and the two have to agree on a probe batch.
/// </summary>
internal sealed class ActivationNetwork : IDisposable
{
    private const float Tolerance = 1e-3f;
    private const string Features = "masquerade.features";

    private static readonly HashSet<string> Rectifiers = new(StringComparer.Ordinal)
    {
        "Relu", "PRelu", "LeakyRelu", "Elu", "Selu", "Sigmoid", "HardSigmoid", "HardSwish", "Gelu", "Mish", "Softplus", "Clip", "Tanh",
    };

    private readonly OnnxRuntimeNetwork _forward;
    private readonly OnnxTorchNetwork? _gradient;
    private readonly ImageSize _size;

    private ActivationNetwork(OnnxRuntimeNetwork forward, OnnxTorchNetwork? gradient, ImageSize size, IReadOnlyList<int> widths) =>
        (_forward, _gradient, _size, Widths) = (forward, gradient, size, widths);

    /// <summary>Values of each named activation, in order.</summary>
    public IReadOnlyList<int> Widths { get; }

    /// <summary>Whether gradients can be had.</summary>
    public bool IsDifferentiable => _gradient is not null;

    /// <summary>Outputs of a network's activation functions, the first in the network first.</summary>
    /// <exception cref="InputException">The recogniser is no ONNX network, or has none.</exception>
    public static IReadOnlyList<string> Rectified(ModelDescriptor descriptor)
    {
        var names = Read(descriptor).Graph.Node.Where(n => Rectifiers.Contains(n.OpType)).Select(n => n.Output[0]).ToList();
        return names.Count > 0 ? names
            : throw new InputException($"{descriptor.File}: has no activation functions that are known; name its layers with --layers");
    }

    /// <summary>Opens a recogniser's activations.</summary>
    /// <param name="descriptor">The recogniser.</param>
    /// <param name="layers">Names of values in its graph, at least one.</param>
    /// <param name="threads">Threads of a forward pass.</param>
    /// <param name="gradients">Whether gradients are wanted.</param>
    /// <exception cref="InputException">No ONNX network, no such value, or two engines that disagree.</exception>
    public static ActivationNetwork Open(ModelDescriptor descriptor, IReadOnlyList<string> layers, int threads, bool gradients)
    {
        var model = Read(descriptor);
        var known = model.Graph.Node.SelectMany(n => n.Output).Where(o => o.Length > 0).ToHashSet(StringComparer.Ordinal);
        foreach (var layer in layers)
        {
            if (!known.Contains(layer))
                throw new InputException($"{descriptor.File}: no activation '{InputFile.OneLine(layer)}'{NearestName.Question(layer, [.. known])}");
        }
        var (parts, widths) = (new List<string>(), new List<int>());
        foreach (var layer in layers)
        {
            var shape = ShapeOf(model, layer, descriptor);
            if (shape.Length < 2) throw new InputException($"{descriptor.File}: the activation '{layer}' has no values for each image");
            widths.Add((int)shape[1]);
            parts.Add(shape.Length == 2 ? layer : Pooled(model, layer, parts.Count));
        }
        Add(model, "Concat", [.. parts], Features, ("axis", 1));
        var (forward, prepared) = Create(model, descriptor, threads);
        OnnxTorchNetwork? gradient = null;
        try
        {
            gradient = gradients ? Import(prepared, descriptor.File) : null;
            var network = new ActivationNetwork(forward, gradient, descriptor.InputSize, widths);
            if (forward.OutputSize != widths.Sum())
                throw new InputException($"{descriptor.File}: the activations have {forward.OutputSize} values, not {widths.Sum()}; name other layers");
            if (gradient is not null) network.Compare(descriptor.File);
            return network;
        }
        catch
        {
            gradient?.Dispose();
            forward.Dispose();
            throw;
        }
    }

    /// <summary>The activations of images.</summary>
    /// <param name="images">float32 [N,3,H,W] in [0,1].</param>
    /// <returns>float32 [N,D], without a gradient, owned by the caller's scope.</returns>
    public Tensor Of(Tensor images)
    {
        using var scope = NewDisposeScope();
        var from = images.detach().contiguous();
        var count = (int)from.shape[0];
        var values = new float[count * _forward.OutputSize];
        if (count > 0) _forward.Run(from.Address(), count, values);
        return tensor(values, [count, _forward.OutputSize]).MoveToOuterDisposeScope();
    }

    /// <summary>The same as a part of the autograd graph.</summary>
    public Tensor ForGradient(Tensor images)
    {
        var network = _gradient ?? throw new InvalidOperationException("opened without gradients");
        if (_forward.RunsInBatches || images.shape[0] == 1) return network.Forward(images);
        using var scope = NewDisposeScope();
        return cat([.. images.split(1).Select(network.Forward)]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _forward.Dispose();
        _gradient?.Dispose();
    }

    private static ModelProto Read(ModelDescriptor descriptor) => descriptor.Format == "onnx" ? OnnxModelFile.Read(descriptor.File)
        : throw new InputException($"{descriptor.Name}: activations are reached by name in ONNX networks only, and this is {descriptor.Format}; "
            + "choose a detector that looks at images or embeddings");

    private static PixelNormalisation Normalisation(ModelDescriptor descriptor) => new(
        descriptor.Mean, descriptor.Std, descriptor.Bgr, descriptor.ChannelsLast, descriptor.PerImageStandardise);

    /// <summary>Shape of a value for one image, found by running it.</summary>
    private static long[] ShapeOf(ModelProto model, string layer, ModelDescriptor descriptor)
    {
        var size = descriptor.InputSize;
        var only = WithOutput(model, layer);
        var prepared = OnnxPreparation.Prepare(only, Normalisation(descriptor), size, descriptor.File, descriptor.InputName, layer, freeBatch: false);
        using var session = new OnnxSession(prepared, 1, descriptor.File);
        using var results = session.Run(ProbeImages.Create(size, 1), 1, 3, size.Height, size.Width);
        return results[0].GetTensorTypeAndShape().Shape;
    }

    private static string Pooled(ModelProto model, string layer, int at)
    {
        Add(model, "GlobalAveragePool", [layer], $"{Features}.pooled{at}");
        Add(model, "Flatten", [$"{Features}.pooled{at}"], $"{Features}.{at}", ("axis", 1));
        return $"{Features}.{at}";
    }

    private static (OnnxRuntimeNetwork Forward, ModelProto Prepared) Create(ModelProto model, ModelDescriptor descriptor, int threads)
    {
        var whole = WithOutput(model, Features);
        try
        {
            return Prepared(freeBatch: true);
        }
        catch (InputException e) when (e.InnerException is Microsoft.ML.OnnxRuntime.OnnxRuntimeException)
        {
            return Prepared(freeBatch: false);
        }

        (OnnxRuntimeNetwork, ModelProto) Prepared(bool freeBatch)
        {
            var prepared = OnnxPreparation.Prepare(
                whole, Normalisation(descriptor), descriptor.InputSize, descriptor.File, descriptor.InputName, Features, freeBatch);
            return (OnnxRuntimeNetwork.Create(prepared, descriptor.InputSize, threads, descriptor.File), prepared);
        }
    }

    private static OnnxTorchNetwork? Import(ModelProto prepared, string source)
    {
        try
        {
            return OnnxTorchNetwork.Import(prepared, source);
        }
        catch (OperatorNotSupportedException)
        {
            return null;
        }
    }

    private void Compare(string source)
    {
        const int Count = 2;
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var images = tensor(ProbeImages.Create(_size, Count), [Count, 3, _size.Height, _size.Width]);
        var (served, imported) = (Of(images), ForGradient(images));
        var difference = ((served - imported).abs().max() / served.abs().max().AtLeast(1)).item<float>();
        if (!(difference <= Tolerance))
            throw new InputException($"{source}: ONNX Runtime and TorchSharp disagree about its activations by {difference:G3}; please report this network");
    }

    private static ModelProto WithOutput(ModelProto model, string output)
    {
        var copy = model.Clone();
        copy.Graph.Output.Clear();
        copy.Graph.Output.Add(OnnxModelBuilder.Value(output, TensorProto.Types.DataType.Float, null));
        return copy;
    }

    private static void Add(ModelProto model, string type, string[] inputs, string output, params (string Name, long Value)[] attributes)
    {
        var node = new NodeProto { OpType = type, Name = output };
        node.Input.Add(inputs);
        node.Output.Add(output);
        foreach (var (name, value) in attributes)
            node.Attribute.Add(new AttributeProto { Name = name, I = value, Type = AttributeProto.Types.AttributeType.Int });
        model.Graph.Node.Add(node);
    }
}
