using Masquerade.Networks.Onnx.Format;
using TorchSharp;
using static TorchSharp.torch;
using AttributeType = Masquerade.Networks.Onnx.Format.AttributeProto.Types.AttributeType;

namespace Masquerade.Networks.Onnx;

/// <summary>One node while it is imported: its attributes, what is known of its inputs, and what its kernel will hold.</summary>
internal sealed class OnnxNode
{
    private readonly Dictionary<string, AttributeProto> _attributes = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, Tensor> _constants;
    private readonly string _source;

    /// <param name="proto">What the file holds.</param>
    /// <param name="graph">Where it stands.</param>
    /// <param name="constants">All values known by now.</param>
    /// <param name="floats">The type that the network computes in.</param>
    public OnnxNode(NodeProto proto, OnnxGraph graph, IReadOnlyDictionary<string, Tensor> constants, ScalarType floats)
    {
        _source = graph.Source;
        _constants = constants;
        Label = OnnxGraph.Label(proto);
        Operator = OnnxGraph.OperatorName(proto);
        Opset = graph.Opset;
        Floats = floats;
        Inputs = [.. proto.Input];
        Outputs = [.. proto.Output];
        foreach (var attribute in proto.Attribute)
        {
            if (!_attributes.TryAdd(attribute.Name, attribute)) throw Error($"attribute '{attribute.Name}' is given twice");
        }
    }

    /// <summary>Its name, or its first output's.</summary>
    public string Label { get; }

    /// <summary>Operator; with the domain before it where that is not the standard one.</summary>
    public string Operator { get; }

    /// <summary>Version of the standard operators.</summary>
    public long Opset { get; }

    /// <summary>The type that the network computes in.</summary>
    public ScalarType Floats { get; }

    /// <summary>What it reads; "" where an optional input is absent or was taken at import.</summary>
    public string[] Inputs { get; private set; }

    /// <summary>What it writes; "" where nobody wants it.</summary>
    public string[] Outputs { get; }

    /// <summary>Tensors that its kernel holds on to.</summary>
    public List<Tensor> Kept { get; } = [];

    /// <summary>Counts the multiplications (each with its addition) of one run, from the inputs and the first output.</summary>
    public Func<Arguments, Tensor, long>? Multiplications { get; set; }

    /// <summary>The error for a broken node.</summary>
    public InputException Error(string what) => OnnxError.Broken(_source, $"node '{Label}' ({Operator}): {what}");

    /// <summary>The error for a form that cannot be imported.</summary>
    public OperatorNotSupportedException Unsupported(string form) => OnnxError.Unsupported($"{Operator} ({form})");

    /// <summary>Whether an attribute is there.</summary>
    public bool HasAttribute(string name) => _attributes.ContainsKey(name);

    /// <summary>Whether an input is there.</summary>
    public bool HasInput(int index) => index < Inputs.Length && Inputs[index].Length > 0;

    /// <summary>An integer attribute.</summary>
    public long Int(string name, long byDefault) => Find(name, AttributeType.Int)?.I ?? byDefault;

    /// <summary>A floating-point attribute.</summary>
    public float Float(string name, float byDefault) => Find(name, AttributeType.Float)?.F ?? byDefault;

    /// <summary>A text attribute.</summary>
    public string Text(string name, string byDefault) => Find(name, AttributeType.String)?.S.ToStringUtf8() ?? byDefault;

    /// <summary>An attribute of integers; null where it is absent.</summary>
    public long[]? Ints(string name) => Find(name, AttributeType.Ints)?.Ints.ToArray();

    /// <summary>An attribute of numbers; null where it is absent.</summary>
    public float[]? Floating(string name) => Find(name, AttributeType.Floats)?.Floats.ToArray();

    /// <summary>A tensor attribute; null where it is absent.</summary>
    public Tensor? Tensor(string name) => Find(name, AttributeType.Tensor) is { } found
        ? OnnxTensorReader.Read(found.T ?? new TensorProto(), Floats, $"{_source}: node '{Label}'")
        : null;

    /// <summary>Whether a value is known at import.</summary>
    public bool IsConstant(string value) => _constants.ContainsKey(value);

    /// <summary>
    /// An input whose value is known at import. It no longer counts as read; keep what the kernel needs with <see cref="Keep"/>.
    /// </summary>
    /// <returns>Null where the input is absent or computed at run time.</returns>
    public Tensor? TakeConstant(int index)
    {
        if (!HasInput(index) || !_constants.TryGetValue(Inputs[index], out var value)) return null;
        Inputs[index] = "";
        return value;
    }

    /// <summary>Keeps a tensor for as long as the network lives.</summary>
    public Tensor Keep(Tensor tensor)
    {
        Kept.Add(tensor);
        return tensor;
    }

    /// <summary>An input of integers (axes, sizes…), read once where it is constant.</summary>
    /// <returns>Gives the integers at run time; null where the input is absent.</returns>
    public Func<Arguments, long[]>? Integers(int index)
    {
        if (!HasInput(index)) return null;
        if (TakeConstant(index) is not { } constant) return x => x[index].ToLongs();
        var values = constant.ToLongs();
        return _ => values;
    }

    /// <summary>Integers that older operator sets give as an attribute and newer ones as an input.</summary>
    /// <returns>Gives the integers at run time; null where they are absent.</returns>
    public Func<Arguments, long[]>? Integers(string attribute, int index, long inputSince)
    {
        if (Opset >= inputSince) return Integers(index);
        var values = Ints(attribute);
        return values is null ? null : _ => values;
    }

    /// <summary>A single number whose value is known at import; null where the input is absent.</summary>
    /// <exception cref="InputException">It holds several values.</exception>
    public double? ConstantNumber(int index)
    {
        if (TakeConstant(index) is not { } constant) return null;
        if (constant.numel() != 1) throw Error($"input {index} must be a single number");
        return constant.ToDoubles()[0];
    }

    /// <summary>Gives a convolution other weights, and its output another name.</summary>
    public void Rewire(string weight, string bias, string output)
    {
        Inputs = [Inputs[0], weight, bias];
        Outputs[0] = output;
    }

    /// <summary>Refuses a node that must hand out more than its first output.</summary>
    public void OneOutputOnly(string form)
    {
        if (Outputs.Skip(1).Any(o => o.Length > 0)) throw Unsupported(form);
    }

    /// <summary>Refuses a node that asks for outputs that its operator does not have.</summary>
    public void AtMostOutputs(int count)
    {
        if (Outputs.Skip(count).Any(o => o.Length > 0)) throw Error($"has {Outputs.Length} outputs where {count} exist");
    }

    private AttributeProto? Find(string name, AttributeType type)
    {
        if (!_attributes.TryGetValue(name, out var attribute)) return null;
        // IR versions before 2017 carry no type.
        if (attribute.Type != type && attribute.Type != AttributeType.Undefined)
            throw Error($"attribute '{name}' is of type {attribute.Type} where {type} is asked for");
        return attribute;
    }
}
