using System.Runtime.InteropServices;
using Masquerade.Networks.Checkpoints;
using static TorchSharp.torch;

namespace Masquerade.Models;

/// <summary>
/// The weights of an Inception-ResNet-v1 as FaceNet's frozen TensorFlow graphs have them: under the scopes of its builder, kernels
/// [height, width, inputs, outputs], batch norms without a scale. Here they get facenet-pytorch's names and layout.
/// </summary>
internal static class InceptionResnetV1Graph
{
    private const string Root = "InceptionResnetV1/";
    private const string Scale = "/BatchNorm/gamma";

    // Where a variable's value was folded into what reads it, the constant has the reader's name.
    private const string Reader = "/read";

    private sealed record Layer(string Name, string Scope);

    /// <summary>Convolutions with their batch norms.</summary>
    private static readonly Layer[] Convolutions =
    [
        new("conv2d_1a", "Conv2d_1a_3x3"), new("conv2d_2a", "Conv2d_2a_3x3"), new("conv2d_2b", "Conv2d_2b_3x3"),
        new("conv2d_3b", "Conv2d_3b_1x1"), new("conv2d_4a", "Conv2d_4a_3x3"), new("conv2d_4b", "Conv2d_4b_3x3"),
        .. Repeated("repeat_1", "Repeat/block35", 5,
            ["Conv2d_1x1"], ["Conv2d_0a_1x1", "Conv2d_0b_3x3"], ["Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_0c_3x3"]),
        .. Branches("mixed_6a", "Mixed_6a", ["Conv2d_1a_3x3"], ["Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_1a_3x3"]),
        .. Repeated("repeat_2", "Repeat_1/block17", 10, ["Conv2d_1x1"], ["Conv2d_0a_1x1", "Conv2d_0b_1x7", "Conv2d_0c_7x1"]),
        .. Branches("mixed_7a", "Mixed_7a", ["Conv2d_0a_1x1", "Conv2d_1a_3x3"], ["Conv2d_0a_1x1", "Conv2d_1a_3x3"],
            ["Conv2d_0a_1x1", "Conv2d_0b_3x3", "Conv2d_1a_3x3"]),
        .. Repeated("repeat_3", "Repeat_2/block8", 5, ["Conv2d_1x1"], ["Conv2d_0a_1x1", "Conv2d_0b_1x3", "Conv2d_0c_3x1"]),
        .. Branches("block8", "Block8", ["Conv2d_1x1"], ["Conv2d_0a_1x1", "Conv2d_0b_1x3", "Conv2d_0c_3x1"]),
    ];

    /// <summary>The convolutions with a bias that end the residual blocks.</summary>
    private static readonly Layer[] Projections =
    [
        .. Blocks("repeat_1", "Repeat/block35", 5), .. Blocks("repeat_2", "Repeat_1/block17", 10),
        .. Blocks("repeat_3", "Repeat_2/block8", 5), new("block8", "Block8"),
    ];

    /// <summary>Each of facenet-pytorch's names with the name of the constant that it is.</summary>
    public static IReadOnlyDictionary<string, string> Names { get; } = new Dictionary<string, string>(
    [
        .. Convolutions.Select(c => KeyValuePair.Create($"{c.Name}.conv.weight", $"{Root}{c.Scope}/weights")),
        .. Convolutions.SelectMany(c => BatchNorm($"{c.Name}.bn", c.Scope)),
        .. Projections.Select(p => KeyValuePair.Create($"{p.Name}.conv2d.weight", $"{Root}{p.Scope}/Conv2d_1x1/weights")),
        .. Projections.Select(p => KeyValuePair.Create($"{p.Name}.conv2d.bias", $"{Root}{p.Scope}/Conv2d_1x1/biases")),
        new("last_linear.weight", $"{Root}Bottleneck/weights"),
        .. BatchNorm("last_bn", "Bottleneck"),
    ], StringComparer.Ordinal);

    /// <summary>Whether tensors are the constants of such a graph.</summary>
    public static bool Is(IReadOnlyDictionary<string, CheckpointTensor> tensors) =>
        tensors.Keys.Any(name => name.StartsWith(Root, StringComparison.Ordinal));

    /// <summary>The weights that are there, under facenet-pytorch's names and in its layout; and what each is called in the file.</summary>
    public static (Dictionary<string, CheckpointTensor> Weights, IReadOnlyDictionary<string, string> Names) Rename(
        IReadOnlyDictionary<string, CheckpointTensor> graph)
    {
        var weights = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        foreach (var (name, constant) in Names)
        {
            if (graph.TryGetValue(constant, out var value) || graph.TryGetValue(constant + Reader, out value))
                weights[name] = Turned(value);
            else if (constant.EndsWith(Scale, StringComparison.Ordinal) && Sibling(weights, name) is { } sibling)
                weights[name] = Ones(sibling.Shape);
        }
        return (weights, Names);
    }

    /// <summary>The scale comes last: where the graph has none it is 1, in the shape of the others.</summary>
    private static KeyValuePair<string, string>[] BatchNorm(string name, string scope) =>
    [
        new($"{name}.bias", $"{Root}{scope}/BatchNorm/beta"),
        new($"{name}.running_mean", $"{Root}{scope}/BatchNorm/moving_mean"),
        new($"{name}.running_var", $"{Root}{scope}/BatchNorm/moving_variance"),
        new($"{name}.weight", $"{Root}{scope}{Scale}"),
    ];

    private static CheckpointTensor? Sibling(Dictionary<string, CheckpointTensor> weights, string scale)
    {
        var batchNorm = scale[..^"weight".Length];
        return new[] { "bias", "running_mean", "running_var" }.Select(part => weights.GetValueOrDefault(batchNorm + part))
            .FirstOrDefault(part => part is not null);
    }

    private static IEnumerable<Layer> Blocks(string name, string scope, int count) =>
        Enumerable.Range(0, count).Select(i => new Layer($"{name}.{i}", $"{scope}_{i + 1}"));

    private static IEnumerable<Layer> Repeated(string name, string scope, int count, params string[][] branches) =>
        Blocks(name, scope, count).SelectMany(block => Branches(block.Name, block.Scope, branches));

    // A branch of one convolution has the branch's name, longer ones are numbered.
    private static IEnumerable<Layer> Branches(string name, string scope, params string[][] branches) =>
        branches.SelectMany((branch, b) => branch.Select((convolution, i) => new Layer(
            branch.Length == 1 ? $"{name}.branch{b}" : $"{name}.branch{b}.{i}", $"{scope}/Branch_{b}/{convolution}")));

    /// <summary>Kernels [height, width, inputs, outputs] and matrices [inputs, outputs], as PyTorch has them: outputs first.</summary>
    private static CheckpointTensor Turned(CheckpointTensor value)
    {
        if (value.Shape.Count is not (2 or 4)) return value;
        using var scope = NewDisposeScope();
        var turned = value.ToTensor().permute(value.Shape.Count == 4 ? [3, 2, 0, 1] : [1, 0]).contiguous();
        return new CheckpointTensor(value.Type, turned.shape, turned.bytes.ToArray());
    }

    private static CheckpointTensor Ones(IReadOnlyList<long> shape)
    {
        var values = new float[shape.Aggregate(1L, (count, size) => count * size)];
        Array.Fill(values, 1f);
        return new CheckpointTensor(ScalarType.Float32, shape, MemoryMarshal.AsBytes<float>(values).ToArray());
    }
}
