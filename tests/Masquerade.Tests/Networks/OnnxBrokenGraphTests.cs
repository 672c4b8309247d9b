using Google.Protobuf;
using Masquerade.Networks;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using Masquerade.Tests.Networks.OnnxCases;
using TorchSharp;
using static TorchSharp.torch;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Tests.Networks;

/// <summary>Graphs that are damaged or hostile: one line that names the file and the place, never another exception.</summary>
public sealed class OnnxBrokenGraphTests
{
    private const int Rounds = 600;

    private static readonly Dictionary<string, (Func<ModelProto> Model, string Expected)> Broken = new()
    {
        ["no graph"] = (() => Relu().With(m => m.Graph = null), "holds no graph"),
        ["no output"] = (() => Relu().With(m => m.Graph.Output.Clear()), "the graph has no output"),
        ["no operator set"] = (() => Relu().With(m => m.OpsetImport.Clear()), "names no version of the standard ONNX operators"),
        ["missing initialiser"] = (() => Model(b => b.Node("Add", ["x", "w"])), "node 'y' (Add) reads 'w', which is no input"),
        ["output of nobody"] = (() => Relu().With(m => m.Graph.Output[0].Name = "z"), "the graph's output reads 'z', which is no input"),
        ["cycle"] = (
            () => Model(b => b.Node("Add", ["x", "b"], ["a"]).Node("Relu", ["a"], ["b"]).Node("Relu", ["b"])),
            "depends on its own output"),
        ["own input"] = (() => Model(b => b.Node("Add", ["x", "y"])), "depends on its own output 'y'"),
        ["two sources"] = (() => Model(b => b.Node("Relu", ["x"]).Node("Neg", ["x"])), "node 'y' (Neg): 'y' already has a source"),
        ["input has a source"] = (() => Model(b => b.Node("Relu", ["x"], ["x"])), "'x' already has a source"),
        ["two initialisers"] = (
            () => Model(b => b.Constant("w", [1], 1).Constant("w", [1], 1).Node("Add", ["x", "w"])),
            "two initialisers are called 'w'"),
        ["two inputs"] = (() => TwoInputs(), "needs 2 inputs (other, x); a face network takes one"),
        ["no input"] = (() => Model(b => b.Constant("w", [1], 1).Node("Relu", ["w"])), "does not depend on any input"),
        ["too few inputs"] = (() => Model(b => b.Node("Add", ["x"])), "node 'y' (Add): input 1 is missing"),
        ["empty input"] = (() => Model(b => b.Node("Add", ["", "x"])), "input 0 is missing"),
        ["empty input of many"] = (() => Model(b => b.Node("Sum", ["x", ""])), "one of its inputs is missing"),
        ["too many inputs"] = (() => Model(b => b.Node("Relu", ["x", "x"])), "takes at most 1 inputs, has 2"),
        ["too many outputs"] = (() => Model(b => b.Node("Relu", ["x"], ["y", "z"])), "has 2 outputs where 1 exist"),
        ["attribute of another type"] = (
            () => Model(b => b.Node("LeakyRelu", ["x"], null, ("alpha", "much"))),
            "attribute 'alpha' is of type String where Float is asked for"),
        ["attribute twice"] = (
            () => Model(b => b.Node("LeakyRelu", ["x"], null, ("alpha", 1f), ("alpha", 2f))),
            "attribute 'alpha' is given twice"),
        ["axis missing"] = (() => Model(b => b.Node("Concat", ["x"])), "attribute 'axis' is missing"),
        ["constant without value"] = (() => Model(b => b.Node("Constant", [], ["c"]).Node("Add", ["x", "c"])), "holds no value"),
        ["broken constant"] = (
            () => Model(b => b.Node("Constant", [], ["c"], ("value", OnnxModelBuilder.Tensor(DataType.Float, [2], new byte[4])))
                .Node("Add", ["x", "c"])),
            "holds 4 bytes"),
        ["no kernel"] = (() => Model(b => b.Node("MaxPool", ["x"])), "attribute 'kernel_shape' is missing"),
        ["strides of zero"] = (() => Pool(("strides", new long[] { 0, 1 })), "attribute 'strides' must hold 2 positive numbers"),
        ["negative pads"] = (
            () => Pool(("pads", new long[] { 0, 0, -1, 0 })),
            "attribute 'pads' must hold 4 numbers that are not negative"),
        ["too few pads"] = (() => Pool(("pads", new long[] { 0, 0 })), "attribute 'pads' must hold 4 numbers"),
        ["unknown auto_pad"] = (() => Pool(("auto_pad", "SOME")), "attribute 'auto_pad' is 'SOME', which does not exist"),
        ["other kernel than weights"] = (
            () => Conv(("kernel_shape", new long[] { 3, 3 })),
            "attribute 'kernel_shape' is not that of the weights"),
        ["no groups"] = (() => Conv(("group", 0)), "attribute 'group' must be positive"),
        ["limits that are lists"] = (
            () => Model(b => b.Constant("l", [2], 1, 2).Node("Clip", ["x", "l"])),
            "input 1 must be a single number"),
    };

    /// <summary>These are found when an image comes, or when constants are computed.</summary>
    private static readonly Dictionary<string, (Func<ModelProto> Model, string Expected)> Failing = new()
    {
        ["shapes that do not fit"] = (
            () => Model(b => b.Constant("w", [5], 1, 2, 3, 4, 5).Node("Add", ["x", "w"])),
            "node 'y' (Add) cannot be computed"),
        ["reshape that does not fit"] = (
            () => Model(b => b.Integers("s", 7).Node("Reshape", ["x", "s"])),
            "node 'y' (Reshape) cannot be computed"),
        ["index out of range"] = (() => Model(b => b.Integers("i", 9).Node("Gather", ["x", "i"])), "node 'y' (Gather) cannot be computed"),
        ["axis out of range"] = (() => Model(b => b.Node("Softmax", ["x"], null, ("axis", 9))), "node 'y' (Softmax) cannot be computed"),
        ["product that does not fit"] = (
            () => Model(b => b.Constant("w", [3, 1], 1, 2, 3).Node("MatMul", ["x", "w"])),
            "[1,1,4,4] Float32 times [3,1] Float32 does not exist"),
        ["step of zero"] = (
            () => Model(b => b.Integers("a", 0).Integers("b", 1).Integers("z", 0).Node("Slice", ["x", "a", "b", "a", "z"])),
            "a step is 0"),
        ["huge constant"] = (
            () => Model(b => b.Integers("s", 1 << 20, 1 << 20).Node("ConstantOfShape", ["s"], ["c"]).Node("Add", ["x", "c"])),
            "asks for a tensor of shape [1048576,1048576]"),
        ["constant that doubles"] = (Doubling, "makes a constant that is too large"),
        ["huge expand"] = (() => Model(b => b.Integers("s", 1 << 30, 1, 1, 1, 1).Node("Expand", ["x", "s"])), "asks for a tensor of shape"),
        ["huge pads"] = (
            () => Model(b => b.Integers("p", 0, 0, 0, 1 << 30, 0, 0, 0, 1 << 30).Node("Pad", ["x", "p"])),
            "asks for a tensor of shape"),
        ["huge padding"] = (() => Conv(("pads", new long[] { 1 << 20, 1 << 20, 1 << 20, 1 << 20 })), "asks for a tensor of shape"),
        ["huge upscaling"] = (
            () => Model(b => b.Constant("s", [4], 1, 1, 1e6f, 1e6f).Node("Resize", ["x", "", "s"])),
            "asks for a tensor of shape"),
        ["scale that is no number"] = (
            () => Model(b => b.Constant("s", [4], 1, 1, float.NaN, 1).Node("Resize", ["x", "", "s"])),
            "a scale or a size is not positive"),
        ["window beyond its input"] = (
            () => Model(b => b.Node("MaxPool", ["x"], null, ("kernel_shape", new long[] { 9, 9 }))),
            "its window is larger than its input"),
    };

    public static TheoryData<string> BrokenNames => new(Broken.Keys);

    public static TheoryData<string> FailingNames => new(Failing.Keys);

    [Theory, MemberData(nameof(BrokenNames))]
    public void Broken_graphs_are_refused(string name)
    {
        var (model, expected) = Broken[name];
        Check(Should.Throw<InputException>(() => OnnxTorchNetwork.Import(model(), "face.onnx")), expected);
    }

    [Theory, MemberData(nameof(FailingNames))]
    public void Nodes_that_cannot_be_computed_are_named(string name)
    {
        var (model, expected) = Failing[name];
        Check(Should.Throw<InputException>(() => Run(model())), expected);
    }

    [Fact]
    public void An_image_of_another_shape_is_refused()
    {
        using var scope = NewDisposeScope();
        using var network = OnnxTorchNetwork.Import(Conv(), "face.onnx");
        Check(Should.Throw<InputException>(() => network.Forward(zeros(1, 3, 4, 4))), "node 'y' (Conv) cannot be computed");
        Check(Should.Throw<InputException>(() => network.Forward(zeros(4))), "node 'y' (Conv) cannot be computed");
    }

    [Fact]
    public void A_chain_of_a_million_nodes_does_not_end_the_process()
    {
        var model = Relu();
        const int Length = 300_000;
        for (var i = 0; i < Length; i++)
        {
            var node = new NodeProto { OpType = "Relu" };
            node.Input.Add(i == 0 ? "x" : $"v{i}");
            node.Output.Add($"v{i + 1}");
            model.Graph.Node.Add(node);
        }
        model.Graph.Output[0].Name = $"v{Length}";
        OnnxGraph.Read(model, "face.onnx", null).Nodes.Count.ShouldBe(Length);
    }

    /// <summary>Sound models with some bytes or values changed: whatever still parses either runs or is refused in words.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void Damaged_files_raise_nothing_but_clear_errors(bool values)
    {
        var cases = OnnxOperatorTests.Cases.Values.ToArray();
        var refused = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var dice = new Dice(round);
            var drawn = cases[round % cases.Length].Draw(dice);
            if ((values ? ChangeValues(drawn.Model, dice) : ChangeBytes(drawn.Model, dice.Random)) is not { } model) continue;
            try
            {
                Engines.Torch(model, drawn.Input, drawn.Shape);
            }
            catch (Exception e) when (e is InputException or OperatorNotSupportedException)
            {
                e.Message.ShouldNotContain("\n");
                refused++;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"round {round}: {model.Graph.Node}", e);
            }
        }
        refused.ShouldBeGreaterThan(Rounds / 20);
    }

    private static ModelProto? ChangeBytes(ModelProto model, Random random)
    {
        var bytes = model.ToByteArray();
        for (var change = random.Next(1, 4); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        try
        {
            return ModelProto.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static ModelProto ChangeValues(ModelProto model, Dice dice)
    {
        long Odd() => dice.OneOf(0, 1, 2, -1, -2, 7, 1000, 1 << 20, int.MaxValue, 1L << 33, long.MaxValue, long.MinValue);
        var graph = model.Graph;
        var node = dice.OneOf(graph.Node.ToArray());
        switch (dice.Int(0, 6))
        {
            case 0 when node.Attribute.Count > 0:
                var attribute = dice.OneOf(node.Attribute.ToArray());
                if (attribute.Ints.Count > 0) attribute.Ints[(int)dice.Int(0, attribute.Ints.Count - 1)] = Odd();
                else attribute.I = Odd();
                break;
            case 1 when node.Attribute.Count > 0:
                node.Attribute.RemoveAt((int)dice.Int(0, node.Attribute.Count - 1));
                break;
            case 2 when node.Input.Count > 0:
                node.Input.RemoveAt((int)dice.Int(0, node.Input.Count - 1));
                break;
            case 3 when node.Input.Count > 0:
                node.Input[(int)dice.Int(0, node.Input.Count - 1)] = dice.OneOf(["x", "", .. graph.Initializer.Select(t => t.Name)]);
                break;
            case 4 when graph.Initializer.Count > 0:
                var tensor = dice.OneOf(graph.Initializer.ToArray());
                if (tensor.DataType == (int)DataType.Int64 && tensor.RawData.Length > 0)
                {
                    var raw = tensor.RawData.ToByteArray();
                    BitConverter.TryWriteBytes(raw.AsSpan(8 * (int)dice.Int(0, raw.Length / 8 - 1)), Odd());
                    tensor.RawData = ByteString.CopyFrom(raw);
                }
                else if (tensor.Dims.Count > 0)
                {
                    tensor.Dims[(int)dice.Int(0, tensor.Dims.Count - 1)] = Odd();
                }
                break;
            case 5:
                node.OpType = dice.OneOf(OnnxOperators.All.Keys.ToArray());
                break;
            default:
                model.OpsetImport[0].Version = dice.Int(7, 21);
                break;
        }
        return model;
    }

    private static void Check(InputException error, string expected)
    {
        error.Message.ShouldStartWith("face.onnx: ");
        error.Message.ShouldContain(expected);
        error.Message.ShouldNotContain("\n");
    }

    private static void Run(ModelProto model)
    {
        using var scope = NewDisposeScope();
        using var network = OnnxTorchNetwork.Import(model, "face.onnx");
        network.Forward(ones(1, 1, 4, 4));
    }

    private static ModelProto Model(Action<OnnxModelBuilder> fill)
    {
        var builder = new OnnxModelBuilder(13, 1, 1, 4, 4);
        fill(builder);
        return builder.Build();
    }

    private static ModelProto Relu() => Model(b => b.Node("Relu", ["x"]));

    private static ModelProto Pool(params (string, object)[] attributes) =>
        Model(b => b.Node("MaxPool", ["x"], null, [("kernel_shape", new long[] { 2, 2 }), .. attributes]));

    private static ModelProto Conv(params (string, object)[] attributes) =>
        Model(b => b.Constant("w", [1, 1, 2, 2], 1, 2, 3, 4).Node("Conv", ["x", "w"], null, attributes));

    private static ModelProto TwoInputs() => Model(b =>
    {
        b.Graph.Input.Insert(0, OnnxModelBuilder.Value("other", DataType.Float, [1, 1, 4, 4]));
        b.Node("Add", ["other", "x"]);
    });

    private static ModelProto Doubling() => Model(b =>
    {
        b.Constant("v0", [1], 1);
        for (var i = 0; i < 40; i++) b.Node("Concat", [$"v{i}", $"v{i}"], [$"v{i + 1}"], ("axis", 0));
        b.Node("Add", ["x", "v40"]);
    });
}

internal static class ModelProtoExtensions
{
    public static ModelProto With(this ModelProto model, Action<ModelProto> change)
    {
        change(model);
        return model;
    }
}
