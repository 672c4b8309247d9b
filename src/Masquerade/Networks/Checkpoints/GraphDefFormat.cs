using Google.Protobuf;
using Masquerade.Networks.Checkpoints.Format;

namespace Masquerade.Networks.Checkpoints;

/// <summary>
/// A frozen TensorFlow graph (GraphDef): its constants, under the names of their nodes and of the identities behind which they stand. Nodes
/// are read one at a time, and of those that are neither nothing is kept.
/// </summary>
internal static class GraphDefFormat
{
    /// <summary>The first byte: the tag of a node.</summary>
    public const byte Start = Node << 3 | Delimited;

    private const string NoGraph = "not a checkpoint, or a TensorFlow graph that is damaged; fetch it again";
    private const int Node = 1, Numeric = 0, Delimited = 2;
    private const int MaxName = 512, MaxChain = 16;

    private static readonly MessageParser<NodeDef> Parser = NodeDef.Parser.WithDiscardUnknownFields(true);

    public static Dictionary<string, CheckpointTensor> Read(BoundedReader reader)
    {
        var source = reader.Source;
        var tensors = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        var identities = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Remaining > 0)
        {
            if (NextNode(reader) is not { } node || node.Op is not ("Const" or "Identity")) continue;
            if (node.Name.Length is 0 or > MaxName) throw source.Fail("a node of its graph has no name or an endless one; export it again");
            if (tensors.ContainsKey(node.Name) || identities.ContainsKey(node.Name))
                throw source.Fail($"two nodes of its graph are named {CheckpointSource.Quote(node.Name)}; export it again");
            if (node.Op == "Identity" && node.Input.Count > 0) identities[node.Name] = Origin(node.Input[0]);
            else if (node.Op == "Const" && GraphTensor.Read(source, node) is { } tensor) tensors[node.Name] = tensor;
        }
        foreach (var (name, input) in identities)
        {
            var from = input;
            // Identities may go round in a circle, which has no value.
            for (var step = 1; step < MaxChain && identities.TryGetValue(from, out var next); step++) from = next;
            if (tensors.TryGetValue(from, out var value)) tensors[name] = value;
        }
        return tensors.Count > 0 ? tensors
            : throw source.Fail("a TensorFlow graph without constants; freeze its variables into the graph, or fetch the frozen file");
    }

    /// <summary>The node in the next field; null where the field is another.</summary>
    private static NodeDef? NextNode(BoundedReader reader)
    {
        var tag = Varint(reader);
        switch (tag & 7)
        {
            case Numeric:
                Varint(reader);
                return null;
            case Delimited:
                var bytes = reader.ReadBytes((long)Math.Min(Varint(reader), long.MaxValue));
                return tag == Start ? Parse(reader.Source, bytes) : null;
            default:
                throw reader.Source.Fail(NoGraph);
        }
    }

    private static NodeDef Parse(CheckpointSource source, byte[] bytes)
    {
        try
        {
            return Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InputException(source.Fail(NoGraph).Message, e);
        }
    }

    private static ulong Varint(BoundedReader reader)
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = reader.ReadByte();
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80) return value;
        }
        throw reader.Source.Fail(NoGraph);
    }

    /// <summary>The node of an input: <c>name</c>, <c>name:0</c> for its first output, <c>^name</c> for no value at all.</summary>
    private static string Origin(string input) => input.EndsWith(":0", StringComparison.Ordinal) ? input[..^2] : input;
}
