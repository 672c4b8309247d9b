using Google.Protobuf.Collections;
using Masquerade.Networks.Onnx.Format;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Networks.Onnx.Preparation;

/// <summary>
/// The element types of the values of one graph, derived from its constants, its inputs and the operators' definitions (ONNX operator
/// schemas). A graph inside a node sees the values of the graph around it.
/// </summary>
internal sealed class OnnxElementTypes
{
    /// <summary>Operators whose output has the type of another input than the first.</summary>
    private static readonly Dictionary<string, int> TypedByInput = new(StringComparer.Ordinal)
    {
        ["CastLike"] = 1,
        ["DequantizeLinear"] = 1,
        ["Where"] = 1,
        ["OneHot"] = 2,
    };

    /// <summary>Operators whose output has one type, whatever they read.</summary>
    private static readonly Dictionary<string, DataType> Typed = new(StringComparer.Ordinal)
    {
        ["Shape"] = DataType.Int64,
        ["Size"] = DataType.Int64,
        ["ArgMax"] = DataType.Int64,
        ["ArgMin"] = DataType.Int64,
        ["NonZero"] = DataType.Int64,
        ["NonMaxSuppression"] = DataType.Int64,
        ["ConvInteger"] = DataType.Int32,
        ["MatMulInteger"] = DataType.Int32,
        ["DynamicQuantizeLinear"] = DataType.Uint8,
        ["Equal"] = DataType.Bool,
        ["Greater"] = DataType.Bool,
        ["GreaterOrEqual"] = DataType.Bool,
        ["Less"] = DataType.Bool,
        ["LessOrEqual"] = DataType.Bool,
        ["IsInf"] = DataType.Bool,
        ["IsNaN"] = DataType.Bool,
        ["RegexFullMatch"] = DataType.Bool,
        ["TfIdfVectorizer"] = DataType.Float,
        ["StringConcat"] = DataType.String,
    };

    /// <summary>Operators whose output type is not derived here: it follows from attributes, sequences or graphs inside.</summary>
    private static readonly HashSet<string> NotDerived = new(StringComparer.Ordinal)
    {
        "Bernoulli", "BitCast", "BlackmanWindow", "EyeLike", "HammingWindow", "HannWindow", "If", "ImageDecoder", "Loop",
        "MelWeightMatrix", "Multinomial", "Optional", "OptionalGetElement", "OptionalHasElement", "QLinearConv", "QLinearMatMul",
        "QuantizeLinear", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Scan", "SequenceAt",
        "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength", "SequenceMap", "SplitToSequence",
        "StringSplit", "ConcatFromSequence",
    };

    private readonly OnnxElementTypes? _outer;
    private readonly Dictionary<string, DataType> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DataType> _declared = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (NodeProto Node, int Output)> _producers = new(StringComparer.Ordinal);

    private OnnxElementTypes(IEnumerable<NodeProto> nodes, IEnumerable<ValueInfoProto> declared, OnnxElementTypes? outer)
    {
        _outer = outer;
        foreach (var value in declared.Where(v => TypeOf(v) != DataType.Undefined)) _declared.TryAdd(value.Name, TypeOf(value));
        foreach (var node in nodes)
        {
            foreach (var (at, name) in node.Output.Index().Where(o => o.Item.Length > 0)) _producers.TryAdd(name, (node, at));
        }
    }

    /// <summary>Types of a model's graph, or of a graph inside a node.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="outer">Types of the graph around it; null for a model's.</param>
    public static OnnxElementTypes Of(GraphProto graph, OnnxElementTypes? outer)
    {
        var types = new OnnxElementTypes(graph.Node, [.. graph.Input, .. graph.ValueInfo, .. graph.Output], outer);
        foreach (var tensor in graph.Initializer) types._known.TryAdd(tensor.Name, (DataType)tensor.DataType);
        foreach (var tensor in graph.SparseInitializer.Where(s => s.Values is not null))
            types._known.TryAdd(tensor.Values.Name, (DataType)tensor.Values.DataType);
        return types;
    }

    /// <summary>Types of a local function, whose inputs may be of any type.</summary>
    public static OnnxElementTypes Of(FunctionProto function) => new(function.Node, function.ValueInfo, null);

    /// <summary>The type of a value; undefined where it cannot be told.</summary>
    /// <remarks>Follows the values back to one whose type is known, without recursion: a hostile chain may be long.</remarks>
    public DataType this[string name]
    {
        get
        {
            var passed = new List<(OnnxElementTypes Scope, string Name)>();
            var scope = this;
            var type = DataType.Undefined;
            while (scope is not null)
            {
                if (scope._known.TryGetValue(name, out type)) break;
                // Nothing is known of a value until its source is reached: a cycle of nodes ends here.
                if (scope._producers.TryGetValue(name, out var producer))
                {
                    passed.Add((scope, name));
                    scope._known[name] = DataType.Undefined;
                    type = Own(producer.Node, producer.Output, out var from);
                    if (from is null)
                    {
                        if (type == DataType.Undefined) scope._declared.TryGetValue(name, out type);
                        break;
                    }
                    name = from;
                    continue;
                }
                if (scope._declared.TryGetValue(name, out type)) break;
                scope = scope._outer;
            }
            foreach (var (where, value) in passed) where._known[value] = type;
            return type;
        }
    }

    /// <summary>The type that a node gives an output by itself, or the input that the output's type is taken from.</summary>
    private static DataType Own(NodeProto node, int output, out string? from)
    {
        from = null;
        if (!OnnxGraph.IsStandard(node.Domain) || NotDerived.Contains(node.OpType)) return DataType.Undefined;
        if (Typed.TryGetValue(node.OpType, out var type)) return output == 0 ? type : DataType.Undefined;
        switch (node.OpType)
        {
            case "Constant": return TypeOfConstant(node.Attribute);
            case "Cast": return (DataType)(node.Attribute.FirstOrDefault(a => a.Name == "to")?.I ?? 0);
            case "ConstantOfShape": return (DataType?)node.Attribute.FirstOrDefault(a => a.Name == "value")?.T?.DataType ?? DataType.Float;
            case "TopK" or "MaxPool" or "Unique" when output > 0: return DataType.Int64;
            case "Dropout" when output > 0: return DataType.Bool;
            default:
                from = node.Input.ElementAtOrDefault(TypedByInput.GetValueOrDefault(node.OpType, 0));
                return DataType.Undefined;
        }
    }

    private static DataType TypeOfConstant(RepeatedField<AttributeProto> attributes) => attributes is not [var only] ? DataType.Undefined
        : only.Name switch
        {
            "value" => (DataType)(only.T?.DataType ?? 0),
            "sparse_value" => (DataType)(only.SparseTensor?.Values?.DataType ?? 0),
            "value_int" or "value_ints" => DataType.Int64,
            "value_float" or "value_floats" => DataType.Float,
            "value_string" or "value_strings" => DataType.String,
            _ => DataType.Undefined,
        };

    private static DataType TypeOf(ValueInfoProto value) => (DataType)(value.Type?.TensorType?.ElemType ?? 0);
}
