using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Masquerade.Imaging;
using Masquerade.Networks.Onnx.Format;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Networks.Onnx.Preparation;

/// <summary>
/// Rewrites a network file into the form both engines run: one input <see cref="InputName"/>, float32 [N,3,H,W] RGB in [0,1] with any batch
/// size, normalisation inside; one output, the raw embeddings. Whatever one engine computes, the other is given the very same graph.
/// </summary>
internal sealed class OnnxPreparation
{
    /// <summary>The prepared network's only input.</summary>
    public const string InputName = "masquerade.images";

    private const string Prefix = "masquerade.";
    private readonly ModelProto _model;
    private readonly int _opset;
    private readonly List<NodeProto> _before = [];
    private readonly List<NodeProto> _after = [];

    private OnnxPreparation(ModelProto model)
    {
        _model = model;
        _opset = OnnxModelFile.Opset(model);
    }

    /// <summary>Prepares a copy of a network.</summary>
    /// <param name="original">As read from its file.</param>
    /// <param name="normalisation">How it wants its pixels.</param>
    /// <param name="size">The crop size that it is meant for.</param>
    /// <param name="source">Its file name, for messages.</param>
    /// <param name="inputName">Which input to feed where there are several.</param>
    /// <param name="outputName">Which output is the embedding; the first if null.</param>
    /// <param name="freeBatch">Whether constant shapes that hold a batch of 1 are rewritten to hold any.</param>
    /// <exception cref="InputException">It has not one image input of that size, or no such output.</exception>
    public static ModelProto Prepare(
        ModelProto original, PixelNormalisation normalisation, ImageSize size, string source, string? inputName = null,
        string? outputName = null, bool freeBatch = true)
    {
        var preparation = new OnnxPreparation(original.Clone());
        if (freeBatch) preparation.FreeBatch();
        preparation.Rewrite(normalisation, size, source, inputName, outputName);
        return preparation._model;
    }

    private void Rewrite(PixelNormalisation normalisation, ImageSize size, string source, string? inputName, string? outputName)
    {
        var graph = _model.Graph;
        var input = FindInput(source, inputName);
        var elementType = CheckInput(input, size, normalisation.ChannelsLast, source);
        var output = outputName is null
            ? graph.Output.FirstOrDefault() ?? throw new InputException($"{source}: the network has no output")
            : graph.Output.FirstOrDefault(o => o.Name == outputName)
              ?? throw new InputException(
                  $"{source}: no output '{outputName}'; it has {string.Join(", ", graph.Output.Select(o => o.Name))}");

        var value = InputName;
        if (normalisation.FlipAverage)
        {
            var mirrored = Add(
                _before, "Gather",
                [value, Integers("mirror", [.. Enumerable.Range(0, size.Width).Select(i => (long)(size.Width - 1 - i))])],
                ("axis", 3));
            value = Add(_before, "Concat", [value, mirrored], ("axis", 0));
        }
        if (normalisation.Bgr) value = Add(_before, "Gather", [value, Integers("bgr", [2, 1, 0])], ("axis", 1));
        value = normalisation.StandardisePerImage ? StandardisePerImage(value, size)
            : Standardise(value, ChannelScale.Of(normalisation.Mean, normalisation.Std, source));
        if (normalisation.ChannelsLast) value = Add(_before, "Transpose", [value], ("perm", new long[] { 0, 2, 3, 1 }));
        if (elementType != DataType.Float) value = Add(_before, "Cast", [value], ("to", (long)elementType));
        _before[^1].Output[0] = input.Name;

        var embeddings = output.Name;
        if (ElementType(output) is var outputType && outputType != DataType.Float && outputType != DataType.Undefined)
            embeddings = Add(_after, "Cast", [embeddings], ("to", (long)DataType.Float));
        if (normalisation.FlipAverage)
        {
            embeddings = Add(_after, "Flatten", [embeddings], ("axis", 1));
            // [2N,D] to [2,N·D] keeps each half together; the mean of the halves is the flat [1,N·D].
            var halves = Add(_after, "Reshape", [embeddings, Integers("halves", [2, -1])]);
            var mean = ReduceMean(_after, halves, [0]);
            embeddings = Add(_after, "Reshape", [mean, Integers("rows", [-1, EmbeddingSize(output, source)])]);
        }

        var nodes = new List<NodeProto>([.. _before, .. graph.Node, .. _after]);
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
        graph.ValueInfo.Clear();
        graph.Input.Remove(input);
        graph.Input.Insert(0, Value(InputName, DataType.Float, [null, 3, size.Height, size.Width]));
        graph.Output.Clear();
        graph.Output.Add(Value(embeddings, DataType.Float, null));
    }

    private string Standardise(string value, IReadOnlyList<ChannelScale> scales)
    {
        var scale = scales.Select(s => 255f / s.Std).ToArray();
        var offset = scales.Select(s => -s.Mean / s.Std).ToArray();
        value = Add(_before, "Mul", [value, Floats("scale", scale, [1, scale.Length, 1, 1])]);
        return Add(_before, "Add", [value, Floats("offset", offset, [1, offset.Length, 1, 1])]);
    }

    private string StandardisePerImage(string value, ImageSize size)
    {
        value = Add(_before, "Mul", [value, Floats("levels", [255f], [1])]);
        var centred = Add(_before, "Sub", [value, ReduceMean(_before, value, [1, 2, 3])]);
        var variance = ReduceMean(_before, Add(_before, "Mul", [centred, centred]), [1, 2, 3]);
        var least = Floats("least-deviation", [1f / MathF.Sqrt(size.Values)], [1]);
        var deviation = Add(_before, "Max", [Add(_before, "Sqrt", [variance]), least]);
        return Add(_before, "Div", [centred, deviation]);
    }

    private string ReduceMean(List<NodeProto> nodes, string value, long[] axes) => _opset >= 18
        ? Add(nodes, "ReduceMean", [value, Integers("axes-" + string.Join('-', axes), axes)], ("keepdims", 1))
        : Add(nodes, "ReduceMean", [value], ("axes", axes), ("keepdims", 1));

    /// <summary>
    /// Networks are often exported with a fixed batch of 1. Input and output shapes lose it, and a Reshape to a constant [1,…] copies its
    /// input's batch instead (0 in ONNX). Whether the result really works in batches is tried when it is loaded.
    /// </summary>
    private void FreeBatch()
    {
        var constants = _model.Graph.Node.Where(n => n.OpType == "Constant" && n.Output.Count == 1)
            .Select(n => (Name: n.Output[0], Tensor: n.Attribute.FirstOrDefault(a => a.Name == "value")?.T))
            .Concat(_model.Graph.Initializer.Select(t => (t.Name, Tensor: (TensorProto?)t)))
            .Where(c => c.Tensor is not null)
            .GroupBy(c => c.Name, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.First().Tensor!, StringComparer.Ordinal);
        foreach (var reshape in _model.Graph.Node.Where(n => n.OpType == "Reshape" && n.Input.Count == 2).ToList())
        {
            if (!constants.TryGetValue(reshape.Input[1], out var shape) || Int64s(shape) is not { Length: > 1 } dims || dims[0] != 1)
                continue;
            if (reshape.Attribute.Any(a => a.Name == "allowzero" && a.I != 0)) continue;
            dims[0] = 0;
            reshape.Input[1] = Integers("free-batch-" + reshape.Output[0], dims);
        }
    }

    private static long[]? Int64s(TensorProto tensor)
    {
        if ((DataType)tensor.DataType != DataType.Int64) return null;
        if (!tensor.HasRawData) return [.. tensor.Int64Data];
        if (tensor.RawData.Length % sizeof(long) != 0) return null;
        return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(tensor.RawData.Span).ToArray();
    }

    private ValueInfoProto FindInput(string source, string? name)
    {
        var inputs = OnnxModelFile.Inputs(_model);
        if (name is not null)
        {
            return inputs.FirstOrDefault(i => i.Name == name)
                ?? throw new InputException($"{source}: no input '{name}'; it has {string.Join(", ", inputs.Select(i => i.Name))}");
        }
        return inputs.Count switch
        {
            1 => inputs[0],
            0 => throw new InputException($"{source}: the network has no input"),
            _ => throw new InputException(
                $"{source}: the network has {inputs.Count} inputs ({string.Join(", ", inputs.Select(i => i.Name))}); "
                + "name the image input in the descriptor (input.name)"),
        };
    }

    private static DataType CheckInput(ValueInfoProto input, ImageSize size, bool channelsLast, string source)
    {
        var type = ElementType(input);
        if (type is not (DataType.Float or DataType.Float16 or DataType.Double or DataType.Undefined))
            throw new InputException($"{source}: input '{input.Name}' takes {type} values; a face network takes float images");
        var dims = input.Type?.TensorType?.Shape?.Dim;
        if (dims is null || dims.Count == 0) return type == DataType.Undefined ? DataType.Float : type;
        long?[] wanted = channelsLast ? [null, size.Height, size.Width, 3] : [null, 3, size.Height, size.Width];
        var fits = dims.Count == 4;
        for (var i = 1; fits && i < 4; i++) fits = !dims[i].HasDimValue || dims[i].DimValue <= 0 || dims[i].DimValue == wanted[i];
        if (!fits)
        {
            throw new InputException(
                $"{source}: the network takes {Shape(dims)}, the descriptor says {size} crops ({(channelsLast ? "nhwc" : "nchw")}); "
                + "correct its input fields");
        }
        return type == DataType.Undefined ? DataType.Float : type;
    }

    private static long EmbeddingSize(ValueInfoProto output, string source)
    {
        var dims = output.Type?.TensorType?.Shape?.Dim;
        if (dims is { Count: > 1 } && dims.Skip(1).All(d => d.HasDimValue && d.DimValue > 0))
            return dims.Skip(1).Aggregate(1L, (product, d) => product * d.DimValue);
        throw new InputException($"{source}: flipAverage needs an output of known size; '{output.Name}' has none");
    }

    internal static string Shape(RepeatedField<TensorShapeProto.Types.Dimension> dims) =>
        "[" + string.Join(",", dims.Select(d =>
            d.HasDimValue ? d.DimValue.ToString(CultureInfo.InvariantCulture) : d.HasDimParam ? d.DimParam : "?")) + "]";

    private static DataType ElementType(ValueInfoProto value) => (DataType)(value.Type?.TensorType?.ElemType ?? 0);

    private string Integers(string name, long[] values)
    {
        if (_model.Graph.Initializer.Any(t => t.Name == Prefix + name)) return Prefix + name;
        var tensor = new TensorProto { Name = Prefix + name, DataType = (int)DataType.Int64 };
        tensor.Dims.Add(values.Length);
        tensor.Int64Data.AddRange(values);
        _model.Graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    private string Floats(string name, float[] values, long[] dims)
    {
        var tensor = new TensorProto { Name = Prefix + name, DataType = (int)DataType.Float };
        tensor.Dims.AddRange(dims);
        tensor.FloatData.AddRange(values);
        _model.Graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    private static string Add(List<NodeProto> nodes, string type, string[] inputs, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { OpType = type };
        node.Input.AddRange(inputs);
        node.Output.Add($"{Prefix}{type}-{inputs[0]}-{nodes.Count}");
        node.Name = node.Output[0];
        foreach (var (name, value) in attributes)
        {
            var attribute = new AttributeProto { Name = name };
            if (value is long[] many)
            {
                attribute.Type = AttributeProto.Types.AttributeType.Ints;
                attribute.Ints.AddRange(many);
            }
            else
            {
                attribute.Type = AttributeProto.Types.AttributeType.Int;
                attribute.I = Convert.ToInt64(value, CultureInfo.InvariantCulture);
            }
            node.Attribute.Add(attribute);
        }
        nodes.Add(node);
        return node.Output[0];
    }

    private static ValueInfoProto Value(string name, DataType type, long?[]? dims)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type };
        if (dims is not null)
        {
            tensor.Shape = new TensorShapeProto();
            foreach (var dim in dims)
            {
                tensor.Shape.Dim.Add(dim is { } fixedSize
                    ? new TensorShapeProto.Types.Dimension { DimValue = fixedSize }
                    : new TensorShapeProto.Types.Dimension { DimParam = "batch" });
            }
        }
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
