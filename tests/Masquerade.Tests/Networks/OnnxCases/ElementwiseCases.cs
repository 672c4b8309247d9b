using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Tests.Networks.OnnxCases;

/// <summary>Arithmetic and activation functions.</summary>
internal static class ElementwiseCases
{
    public static Dictionary<string, OnnxCase> All { get; } = Build();

    private static Dictionary<string, OnnxCase> Build()
    {
        var cases = new Dictionary<string, OnnxCase>
        {
            ["Clip"] = new(Clip),
            ["Clip with limits of run time"] = new(ClipAtRunTime),
            ["Cast"] = new(Cast, Differentiable: false),
            ["Cast and back"] = new(CastBack),
            ["PRelu"] = new(PRelu),
            ["Pow"] = new(Pow),
            ["Pow by a tensor"] = new(PowTensor, Tolerance: 1e-4f),
            ["Div of integers"] = new(d => Integers(d, "Div"), Differentiable: false),
            ["Mul of integers"] = new(d => Integers(d, "Mul"), Differentiable: false),
            ["Where"] = new(Where),
            ["And, Or, Not"] = new(Logic, Differentiable: false),
            ["Softmax"] = new(d => Softmax(d, "Softmax")),
            ["LogSoftmax"] = new(d => Softmax(d, "LogSoftmax")),
            ["Elu"] = new(d => With(d, 7, "Elu", ("alpha", d.Float(0.1f, 2)))),
            ["LeakyRelu"] = new(d => With(d, d.OneOf(7, 16), "LeakyRelu", ("alpha", d.Float(0.01f, 0.9f)))),
            ["HardSigmoid"] = new(d => With(d, 7, "HardSigmoid", ("alpha", d.Float(0.1f, 0.5f)), ("beta", d.Float(0.1f, 0.6f)))),
            ["Selu"] = new(d => With(d, 7, "Selu", ("alpha", d.Float(1, 2)), ("gamma", d.Float(1, 2)))),
            ["Gelu"] = new(d => With(d, 20, "Gelu", ("approximate", d.OneOf("none", "tanh"))), Tolerance: 1e-4f),
        };
        foreach (var type in new[] { "Add", "Sub", "Mul", "Div" }) cases[type] = new(d => Binary(d, type, d.OneOf(7, 13, 14)));
        foreach (var type in new[] { "Equal", "Less", "Greater" }) cases[type] = new(d => Compare(d, type, d.OneOf(11, 13, 19)), false);
        foreach (var type in new[] { "LessOrEqual", "GreaterOrEqual" }) cases[type] = new(d => Compare(d, type, d.OneOf(12, 16)), false);
        foreach (var type in new[] { "Min", "Max", "Sum", "Mean" }) cases[type] = new(d => Variadic(d, type));
        foreach (var type in new[] { "Abs", "Neg", "Exp", "Relu", "Sigmoid", "Tanh", "Floor", "Ceil" })
            cases[type] = new(d => With(d, d.OneOf(7, 13), type), type is not ("Floor" or "Ceil"));
        cases["Erf"] = new(d => With(d, d.OneOf(9, 13), "Erf"));
        foreach (var type in new[] { "Softplus", "Softsign", "Elu", "Selu", "HardSigmoid", "LeakyRelu" })
            cases.TryAdd($"{type} by default", new(d => With(d, 7, type)));
        cases["Softplus"] = new(d => With(d, 7, "Softplus"));
        cases["HardSwish"] = new(d => With(d, 14, "HardSwish"));
        cases["Mish"] = new(d => With(d, 18, "Mish"));
        foreach (var type in new[] { "Sqrt", "Log", "Reciprocal" })
            cases[type] = new(d => d.Unary(d.OneOf(7, 13), type, d.Shape(), [], 0.1f, 3));
        return cases;
    }

    private static Drawn With(Dice d, long opset, string type, params (string, object)[] attributes) =>
        d.Unary(opset, type, d.Shape(), attributes);

    private static Drawn Binary(Dice d, string type, long opset)
    {
        var shape = d.Shape();
        var other = d.Broadcastable(shape);
        var first = d.Bool();
        var model = new OnnxModelBuilder(opset, shape).Constant("c", other, d.Floats(other, 0.5f, 2))
            .Node(type, first ? ["x", "c"] : ["c", "x"]).Build();
        return new(model, shape, d.Floats(shape, 0.5f, 2));
    }

    private static Drawn Variadic(Dice d, string type)
    {
        var shape = d.Shape();
        var builder = new OnnxModelBuilder(d.OneOf(8, 13), shape);
        string[] inputs = ["x", .. Enumerable.Range(0, (int)d.Int(0, 3)).Select(i => $"c{i}")];
        foreach (var name in inputs.Skip(1))
        {
            var other = d.Broadcastable(shape);
            builder.Constant(name, other, d.Floats(other));
        }
        d.Random.Shuffle(inputs);
        return new(builder.Node(type, inputs).Build(), shape, d.Floats(shape));
    }

    private static Drawn Compare(Dice d, string type, long opset)
    {
        var shape = d.Shape();
        var other = d.Broadcastable(shape);
        float[] Whole(long[] s) => [.. d.Floats(s).Select(v => MathF.Round(v))];
        var builder = new OnnxModelBuilder(opset, shape).Constant("c", other, Whole(other)).Node(type, ["x", "c"]);
        return new(builder.Build(DataType.Bool), shape, Whole(shape));
    }

    private static Drawn Logic(Dice d)
    {
        var shape = d.Shape();
        var builder = new OnnxModelBuilder(13, shape).Constant("zero", [], 0f).Constant("one", [], 1f)
            .Node("Greater", ["x", "zero"], ["a"]).Node("Less", ["x", "one"], ["b"])
            .Node(d.OneOf("And", "Or"), ["a", "b"], ["c"]).Node("Not", ["c"]);
        return new(builder.Build(DataType.Bool), shape, d.Floats(shape));
    }

    private static Drawn Integers(Dice d, string type)
    {
        var shape = d.Shape();
        var divisor = d.OneOf(-3L, -2L, 2L, 3L);
        var builder = new OnnxModelBuilder(13, shape).Constant("c", OnnxModelBuilder.Longs([], divisor))
            .Node("Cast", ["x"], ["i"], ("to", 7)).Node(type, ["i", "c"]);
        return new(builder.Build(DataType.Int64), shape, d.Floats(shape, -20, 20));
    }

    private static Drawn Cast(Dice d)
    {
        var shape = d.Shape();
        var to = d.OneOf(DataType.Int32, DataType.Int64, DataType.Bool, DataType.Float);
        var model = new OnnxModelBuilder(d.OneOf(9, 13, 19), shape).Node("Cast", ["x"], null, ("to", (long)to)).Build(to);
        return new(model, shape, d.Floats(shape, -9, 9));
    }

    private static Drawn CastBack(Dice d)
    {
        var shape = d.Shape();
        var model = new OnnxModelBuilder(13, shape).Node("Cast", ["x"], ["wide"], ("to", (long)DataType.Double))
            .Node("Mul", ["wide", "wide"], ["square"]).Node("Cast", ["square"], null, ("to", (long)DataType.Float)).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn Clip(Dice d)
    {
        var shape = d.Shape();
        var opset = d.OneOf(7, 11, 12, 13);
        var (min, max) = (d.Bool() ? d.Float(-2, 0) : (float?)null, d.Bool() ? d.Float(0, 2) : (float?)null);
        var builder = new OnnxModelBuilder(opset, shape);
        if (opset < 11)
        {
            var attributes = new List<(string, object)>();
            if (min is { } low) attributes.Add(("min", low));
            if (max is { } high) attributes.Add(("max", high));
            builder.Node("Clip", ["x"], null, [.. attributes]);
        }
        else
        {
            if (min is { } low) builder.Node("Constant", [], ["low"], ("value", OnnxModelBuilder.Floats([], low)));
            if (max is { } high) builder.Constant("high", [], high);
            builder.Node("Clip", max is null ? min is null ? ["x"] : ["x", "low"] : ["x", min is null ? "" : "low", "high"]);
        }
        return new(builder.Build(), shape, d.Floats(shape, -3, 3));
    }

    private static Drawn ClipAtRunTime(Dice d)
    {
        var shape = d.Shape();
        var model = new OnnxModelBuilder(13, shape).Node("ReduceMean", ["x"], ["mean"], ("keepdims", 0)).Constant("high", [], d.Float(0.5f, 1))
            .Node("Clip", ["x", "mean", "high"]).Build();
        return new(model, shape, d.Floats(shape, -3, 3));
    }

    private static Drawn PRelu(Dice d)
    {
        var shape = d.Shape(least: 2);
        long[] slope = d.Int(0, 3) switch
        {
            0 => [shape[1], .. shape.Skip(2).Select(_ => 1L)],
            1 => [1],
            2 => shape,
            _ => d.Broadcastable(shape),
        };
        var model = new OnnxModelBuilder(d.OneOf(7, 9, 16), shape).Constant("slope", slope, d.Floats(slope))
            .Node("PRelu", ["x", "slope"]).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn Pow(Dice d)
    {
        var shape = d.Shape();
        var exponent = d.OneOf(-1f, 0.5f, 1f, 2f, 3f);
        long[] exponentShape = d.Bool() ? [] : [1];
        var model = new OnnxModelBuilder(d.OneOf(7, 12, 13, 15), shape).Constant("p", exponentShape, exponent).Node("Pow", ["x", "p"]).Build();
        return new(model, shape, d.Floats(shape, exponent is 2 or 3 ? -2 : 0.2f, 2));
    }

    private static Drawn PowTensor(Dice d)
    {
        var shape = d.Shape();
        var other = d.Broadcastable(shape);
        var model = new OnnxModelBuilder(13, shape).Constant("p", other, d.Floats(other)).Node("Pow", ["x", "p"]).Build();
        return new(model, shape, d.Floats(shape, 0.2f, 2));
    }

    private static Drawn Where(Dice d)
    {
        var shape = d.Shape();
        var other = d.Broadcastable(shape);
        var model = new OnnxModelBuilder(d.OneOf(9, 16), shape).Constant("zero", [], 0f).Constant("c", other, d.Floats(other))
            .Node("Greater", ["x", "zero"], ["positive"]).Node("Where", d.Bool() ? ["positive", "x", "c"] : ["positive", "c", "x"]).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn Softmax(Dice d, string type)
    {
        var shape = d.Shape(least: 2);
        var opset = d.OneOf(7, 11, 13);
        // Negative axes came with operator set 11.
        var axis = (int)d.Int(0, shape.Length - 1);
        (string, object)[] attributes = d.Bool() ? [] : [("axis", opset < 11 ? axis : d.Axis(axis, shape.Length))];
        return d.Unary(opset, type, shape, attributes);
    }
}
