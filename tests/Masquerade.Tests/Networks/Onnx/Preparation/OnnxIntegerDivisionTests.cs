using Google.Protobuf;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using Masquerade.Networks.Onnx.Preparation;
using Microsoft.ML.OnnxRuntime;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Tests.Networks.Onnx.Preparation;

/// <summary>
/// Divisions of whole numbers that would end the process: by 0, and of the smallest number by −1. Without the guard these tests do not fail
/// but end the test process.
/// </summary>
public sealed class OnnxIntegerDivisionTests
{
    private const float SmallestInt64 = -9.223372036854775808e18f;
    private const float SmallestInt32 = -2147483648f;

    [Theory]
    [InlineData("Int64", "Div", 7, 2, 3)]
    [InlineData("Int64", "Div", -7, 2, -3)]
    [InlineData("Int64", "Div", 7, -1, -7)]
    [InlineData("Int64", "Div", SmallestInt64, -1, SmallestInt64)]
    [InlineData("Int64", "Div", SmallestInt64, 1, SmallestInt64)]
    [InlineData("Int32", "Div", SmallestInt32, -1, SmallestInt32)]
    [InlineData("Int32", "Div", -9, -4, 2)]
    [InlineData("Int64", "Mod", 7, 3, 1)]
    [InlineData("Int64", "Mod", -7, 3, 2)]
    [InlineData("Int64", "Mod", 7, -3, -2)]
    [InlineData("Int64", "Mod", SmallestInt64, -1, 0)]
    [InlineData("Int32", "Mod", SmallestInt32, -1, 0)]
    [InlineData("Int32", "Mod", 5, -1, 0)]
    public void A_computed_divisor_is_guarded(string type, string operation, float dividend, float divisor, float expected)
    {
        var model = Computed(Enum.Parse<DataType>(type), operation);
        OnnxIntegerDivision.Guard(model, "test.onnx");
        Engines.OnnxRuntime(model, [dividend, divisor], [1, 2]).Values.ShouldBe([expected]);
        if (operation == "Div") Engines.Torch(model, [dividend, divisor], [1, 2]).Values.ShouldBe([expected]);
    }

    [Theory]
    [InlineData("Int64", "Div")]
    [InlineData("Int32", "Div")]
    [InlineData("Int64", "Mod")]
    [InlineData("Int8", "Mod")]
    [InlineData("Uint8", "Mod")]
    public void A_computed_divisor_of_zero_ends_the_pass_with_an_error(string type, string operation)
    {
        var model = Computed(Enum.Parse<DataType>(type), operation);
        OnnxIntegerDivision.Guard(model, "test.onnx");
        Should.Throw<OnnxRuntimeException>(() => Engines.OnnxRuntime(model, [5, 0], [1, 2])).Message.ShouldContain("divisor-must-not-be-zero");
        if (operation == "Div") Should.Throw<InputException>(() => Engines.Torch(model, [5, 0], [1, 2])).Message.ShouldContain("divisor-must-not-be-zero");
    }

    public static TheoryData<string> Stored => [.. StoredDivisors.Keys];

    [Theory]
    [MemberData(nameof(Stored))]
    public void A_stored_divisor_of_zero_or_minus_one_is_refused(string name)
    {
        var error = Should.Throw<InputException>(() => Read(Divided(StoredDivisors[name])));
        error.Message.ShouldBe("test.onnx: node 'q' (Div) divides whole numbers by 0 or by -1, which ends the process on many machines; "
            + "export the network without it");
    }

    private static readonly Dictionary<string, Action<OnnxModelBuilder>> StoredDivisors = new()
    {
        ["initialiser"] = b => b.Integers("d", -1),
        ["initialiser of zero"] = b => b.Integers("d", 0),
        ["one of many"] = b => b.Integers("d", 3, 4, -1, 5),
        ["not raw"] = b => b.Constant("d", new TensorProto { DataType = (int)DataType.Int64, Dims = { 1 }, Int64Data = { -1 } }),
        ["int32, not raw"] = b => b.Constant("d", new TensorProto { DataType = (int)DataType.Int32, Dims = { 1 }, Int32Data = { -1 } }),
        ["int32, raw"] = b => b.Constant("d", OnnxModelBuilder.Tensor(DataType.Int32, [1], [255, 255, 255, 255])),
        ["constant node"] = b => b.Node("Constant", [], ["d"], ("value", OnnxModelBuilder.Longs([1], -1))),
        ["constant node of a number"] = b => b.Node("Constant", [], ["d"], ("value_int", -1L)),
        ["constant node of numbers"] = b => b.Node("Constant", [], ["d"], ("value_ints", new[] { 2L, 0L })),
    };

    [Theory]
    [InlineData("Uint8", 255)]
    [InlineData("Int64", 2)]
    [InlineData("Int64", -2)]
    public void A_harmless_stored_divisor_is_left_as_it_is(string type, long divisor)
    {
        byte[] raw = type == "Uint8" ? [(byte)divisor] : BitConverter.GetBytes(divisor);
        var model = Divided(b => b.Constant("d", OnnxModelBuilder.Tensor(Enum.Parse<DataType>(type), [1], raw)));
        Read(model).ShouldBe(model);
    }

    [Fact]
    public void Divisions_of_floats_are_left_as_they_are()
    {
        // Also where the type is known of one operand only, behind operators of strangers.
        var builder = new OnnxModelBuilder(13, 1, 3, 4, 4).Constant("w", [1], 0).Node("Div", ["x", "w"], ["a"])
            .Node("ReduceSum", ["a"], ["b"], ("keepdims", 1L)).Node("Div", ["a", "b"], ["c"])
            .Node("Fused", ["c"], ["d"]).Node("Div", ["d", "w"], ["e"]).Node("Div", ["w", "d"], ["f"]).Node("Add", ["e", "f"]);
        builder.Graph.Node[3].Domain = "com.example";
        var model = builder.Build();
        Read(model).ShouldBe(model);
    }

    [Fact]
    public void A_division_of_unknown_type_is_refused()
    {
        var builder = new OnnxModelBuilder(13, 1, 3, 4, 4).Node("Fused", ["x"], ["a", "b"]).Node("Div", ["a", "b"]);
        builder.Graph.Node[0].Domain = "com.example";
        Should.Throw<InputException>(() => Read(builder.Build())).Message.ShouldContain("it cannot be told whether it divides whole numbers");
        builder.Graph.ValueInfo.Add(OnnxModelBuilder.Value("a", DataType.Float, null));
        Read(builder.Build());
    }

    [Fact]
    public void Graphs_inside_nodes_are_guarded()
    {
        var inner = new OnnxModelBuilder(13, 1).Node("Div", ["outer-a", "outer-b"], ["q"]).Node("Cast", ["q"], ["inner"], ("to", 1L)).Graph;
        inner.Input.Clear();
        inner.Output.Add(OnnxModelBuilder.Value("inner", DataType.Float, null));
        var model = Branch(inner);
        Read(model);
        OnnxIntegerDivision.Guard(model, "test.onnx");
        Engines.OnnxRuntime(model, [SmallestInt64, -1], [1, 2]).Values.ShouldBe([SmallestInt64]);

        var refused = inner.Clone();
        refused.Node[0].Input[1] = "d";
        refused.Initializer.Add(OnnxModelBuilder.Longs([1], -1));
        refused.Initializer[0].Name = "d";
        Should.Throw<InputException>(() => Read(Branch(refused))).Message.ShouldContain("by 0 or by -1");
    }

    [Fact]
    public void Local_functions_are_guarded()
    {
        var model = new OnnxModelBuilder(13, 1, 2).Node("Halve", ["x"]).Build();
        model.Graph.Node[0].Domain = "local";
        var function = new FunctionProto { Name = "Halve", Domain = "local" };
        function.Node.Add(new OnnxModelBuilder(13, 1).Node("Constant", [], ["d"], ("value_int", -1L)).Node("Div", ["v", "d"], ["q"]).Graph.Node);
        model.Functions.Add(function);
        Should.Throw<InputException>(() => Read(model)).Message.ShouldContain("node 'q' (Div) divides whole numbers by 0 or by -1");
    }

    [Fact]
    public void A_long_chain_and_a_cycle_are_followed()
    {
        const int Length = 20_000;
        var builder = new OnnxModelBuilder(13, 1, 2).Node("Cast", ["x"], ["v0"], ("to", (long)DataType.Int64)).Integers("d", 3);
        for (var i = 0; i < Length; i++) builder.Node("Identity", [$"v{i}"], [$"v{i + 1}"]);
        builder.Node("Div", ["d", $"v{Length}"]);
        Read(builder.Build()).Graph.Node.Count.ShouldBeGreaterThan(Length + 2, "the divisor is computed");

        var cycle = new OnnxModelBuilder(13, 1, 2).Node("Identity", ["b"], ["a"]).Node("Identity", ["a"], ["b"]).Node("Div", ["a", "b"]).Build();
        Should.Throw<InputException>(() => Read(cycle)).Message.ShouldContain("it cannot be told");
    }

    /// <summary>The first of two inputs divided by the second, both cast to a type of whole numbers.</summary>
    private static ModelProto Computed(DataType type, string operation) => new OnnxModelBuilder(13, 1, 2)
        .Node("Cast", ["x"], ["whole"], ("to", (long)DataType.Int64)).Integers("first", 0).Integers("second", 1)
        .Node("Gather", ["whole", "first"], ["wide-a"], ("axis", 1L)).Node("Cast", ["wide-a"], ["a"], ("to", (long)type))
        .Node("Gather", ["whole", "second"], ["wide-b"], ("axis", 1L)).Node("Cast", ["wide-b"], ["b"], ("to", (long)type))
        .Node(operation, ["a", "b"], ["q"]).Node("Cast", ["q"], ["y"], ("to", 1L)).Build();

    private static ModelProto Divided(Action<OnnxModelBuilder> divisor)
    {
        var builder = new OnnxModelBuilder(13, 1, 2);
        divisor(builder);
        return builder.Node("Shape", ["x"], ["n"]).Node("Div", ["n", "d"], ["q"]).Node("Cast", ["q"], ["y"], ("to", 1L)).Build();
    }

    private static ModelProto Branch(GraphProto inner)
    {
        var builder = new OnnxModelBuilder(13, 1, 2)
            .Node("Cast", ["x"], ["whole"], ("to", (long)DataType.Int64)).Integers("first", 0).Integers("second", 1)
            .Node("Gather", ["whole", "first"], ["outer-a"], ("axis", 1L)).Node("Gather", ["whole", "second"], ["outer-b"], ("axis", 1L))
            .Node("Less", ["outer-b", "first"], ["negative"]).Node("Squeeze", ["negative"], ["condition"]).Node("If", ["condition"]);
        foreach (var name in new[] { "then_branch", "else_branch" })
            builder.Graph.Node[^1].Attribute.Add(new AttributeProto { Name = name, G = inner, Type = AttributeProto.Types.AttributeType.Graph });
        return builder.Build();
    }

    private static ModelProto Read(ModelProto model) => OnnxModelFile.Parse(model.ToByteArray(), "test.onnx");
}
