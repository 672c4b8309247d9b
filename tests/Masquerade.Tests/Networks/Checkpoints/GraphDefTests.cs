using System.Runtime.InteropServices;
using Google.Protobuf;
using Masquerade.Networks.Checkpoints;
using Masquerade.Networks.Checkpoints.Format;
using static TorchSharp.torch;

namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>Constants of TensorFlow graphs in every form that they are written in, and graphs that lie about them.</summary>
public sealed class GraphDefTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Constants_have_the_names_of_their_nodes_and_of_identities()
    {
        var tensors = Read(
            FrozenGraph.Identity("before", "weights"), // an identity may come first
            FrozenGraph.Floats("weights", [2, 1], 1.5f, -2),
            FrozenGraph.Identity("weights/read", "weights:0"),
            FrozenGraph.Identity("again", "weights/read"),
            FrozenGraph.Identity("round", "about"), FrozenGraph.Identity("about", "round"),
            FrozenGraph.Identity("nowhere", "nobody"), FrozenGraph.Identity("control", "^weights"),
            new NodeDef { Name = "sum", Op = "Add", Input = { "weights", "weights" } },
            FrozenGraph.Constant("text", new TensorProto { Dtype = FrozenGraph.String }, 2));
        tensors.Keys.Order(StringComparer.Ordinal).ShouldBe(["again", "before", "weights", "weights/read"]);
        foreach (var tensor in tensors.Values)
        {
            (tensor.Type, tensor.Shape.Count).ShouldBe((ScalarType.Float32, 2));
            MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray().ShouldBe([1.5f, -2]);
        }
    }

    [Fact]
    public void Every_type_is_read_as_bytes_and_as_numbers()
    {
        (int Type, ScalarType Is, TensorProto Numbers, byte[] Bytes)[] forms =
        [
            (1, ScalarType.Float32, new() { FloatVal = { 1, -2 } }, [0, 0, 128, 63, 0, 0, 0, 192]),
            (2, ScalarType.Float64, new() { DoubleVal = { 1, -2 } }, [0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 0, 192]),
            (3, ScalarType.Int32, new() { IntVal = { 258, -1 } }, [2, 1, 0, 0, 255, 255, 255, 255]),
            (4, ScalarType.Byte, new() { IntVal = { 7, 255 } }, [7, 255]),
            (5, ScalarType.Int16, new() { IntVal = { 258, -1 } }, [2, 1, 255, 255]),
            (6, ScalarType.Int8, new() { IntVal = { 7, -1 } }, [7, 255]),
            (9, ScalarType.Int64, new() { Int64Val = { 258, -1 } }, [2, 1, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]),
            (10, ScalarType.Bool, new() { BoolVal = { true, false } }, [1, 0]),
            (14, ScalarType.BFloat16, new() { HalfVal = { 0x3f80, 0xc000 } }, [128, 63, 0, 192]),
            (19, ScalarType.Float16, new() { HalfVal = { 0x3c00, 0xc000 } }, [0, 60, 0, 192]),
        ];
        foreach (var (type, expected, numbers, bytes) in forms)
        {
            numbers.Dtype = type;
            var read = Read(FrozenGraph.Constant("bytes", type, [2], bytes), FrozenGraph.Constant("numbers", numbers, 2));
            foreach (var form in new[] { "bytes", "numbers" })
            {
                (read[form].Type, read[form].Shape.Single()).ShouldBe((expected, 2), form);
                read[form].Data.ToArray().ShouldBe(bytes, form);
            }
        }
    }

    [Fact]
    public void The_last_number_stands_for_the_rest_and_none_for_zeros()
    {
        var read = Read(
            FrozenGraph.Constant("some", new TensorProto { Dtype = FrozenGraph.Float, FloatVal = { 3, 4 } }, 2, 2),
            FrozenGraph.Constant("none", new TensorProto { Dtype = FrozenGraph.Float }, 2),
            FrozenGraph.Constant("scalar", new TensorProto { Dtype = FrozenGraph.Float, FloatVal = { 9 } }),
            FrozenGraph.Constant("empty", new TensorProto { Dtype = FrozenGraph.Float }, 0, 5));
        Values("some").ShouldBe([3, 4, 4, 4]);
        Values("none").ShouldBe([0, 0]);
        Values("scalar").ShouldBe([9]);
        Values("empty").ShouldBeEmpty();

        float[] Values(string name) => MemoryMarshal.Cast<byte, float>(read[name].Data.Span).ToArray();
    }

    [Fact]
    public void What_a_graph_may_not_be_is_refused()
    {
        var good = FrozenGraph.Floats("w", [1], 1);
        Refused("two nodes of its graph are named 'w'", good, FrozenGraph.Identity("w", "x"));
        Refused("a node of its graph has no name", FrozenGraph.Floats("", [1], 1));
        Refused("an endless one", FrozenGraph.Floats(new string('w', 513), [1], 1));
        Refused("the constant 'w' of its graph has no value", new NodeDef { Name = "w", Op = "Const" });
        Refused("has 4 bytes, its shape asks for 8; fetch it again", FrozenGraph.Constant("w", FrozenGraph.Float, [2], new byte[4]));
        Refused("has 4 bytes, its shape asks for 0", FrozenGraph.Constant("w", FrozenGraph.Float, [0], new byte[4]));
        Refused("has 2 values, its shape asks for 1", FrozenGraph.Constant("w", new TensorProto { Dtype = 1, FloatVal = { 1, 2 } }, 1));
        Refused("impossible or too large", FrozenGraph.Constant("w", FrozenGraph.Float, [1L << 40, 1L << 40], new byte[4]));
        Refused("impossible or too large", FrozenGraph.Constant("w", FrozenGraph.Float, [-1], new byte[4]));
        Refused("at most 64 are read", FrozenGraph.Constant("w", FrozenGraph.Float, [.. Enumerable.Repeat(1L, 65)], new byte[4]));
        // A number of a few bytes that stands for gigabytes.
        Refused("far more memory than the file has bytes",
            FrozenGraph.Constant("w", new TensorProto { Dtype = 1, FloatVal = { 1 } }, 1 << 20, 1 << 9));
        var unknown = FrozenGraph.Floats("w", [1], 1);
        unknown.Attr["value"].Tensor.TensorShape.UnknownRank = true;
        Refused("has no shape", unknown);
        Refused("without constants", new NodeDef { Name = "input", Op = "Placeholder" });
    }

    [Fact]
    public void What_only_begins_like_a_graph_is_refused()
    {
        Refusal.OfCheckpoint(_folder.Write("text", "\nA text that begins with an empty line"u8.ToArray()), "damaged or cut short");
        Refusal.OfCheckpoint(_folder.Write("length", [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), "damaged or cut short");
        Refusal.OfCheckpoint(_folder.Write("endless", [0x0a, .. Enumerable.Repeat((byte)0xff, 20)]), "not a checkpoint, or a TensorFlow");
        Refusal.OfCheckpoint(_folder.Write("node", [0x0a, 2, 0x0a, 9]), "not a checkpoint, or a TensorFlow graph that is damaged");
        Refusal.OfCheckpoint(_folder.Write("group", [0x0a, 0, 0x0b]), "not a checkpoint, or a TensorFlow graph that is damaged");
        // Messages within messages beyond any depth.
        byte[] nested = [];
        for (var depth = 0; depth < 500; depth++) nested = [0x0a, .. Length(nested.Length), .. nested];
        Refusal.OfCheckpoint(_folder.Write("nested", nested), "graph");

        static byte[] Length(int length)
        {
            using var bytes = new MemoryStream();
            using (var output = new CodedOutputStream(bytes)) output.WriteLength(length);
            return bytes.ToArray();
        }
    }

    private IReadOnlyDictionary<string, CheckpointTensor> Read(params NodeDef[] nodes) =>
        CheckpointReader.Read(_folder.Write("graph.pb", FrozenGraph.Of(nodes)));

    private void Refused(string expected, params NodeDef[] nodes) =>
        Refusal.OfCheckpoint(_folder.Write("graph.pb", FrozenGraph.Of(nodes)), expected);
}
