using Masquerade.Networks.Onnx.Format;

namespace Masquerade.Networks.Onnx;

/// <summary>What one output of a model needs: its nodes in an order that can be run, its constants and its image input.</summary>
internal sealed class OnnxGraph
{
    private OnnxGraph(
        string source, long opset, ValueInfoProto input, string output, List<NodeProto> nodes, Dictionary<string, TensorProto> constants)
    {
        Source = source;
        Opset = opset;
        Input = input;
        Output = output;
        Nodes = nodes;
        Constants = constants;
    }

    /// <summary>File name, for messages.</summary>
    public string Source { get; }

    /// <summary>Version of the standard operators.</summary>
    public long Opset { get; }

    /// <summary>The only input that the output depends on.</summary>
    public ValueInfoProto Input { get; }

    /// <summary>Name of the output.</summary>
    public string Output { get; }

    /// <summary>The nodes that the output depends on, each after those that it reads.</summary>
    public IReadOnlyList<NodeProto> Nodes { get; }

    /// <summary>The stored tensors that those nodes read.</summary>
    public IReadOnlyDictionary<string, TensorProto> Constants { get; }

    /// <summary>Sorts and prunes a model's graph.</summary>
    /// <param name="model">The file's content.</param>
    /// <param name="source">File name, for messages.</param>
    /// <param name="output">Which output; the first where null.</param>
    /// <exception cref="InputException">The graph is broken: a value without a source or with two, a cycle, no output…</exception>
    public static OnnxGraph Read(ModelProto model, string source, string? output)
    {
        var graph = model.Graph ?? throw OnnxError.Broken(source, $"holds no graph; it is not an ONNX model");
        output ??= graph.Output.Count > 0 ? graph.Output[0].Name : throw OnnxError.Broken(source, $"the graph has no output");

        var constants = new Dictionary<string, TensorProto>(StringComparer.Ordinal);
        foreach (var tensor in graph.Initializer)
        {
            if (!constants.TryAdd(tensor.Name, tensor)) throw OnnxError.Broken(source, $"two initialisers are called '{tensor.Name}'");
        }

        // Old exporters list the initialisers among the inputs too; those are no inputs.
        var inputs = graph.Input.Where(i => !constants.ContainsKey(i.Name)).DistinctBy(i => i.Name).ToDictionary(i => i.Name);
        var producers = Producers(graph, source, constants, inputs);
        var (nodes, leaves) = Sort(output, producers, constants, inputs, source);

        var read = leaves.Where(inputs.ContainsKey).ToList();
        if (read.Count != 1)
        {
            throw OnnxError.Broken(source, read.Count == 0
                ? $"output '{output}' does not depend on any input"
                : $"output '{output}' needs {read.Count} inputs ({string.Join(", ", read)}); a face network takes one");
        }
        var used = leaves.Where(constants.ContainsKey).ToDictionary(name => name, name => constants[name]);
        return new OnnxGraph(source, StandardOpset(model, source), inputs[read[0]], output, nodes, used);
    }

    /// <summary>The version of the standard operator set that a model asks for.</summary>
    /// <exception cref="InputException">The model names none.</exception>
    public static long StandardOpset(ModelProto model, string source) =>
        model.OpsetImport.FirstOrDefault(o => IsStandard(o.Domain))?.Version
        ?? throw OnnxError.Broken(source, $"names no version of the standard ONNX operators; export the model again");

    /// <summary>Whether a domain is that of the standard operators.</summary>
    public static bool IsStandard(string domain) => domain is "" or "ai.onnx";

    /// <summary>A node's operator; with the domain before it where that is not the standard one.</summary>
    public static string OperatorName(NodeProto node) => IsStandard(node.Domain) ? node.OpType : $"{node.Domain}.{node.OpType}";

    /// <summary>A node's name, or that of its first output.</summary>
    public static string Label(NodeProto node) => node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault() ?? "?";

    private static Dictionary<string, NodeProto> Producers(
        GraphProto graph, string source, Dictionary<string, TensorProto> constants, Dictionary<string, ValueInfoProto> inputs)
    {
        var producers = new Dictionary<string, NodeProto>(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            foreach (var name in node.Output.Where(n => n.Length > 0))
            {
                if (constants.ContainsKey(name) || inputs.ContainsKey(name) || !producers.TryAdd(name, node))
                    throw OnnxError.Broken(source, $"node '{Label(node)}' ({node.OpType}): '{name}' already has a source");
            }
        }
        return producers;
    }

    /// <summary>Depth first from the output, without recursion: a hostile chain of a million nodes must not end the process.</summary>
    private static (List<NodeProto> Nodes, HashSet<string> Leaves) Sort(
        string output, Dictionary<string, NodeProto> producers, Dictionary<string, TensorProto> constants,
        Dictionary<string, ValueInfoProto> inputs, string source)
    {
        var sorted = new List<NodeProto>();
        var leaves = new HashSet<string>(StringComparer.Ordinal);
        var finished = new Dictionary<NodeProto, bool>(ReferenceEqualityComparer.Instance);
        var open = new Stack<(NodeProto Node, int Next)>();

        void Visit(string name, string reader)
        {
            if (constants.ContainsKey(name) || inputs.ContainsKey(name)) leaves.Add(name);
            else if (!producers.TryGetValue(name, out var node))
                throw OnnxError.Broken(source, $"{reader} reads '{name}', which is no input, no initialiser and no node's output");
            else if (!finished.TryGetValue(node, out var done))
            {
                finished[node] = false;
                open.Push((node, 0));
            }
            else if (!done)
            {
                throw OnnxError.Broken(source, $"node '{Label(node)}' ({node.OpType}) depends on its own output '{name}'");
            }
        }

        Visit(output, "the graph's output");
        while (open.Count > 0)
        {
            var (node, next) = open.Pop();
            if (next == node.Input.Count)
            {
                finished[node] = true;
                sorted.Add(node);
                continue;
            }
            open.Push((node, next + 1));
            if (node.Input[next].Length > 0) Visit(node.Input[next], $"node '{Label(node)}' ({node.OpType})");
        }
        return (sorted, leaves);
    }
}
