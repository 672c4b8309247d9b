using Masquerade.Networks;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Tests.Networks;

/// <summary>What the importer makes of whole graphs, and how the network behaves.</summary>
public sealed class OnnxImportTests
{
    private static readonly float[] Input = [0.5f, -1, 2, 3, -0.25f, 1];

    [Fact]
    public void Names_every_unsupported_operator_and_form_once()
    {
        var builder = new OnnxModelBuilder(13, 1, 1, 4, 4)
            .Node("Einsum", ["x"], ["a"], ("equation", "nchw->nchw")).Node("Einsum", ["a"], ["b"], ("equation", "nchw->nchw"))
            .Node("MaxPool", ["b"], ["c", "indices"], ("kernel_shape", new long[] { 2, 2 }))
            .Node("Constant", [], ["scales"], ("value_floats", new[] { 1f, 1f, 2f, 2f }))
            .Node("Resize", ["c", "", "scales"], ["d"], ("mode", "cubic"))
            .Node("Fused", ["d"]);
        builder.Graph.Node[^1].Domain = "com.example";
        var model = builder.Build();
        string[] expected = ["Einsum", "MaxPool (with indices)", "Resize (mode cubic)", "com.example.Fused"];
        OnnxTorchNetwork.Unsupported(model).ShouldBe(expected);
        var error = Should.Throw<OperatorNotSupportedException>(() => OnnxTorchNetwork.Import(model, "face.onnx"));
        error.Operators.ShouldBe(expected);
        error.Message.ShouldContain("Einsum, MaxPool (with indices)");
        OnnxTorchNetwork.Unsupported(new OnnxModelBuilder(13, 2).Node("Relu", ["x"]).Build()).ShouldBeEmpty();
    }

    [Theory, InlineData(6, true), InlineData(7, false), InlineData(21, false), InlineData(22, true)]
    public void Takes_operator_sets_7_to_21(long opset, bool refused)
    {
        var model = new OnnxModelBuilder(opset, 2).Node("Relu", ["x"]).Build();
        if (refused) OnnxTorchNetwork.Unsupported(model).ShouldBe([$"operator set {opset} (7 to 21 are supported)"]);
        else OnnxTorchNetwork.Unsupported(model).ShouldBeEmpty();
    }

    private static readonly Dictionary<string, OnnxModelBuilder> Forms = new()
    {
        ["BatchNormalization (training mode)"] = new OnnxModelBuilder(15, 1, 2).Constant("s", [2], 1, 1)
            .Node("BatchNormalization", ["x", "s", "s", "s", "s"], ["y", "mean", "var"], ("training_mode", 1)),
        ["Dropout (training mode)"] = new OnnxModelBuilder(13, 2).Constant("t", OnnxModelBuilder.Bool(true)).Node("Dropout", ["x", "", "t"]),
        ["Constant (text)"] = new OnnxModelBuilder(13, 2).Node("Constant", [], ["c"], ("value_string", "a")).Node("Add", ["x", "c"]),
        ["Cast (to element type String)"] = new OnnxModelBuilder(13, 2).Node("Cast", ["x"], null, ("to", 8)),
        ["MaxPool (4 spatial axes)"] = new OnnxModelBuilder(13, 1, 1, 2, 2, 2, 2)
            .Node("MaxPool", ["x"], null, ("kernel_shape", new long[] { 1, 1, 1, 1 })),
        ["LayerNormalization (with its mean or deviation as outputs)"] = new OnnxModelBuilder(17, 1, 2).Constant("s", [2], 1, 1)
            .Node("LayerNormalization", ["x", "s"], ["y", "mean"]),
    };

    public static TheoryData<string> FormNames => new(Forms.Keys);

    [Theory, MemberData(nameof(FormNames))]
    public void Names_a_form_that_is_not_supported(string form) => OnnxTorchNetwork.Unsupported(Forms[form].Build()).ShouldBe([form]);

    [Fact]
    public void What_the_output_does_not_need_stops_nothing()
    {
        var model = new OnnxModelBuilder(13, 6).Node("Relu", ["x"]).Node("Einsum", ["x"], ["other"], ("equation", "n->n")).Build();
        model.Graph.Output.Add(OnnxModelBuilder.Value("other", TensorProto.Types.DataType.Float, null));
        Engines.Torch(model, Input, [6]).Values.ShouldBe([0.5f, 0, 2, 3, 0, 1]);
        Should.Throw<OperatorNotSupportedException>(() => OnnxTorchNetwork.Import(model, "face.onnx", "other"));
    }

    [Fact]
    public void Gives_the_output_asked_for()
    {
        var model = new OnnxModelBuilder(13, 6).Node("Relu", ["x"], ["r"]).Node("Neg", ["r"]).Build();
        model.Graph.Output.Add(OnnxModelBuilder.Value("r", TensorProto.Types.DataType.Float, null));
        using var scope = NewDisposeScope();
        using var network = OnnxTorchNetwork.Import(model, "face.onnx", "r");
        network.Forward(tensor(Input)).data<float>().ToArray().ShouldBe([0.5f, 0, 2, 3, 0, 1]);
    }

    [Fact]
    public void Runs_a_graph_in_any_order()
    {
        var model = new OnnxModelBuilder(13, 6).Node("Neg", ["r"]).Node("Relu", ["x"], ["r"]).Build();
        Engines.Torch(model, Input, [6]).Values.ShouldBe([-0.5f, -0f, -2, -3, -0f, -1]);
    }

    [Fact]
    public void Initialisers_that_are_listed_as_inputs_are_constants()
    {
        var builder = new OnnxModelBuilder(7, 6).Constant("c", [6], 1, 2, 3, 4, 5, 6).Node("Add", ["x", "c"]);
        builder.Graph.Input.Insert(0, OnnxModelBuilder.Value("c", TensorProto.Types.DataType.Float, [6]));
        Engines.Torch(builder.Build(), Input, [6]).Values.ShouldBe([1.5f, 1, 5, 7, 4.75f, 7]);
    }

    [Fact]
    public void Constants_are_computed_once()
    {
        var model = new OnnxModelBuilder(13, 6).Constant("a", [3], 1, 2, 3).Integers("s", 6).Integers("zero", 0).Integers("two", 2)
            .Node("Constant", [], ["b"], ("value_float", 2f)).Node("Mul", ["a", "b"], ["ab"])
            .Node("Concat", ["ab", "a"], ["c"], ("axis", 0))
            .Node("Shape", ["c"], ["n"]).Node("Reshape", ["c", "n"], ["d"]).Node("Constant", [], ["e"], ("value_floats", new[] { 0.5f }))
            .Node("Constant", [], ["i"], ("value_ints", new long[] { 1, 1 })).Node("Constant", [], ["j"], ("value_int", 1))
            .Node("Add", ["d", "e"], ["f"]).Node("Mul", ["x", "f"]).Build();
        Program(model).Steps.Select(s => s.Node.Operator).ShouldBe(["Mul"]);
        Engines.Agree(model, Input, [6]);
    }

    [Fact]
    public void Batch_normalisation_goes_into_the_convolution_before_it()
    {
        var builder = new OnnxModelBuilder(13, 1, 1, 2, 3).Constant("w", [1, 1, 1, 1], 3f).Constant("s", [1], 2f)
            .Node("Conv", ["x", "w"], ["c"]).Node("BatchNormalization", ["c", "s", "s", "s", "s"]);
        Program(builder.Build()).Steps.Select(s => s.Node.Operator).ShouldBe(["Conv"]);
        Engines.Agree(builder.Build(), Input, [1, 1, 2, 3]);
        // A second reader of the convolution still gets its own result.
        builder.Graph.Node[1].Output[0] = "n";
        builder.Node("Add", ["n", "c"]);
        Program(builder.Build()).Steps.Length.ShouldBe(3);
    }

    [Fact]
    public void Leaves_nothing_behind_and_takes_nothing_away()
    {
        var model = Convolution();
        using var scope = NewDisposeScope();
        var input = tensor(Input).reshape(1, 1, 2, 3);
        var before = scope.DisposablesCount;
        using var network = OnnxTorchNetwork.Import(model, "face.onnx");
        scope.DisposablesCount.ShouldBe(before, "the network owns its weights");
        var result = network.Forward(input);
        scope.DisposablesCount.ShouldBe(before + 1, "the result belongs to the caller");
        network.Dispose();
        result.IsInvalid.ShouldBeFalse();
        input.IsInvalid.ShouldBeFalse();
        Should.Throw<ObjectDisposedException>(() => network.Forward(input));
    }

    [Fact]
    public void An_output_that_is_the_input_can_be_disposed_on_its_own()
    {
        using var scope = NewDisposeScope();
        using var network = OnnxTorchNetwork.Import(new OnnxModelBuilder(13, 6).Node("Identity", ["x"]).Build(), "face.onnx");
        var input = tensor(Input);
        network.Forward(input).Dispose();
        network.Forward(input).data<float>().ToArray().ShouldBe(Input);
    }

    [Fact]
    public void Carries_a_gradient_only_where_one_is_asked_for()
    {
        using var scope = NewDisposeScope();
        using var network = OnnxTorchNetwork.Import(Convolution(), "face.onnx");
        var input = tensor(Input).reshape(1, 1, 2, 3);
        network.Forward(input).requires_grad.ShouldBeFalse("weights hold no gradient");
        var variable = input.clone().requires_grad_();
        network.Forward(variable).requires_grad.ShouldBeTrue();
        using var noGrad = no_grad();
        network.Forward(variable).requires_grad.ShouldBeFalse();
    }

    [Fact]
    public void Several_threads_get_what_one_gets()
    {
        using var network = OnnxTorchNetwork.Import(Convolution(), "face.onnx");
        float[] Gradient(int seed)
        {
            using var scope = NewDisposeScope();
            var x = tensor(Engines.Random(new Random(seed), [1, 1, 2, 3])).reshape(1, 1, 2, 3).requires_grad_();
            return autograd.grad([network.Forward(x).Squared().sum()], [x])[0].contiguous().data<float>().ToArray();
        }
        var expected = Enumerable.Range(0, 32).Select(Gradient).ToArray();
        var actual = new float[32][];
        Parallel.For(0, 32, new ParallelOptions { MaxDegreeOfParallelism = 4 }, seed => actual[seed] = Gradient(seed));
        for (var i = 0; i < 32; i++) actual[i].ShouldBe(expected[i]);
    }

    private static ModelProto Convolution() => new OnnxModelBuilder(13, -1, 1, 2, 3)
        .Constant("w", [2, 1, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8).Constant("slope", [2, 1, 1], 0.1f, 0.2f)
        .Node("Conv", ["x", "w"], ["c"]).Node("PRelu", ["c", "slope"], ["p"]).Node("Flatten", ["p"]).Build();

    private static OnnxImporter.Program Program(ModelProto model) =>
        OnnxImporter.Import(OnnxGraph.Read(model, "face.onnx", null), ScalarType.Float32);
}
