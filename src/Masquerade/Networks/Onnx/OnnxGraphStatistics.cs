using System.Globalization;
using Masquerade.Networks.Onnx.Format;
using TorchSharp;
using static TorchSharp.torch;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Networks.Onnx;

/// <summary>An input or output of a network file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Element type, as ONNX calls it.</param>
/// <param name="Shape">One entry an axis: a number, the name of a free size, or "?".</param>
public sealed record OnnxValue(string Name, string Type, IReadOnlyList<string> Shape);

/// <summary>What a network file holds.</summary>
/// <param name="Inputs">The inputs that are not weights.</param>
/// <param name="Outputs">The outputs.</param>
/// <param name="Operators">How often each operator occurs, by name.</param>
/// <param name="Parameters">Floating-point values in all weights.</param>
/// <param name="Flops">
/// Operations of one forward pass of one image: multiplications and additions of convolutions and matrix products. Null where the
/// network cannot be imported or the image size is unknown.
/// </param>
public sealed record OnnxGraphStatistics(
    IReadOnlyList<OnnxValue> Inputs,
    IReadOnlyList<OnnxValue> Outputs,
    IReadOnlyDictionary<string, int> Operators,
    long Parameters,
    long? Flops)
{
    /// <summary>Reads them from a model.</summary>
    /// <param name="model">What the file holds.</param>
    /// <param name="source">File name, for messages.</param>
    /// <param name="image">Shape of one image as the input takes it, such as [1,3,112,112]; what the file declares where null.</param>
    /// <param name="output">The output that FLOPs are counted for; the first where null.</param>
    /// <exception cref="InputException">The graph is broken.</exception>
    internal static OnnxGraphStatistics Of(ModelProto model, string source, IReadOnlyList<long>? image = null, string? output = null)
    {
        var graph = model.Graph ?? throw OnnxError.Broken(source, $"holds no graph; it is not an ONNX model");
        var weights = graph.Initializer.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        var inputs = graph.Input.Where(i => !weights.Contains(i.Name)).Select(Value).ToList();
        var operators = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            var name = OnnxGraph.OperatorName(node);
            operators[name] = operators.GetValueOrDefault(name) + 1;
        }
        var parameters = graph.Initializer.Where(IsFloating).Sum(t => t.Dims.Aggregate(1L, (a, b) => a * b));
        return new(inputs, [.. graph.Output.Select(Value)], operators, parameters, CountFlops(model, source, image, output));
    }

    private static long? CountFlops(ModelProto model, string source, IReadOnlyList<long>? image, string? output)
    {
        try
        {
            using var scope = NewDisposeScope();
            using var network = OnnxTorchNetwork.Import(model, source, output);
            var shape = image ?? OneImage(OnnxGraph.Read(model, source, output).Input);
            return shape is null ? null : network.CountFlops(zeros(SmallTensors.Checked([.. shape])));
        }
        catch (OperatorNotSupportedException)
        {
            // Reported on its own; without an import there is nothing to count.
            return null;
        }
    }

    /// <summary>The declared shape with a batch of one; null where another size is free.</summary>
    private static List<long>? OneImage(ValueInfoProto input)
    {
        var sizes = input.Type?.TensorType?.Shape?.Dim.Select(d => d.HasDimValue ? d.DimValue : 0).ToList();
        if (sizes is null or []) return null;
        sizes[0] = 1;
        return sizes.All(s => s > 0) ? sizes : null;
    }

    private static bool IsFloating(TensorProto tensor) =>
        (DataType)tensor.DataType is DataType.Float or DataType.Float16 or DataType.Double or DataType.Bfloat16;

    private static OnnxValue Value(ValueInfoProto value)
    {
        var tensor = value.Type?.TensorType;
        var shape = tensor?.Shape?.Dim.Select(d => d switch
        {
            { HasDimValue: true } => d.DimValue.ToString(CultureInfo.InvariantCulture),
            { HasDimParam: true } => d.DimParam,
            _ => "?",
        });
        return new OnnxValue(value.Name, ((DataType)(tensor?.ElemType ?? 0)).ToString().ToLowerInvariant(), [.. shape ?? []]);
    }
}
