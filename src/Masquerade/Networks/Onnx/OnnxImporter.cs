using System.Runtime.InteropServices;
using Masquerade.Networks.Onnx.Format;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx;

/// <summary>
/// Turns a graph into steps: constants are computed once, batch normalisation moves into the convolution before it, and each remaining
/// node becomes a kernel that holds its weights in the layout it wants.
/// </summary>
internal sealed class OnnxImporter
{
    private const int OldestOpset = 7;
    private const int NewestOpset = 21;

    private readonly OnnxGraph _graph;
    private readonly ScalarType _floats;
    private readonly Dictionary<string, Tensor> _constants = new(StringComparer.Ordinal);
    private readonly List<string> _unsupported = [];

    private OnnxImporter(OnnxGraph graph, ScalarType floats)
    {
        _graph = graph;
        _floats = floats;
    }

    /// <summary>What a network runs.</summary>
    /// <param name="Steps">In order.</param>
    /// <param name="Values">One slot a value; constants are there already, and belong to no scope.</param>
    /// <param name="Held">Every tensor that the network owns.</param>
    /// <param name="Input">Slot of the image.</param>
    /// <param name="Output">Slot of the result.</param>
    public sealed record Program(Step[] Steps, Tensor?[] Values, Tensor[] Held, int Input, int Output);

    /// <summary>One kernel and the slots that it reads (-1: absent), writes (-1: unread) and is the last to read.</summary>
    public sealed record Step(OnnxNode Node, Kernel Kernel, int[] Reads, int[] Writes, int[] Frees);

    /// <summary>Imports a graph.</summary>
    /// <param name="graph">Sorted and pruned.</param>
    /// <param name="floats">The type to compute in.</param>
    /// <exception cref="OperatorNotSupportedException">Names every operator or form that is not supported.</exception>
    /// <exception cref="InputException">The graph is broken.</exception>
    public static Program Import(OnnxGraph graph, ScalarType floats)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var importer = new OnnxImporter(graph, floats);
        var program = importer.Import();
        foreach (var tensor in program.Held) tensor.DetachFromDisposeScope();
        return program;
    }

    private Program Import()
    {
        if (_graph.Opset is < OldestOpset or > NewestOpset)
            _unsupported.Add($"operator set {_graph.Opset} ({OldestOpset} to {NewestOpset} are supported)");

        foreach (var (name, proto) in _graph.Constants) _constants[name] = OnnxTensorReader.Read(proto, _floats, _graph.Source);
        var nodes = Fold(_graph.Nodes.Select(proto => new OnnxNode(proto, _graph, _constants, _floats)));
        BatchNormFolding.Apply(nodes, _constants, _graph.Output);
        var kernels = nodes.Select(node => (Node: node, Kernel: Build(node))).ToList();
        if (_unsupported.Count > 0) throw new OperatorNotSupportedException([.. _unsupported.Distinct()]);
        return Arrange(kernels.Select(k => (k.Node, k.Kernel!)).ToList());
    }

    /// <summary>Computes what depends on constants only; gives the other nodes.</summary>
    private List<OnnxNode> Fold(IEnumerable<OnnxNode> nodes)
    {
        var rest = new List<OnnxNode>();
        foreach (var node in nodes)
        {
            if (!node.Inputs.All(i => i.Length == 0 || _constants.ContainsKey(i)))
            {
                rest.Add(node);
                continue;
            }
            // Building takes constants out of the inputs, so the kernel's arguments are collected before.
            var names = node.Inputs.ToArray();
            if (Build(node) is not { } kernel) continue;
            var inputs = names.Select((n, i) => node.Inputs[i].Length > 0 ? _constants[n] : null).ToArray();
            var outputs = Run(node, kernel, inputs, _graph.Source);
            for (var i = 0; i < node.Outputs.Length; i++)
            {
                if (node.Outputs[i].Length == 0) continue;
                if (outputs[i].numel() > OnnxTensorReader.MostValues) throw node.Error("makes a constant that is too large");
                _constants[node.Outputs[i]] = outputs[i];
            }
        }
        return rest;
    }

    private Kernel? Build(OnnxNode node)
    {
        try
        {
            if (!OnnxOperators.All.TryGetValue(node.Operator, out var known)) throw OnnxError.Unsupported(node.Operator);
            return known.Build(node);
        }
        catch (OperatorNotSupportedException e)
        {
            _unsupported.AddRange(e.Operators);
            return null;
        }
        catch (Exception e) when (IsOfTheModel(e))
        {
            throw Failure(node, e, _graph.Source);
        }
    }

    /// <summary>Runs a kernel. What torch finds wrong with shapes or values is the model's (or the image's) fault.</summary>
    public static Tensor[] Run(OnnxNode node, Kernel kernel, Tensor?[] inputs, string source)
    {
        try
        {
            return kernel(new Arguments(inputs));
        }
        catch (Exception e) when (IsOfTheModel(e))
        {
            throw Failure(node, e, source);
        }
    }

    private static bool IsOfTheModel(Exception e) =>
        e is ExternalException or ArgumentException or IndexOutOfRangeException or OverflowException or NotSupportedException;

    private static InputException Failure(OnnxNode node, Exception e, string source) =>
        OnnxError.Broken(source, $"node '{node.Label}' ({node.Operator}) cannot be computed: {e.Message.Split('\n')[0].Trim()}", e);

    /// <summary>Gives every value a slot and finds its last reader.</summary>
    private Program Arrange(List<(OnnxNode Node, Kernel Kernel)> kernels)
    {
        var slots = new Dictionary<string, int>(StringComparer.Ordinal);
        var values = new List<Tensor?>();
        int Slot(string name)
        {
            if (name.Length == 0) return -1;
            if (slots.TryGetValue(name, out var known)) return known;
            slots.Add(name, values.Count);
            values.Add(_constants.GetValueOrDefault(name));
            return values.Count - 1;
        }

        var input = Slot(_graph.Input.Name);
        var output = Slot(_graph.Output);
        var lastReader = new Dictionary<int, int>();
        for (var k = 0; k < kernels.Count; k++)
        {
            foreach (var name in kernels[k].Node.Inputs.Where(n => n.Length > 0)) lastReader[Slot(name)] = k;
        }
        var freed = lastReader.Where(r => values[r.Key] is null && r.Key != input && r.Key != output).ToLookup(r => r.Value, r => r.Key);
        var steps = kernels.Select((k, i) => new Step(
            k.Node,
            k.Kernel,
            [.. k.Node.Inputs.Select(Slot)],
            [.. k.Node.Outputs.Select(name => slots.GetValueOrDefault(name, -1))],
            [.. freed[i]])).ToArray();

        var kept = kernels.SelectMany(k => k.Node.Kept).Concat(values.OfType<Tensor>());
        var held = new HashSet<Tensor>(kept, ReferenceEqualityComparer.Instance);
        return new Program(steps, [.. values], [.. held], input, output);
    }
}
