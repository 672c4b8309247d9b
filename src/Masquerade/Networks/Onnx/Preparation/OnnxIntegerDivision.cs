using System.Numerics;
using System.Runtime.InteropServices;
using Google.Protobuf.Collections;
using Masquerade.Networks.Onnx.Format;
using AttributeType = Masquerade.Networks.Onnx.Format.AttributeProto.Types.AttributeType;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Networks.Onnx.Preparation;

/// <summary>
/// Makes the divisions of whole numbers in a network safe. Engines divide whole numbers with the processor's instruction, and a division by 0,
/// or of the smallest number by −1, ends the process without a word. A divisor that is stored in the file and holds 0 or −1 is refused. One that
/// is computed is replaced: by 1 where it is −1, with the sign of the quotient turned afterwards, and where it is 0 an index out of range makes
/// the engine end the pass with an error. Other divisions are left as they are.
/// </summary>
internal sealed class OnnxIntegerDivision
{
    private const string Prefix = "masquerade.division";

    private readonly string _source;
    private int _guarded;

    private OnnxIntegerDivision(string source) => _source = source;

    /// <summary>Guards every division of a network: of its graph, of graphs inside nodes, and of local functions.</summary>
    /// <param name="model">The network; changed in place.</param>
    /// <param name="source">File name, for messages.</param>
    /// <exception cref="InputException">A stored divisor holds 0 or −1, or it cannot be told whether a node divides whole numbers.</exception>
    public static void Guard(ModelProto model, string source)
    {
        var guard = new OnnxIntegerDivision(source);
        guard.Guard(model.Graph, null, null);
        foreach (var function in model.Functions) guard.Guard(function.Node, OnnxElementTypes.Of(function), Constants(function.Node, [], null));
    }

    private void Guard(GraphProto graph, OnnxElementTypes? outerTypes, IReadOnlyDictionary<string, TensorProto>? outerConstants)
    {
        // What a graph inside a node is given from outside is no constant, whatever it is set to at first.
        var inputs = outerTypes is null ? [] : graph.Input.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        var constants = Constants(graph.Node, graph.Initializer.Where(t => !inputs.Contains(t.Name)), outerConstants);
        Guard(graph.Node, OnnxElementTypes.Of(graph, outerTypes), constants);
    }

    private void Guard(RepeatedField<NodeProto> nodes, OnnxElementTypes types, IReadOnlyDictionary<string, TensorProto> constants)
    {
        var all = new List<NodeProto>(nodes.Count);
        foreach (var node in nodes)
        {
            foreach (var attribute in node.Attribute)
            {
                foreach (var graph in attribute.G is { } single ? [single, .. attribute.Graphs] : attribute.Graphs)
                    Guard(graph, types, constants);
            }
            if (DividesWholeNumbers(node, types, constants)) AddGuarded(all, node, types);
            else all.Add(node);
        }
        if (all.Count == nodes.Count) return;
        nodes.Clear();
        nodes.Add(all);
    }

    /// <summary>Whether a node has to be guarded.</summary>
    private bool DividesWholeNumbers(NodeProto node, OnnxElementTypes types, IReadOnlyDictionary<string, TensorProto> constants)
    {
        if (!OnnxGraph.IsStandard(node.Domain) || node.OpType is not ("Div" or "Mod") || node.Input.Count != 2) return false;
        var type = TypeOf(node, types);
        if (type != DataType.Undefined && !IsWhole(type)) return false;
        if (constants.TryGetValue(node.Input[1], out var divisor) && HoldsZeroOrMinusOne(divisor) is { } harmful)
        {
            if (!harmful) return false;
            throw OnnxError.Broken(_source, $"node '{OnnxGraph.Label(node)}' ({node.OpType}) divides whole numbers by 0 or by -1, "
                + "which ends the process on many machines; export the network without it");
        }
        if (type != DataType.Undefined) return true;
        throw OnnxError.Broken(_source, $"node '{OnnxGraph.Label(node)}' ({node.OpType}): it cannot be told whether it divides whole numbers, "
            + "and by what; export the network with the types of its values (onnx.shape_inference)");
    }

    /// <summary>Both operands have one type: what is known of either holds for both.</summary>
    private static DataType TypeOf(NodeProto node, OnnxElementTypes types) =>
        types[node.Input[1]] is var divisor && divisor != DataType.Undefined ? divisor : types[node.Input[0]];

    private void AddGuarded(List<NodeProto> nodes, NodeProto node, OnnxElementTypes types)
    {
        var name = $"{Prefix}{_guarded++}";
        var (type, divisor, quotient) = ((long)TypeOf(node, types), node.Input[1], node.Output[0]);
        var signed = (DataType)type is DataType.Int8 or DataType.Int16 or DataType.Int32 or DataType.Int64;
        Constant("zero", 0);
        Constant("one", 1);
        var wide = Add("Cast", "divisor", [divisor], ("to", (long)DataType.Int64));
        var isZero = Add("Cast", "is-zero", [Add("Equal", "equals-zero", [wide, $"{name}.zero"])], ("to", (long)DataType.Int64));
        // The list has one element: the index 1, where the divisor is 0, is out of range.
        var checkedOne = Add("Gather", "divisor-must-not-be-zero", [$"{name}.one", isZero]);
        var safe = Add("Mul", "checked", [wide, checkedOne]);
        if (signed)
        {
            Constant("minus-one", -1);
            Constant("two", 2);
            var isMinusOne = Add("Cast", "is-minus-one", [Add("Equal", "equals-minus-one", [wide, $"{name}.minus-one"])], ("to", (long)DataType.Int64));
            var twice = Add("Mul", "correction", [isMinusOne, $"{name}.two"]);
            safe = Add("Add", "corrected", [safe, twice]);
            if (node.OpType == "Div")
            {
                var sign = Add("Cast", "sign", [Add("Sub", "wide-sign", [$"{name}.one", twice])], ("to", type));
                Divide($"{name}.quotient");
                nodes.Add(Node("Mul", [$"{name}.quotient", sign], quotient));
                return;
            }
        }
        Divide(quotient);

        void Divide(string output)
        {
            var guarded = node.Clone();
            guarded.Input[1] = Add("Cast", "safe", [safe], ("to", type));
            guarded.Output[0] = output;
            nodes.Add(guarded);
        }

        void Constant(string what, long value)
        {
            var constant = Node("Constant", [], $"{name}.{what}");
            constant.Attribute.Add(new AttributeProto
            {
                Name = "value",
                Type = AttributeType.Tensor,
                T = OnnxModelBuilder.Longs([1], value),
            });
            nodes.Add(constant);
        }

        string Add(string operation, string what, string[] inputs, params (string Name, long Value)[] attributes)
        {
            var made = Node(operation, inputs, $"{name}.{what}");
            foreach (var (attribute, value) in attributes)
                made.Attribute.Add(new AttributeProto { Name = attribute, I = value, Type = AttributeType.Int });
            nodes.Add(made);
            return made.Output[0];
        }
    }

    private static NodeProto Node(string operation, string[] inputs, string output)
    {
        var node = new NodeProto { OpType = operation, Name = output };
        node.Input.Add(inputs);
        node.Output.Add(output);
        return node;
    }

    /// <summary>The stored tensors that a graph can read by name: its own, and those of the graphs around it that it does not hide.</summary>
    private static Dictionary<string, TensorProto> Constants(
        IEnumerable<NodeProto> nodes, IEnumerable<TensorProto> stored, IReadOnlyDictionary<string, TensorProto>? outer)
    {
        var constants = outer is null ? new(StringComparer.Ordinal) : new Dictionary<string, TensorProto>(outer, StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            foreach (var output in node.Output) constants.Remove(output);
            if (ConstantOf(node) is { } value) constants[node.Output[0]] = value;
        }
        foreach (var tensor in stored) constants[tensor.Name] = tensor;
        return constants;
    }

    private static TensorProto? ConstantOf(NodeProto node)
    {
        if (!OnnxGraph.IsStandard(node.Domain) || node.OpType != "Constant" || node.Output.Count != 1 || node.Attribute is not [var only]) return null;
        return only.Name switch
        {
            "value" => only.T,
            "value_int" => OnnxModelBuilder.Longs([], only.I),
            "value_ints" => OnnxModelBuilder.Longs([only.Ints.Count], [.. only.Ints]),
            _ => null,
        };
    }

    private static bool IsWhole(DataType type) => type is DataType.Int8 or DataType.Int16 or DataType.Int32 or DataType.Int64
        or DataType.Uint8 or DataType.Uint16 or DataType.Uint32 or DataType.Uint64;

    /// <summary>
    /// Whether a stored tensor of whole numbers holds 0 or −1; null where it is of another type, lies elsewhere or has not as many values as
    /// its shape says, so that nothing is known of it.
    /// </summary>
    private static bool? HoldsZeroOrMinusOne(TensorProto tensor) => (DataType)tensor.DataType switch
    {
        _ when tensor.DataLocation == TensorProto.Types.DataLocation.External => null,
        DataType.Int8 => Holds<sbyte>(tensor, tensor.Int32Data),
        DataType.Int16 => Holds<short>(tensor, tensor.Int32Data),
        DataType.Int32 => Holds<int>(tensor, tensor.Int32Data),
        DataType.Int64 => Holds<long>(tensor, tensor.Int64Data),
        DataType.Uint8 => Holds<byte>(tensor, tensor.Int32Data),
        DataType.Uint16 => Holds<ushort>(tensor, tensor.Int32Data),
        DataType.Uint32 => Holds<uint>(tensor, tensor.Uint64Data),
        DataType.Uint64 => Holds<ulong>(tensor, tensor.Uint64Data),
        _ => null,
    };

    private static bool? Holds<T>(TensorProto tensor, IReadOnlyCollection<int> listed) where T : unmanaged, IBinaryInteger<T> =>
        tensor.HasRawData ? HoldsRaw<T>(tensor) : IsCount(tensor, listed.Count) ? listed.Any(v => v is 0 or -1) : null;

    private static bool? Holds<T>(TensorProto tensor, IReadOnlyCollection<long> listed) where T : unmanaged, IBinaryInteger<T> =>
        tensor.HasRawData ? HoldsRaw<T>(tensor) : IsCount(tensor, listed.Count) ? listed.Any(v => v is 0 or -1) : null;

    private static bool? Holds<T>(TensorProto tensor, IReadOnlyCollection<ulong> listed) where T : unmanaged, IBinaryInteger<T> =>
        tensor.HasRawData ? HoldsRaw<T>(tensor) : IsCount(tensor, listed.Count) ? listed.Any(v => v is 0) : null;

    private static bool? HoldsRaw<T>(TensorProto tensor) where T : unmanaged, IBinaryInteger<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(tensor.RawData.Span);
        if (!IsCount(tensor, values.Length)) return null;
        foreach (var value in values)
        {
            // An unsigned type has no −1.
            if (T.IsZero(value) || (T.IsNegative(value) && value == T.Zero - T.One)) return true;
        }
        return false;
    }

    private static bool IsCount(TensorProto tensor, int count)
    {
        decimal wanted = 1;
        foreach (var size in tensor.Dims)
        {
            if (size < 0 || (wanted *= size) > int.MaxValue) return false;
        }
        return wanted == count;
    }
}
