using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Tests.Networks.OnnxCases;

/// <summary>Reductions and everything that moves values around.</summary>
internal static class ShapeCases
{
    public static Dictionary<string, OnnxCase> All { get; } = Build();

    private static Dictionary<string, OnnxCase> Build()
    {
        var cases = new Dictionary<string, OnnxCase>
        {
            ["Concat"] = new(Concat),
            ["ConstantOfShape"] = new(ConstantOfShape),
            ["DepthToSpace"] = new(DepthToSpace),
            ["Dropout"] = new(d => d.Unary(d.OneOf(7, 10, 12, 13), "Dropout", d.Shape(), [])),
            ["Expand"] = new(Expand),
            ["Flatten"] = new(Flatten),
            ["Gather"] = new(Gather),
            ["Identity"] = new(d => d.Unary(d.OneOf(7, 13), "Identity", d.Shape(), [])),
            ["Pad"] = new(Pad),
            ["Pad by own values"] = new(PadOwn),
            ["Reshape"] = new(Reshape),
            ["Reshape by the input's own shape"] = new(ReshapeDynamic),
            ["Shape"] = new(Shape, Differentiable: false),
            ["Size"] = new(d => Whole(d.Unary(13, "Size", d.Shape(), [])), Differentiable: false),
            ["Slice"] = new(Slice),
            ["SpaceToDepth"] = new(SpaceToDepth),
            ["Split"] = new(Split),
            ["Squeeze"] = new(Squeeze),
            ["Transpose"] = new(Transpose),
            ["Unsqueeze"] = new(Unsqueeze),
        };
        foreach (var type in new[] { "L1", "L2", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare", "LogSumExp", "LogSum" })
            cases[$"Reduce{type}"] = new(d => Reduce(d, $"Reduce{type}"), Tolerance: 5e-5f);
        return cases;
    }

    private static Drawn Whole(Drawn drawn)
    {
        drawn.Model.Graph.Output[0].Type.TensorType.ElemType = (int)DataType.Int64;
        return drawn;
    }

    private static Drawn Reduce(Dice d, string type)
    {
        var shape = d.Shape();
        var opset = d.OneOf(11, 13, 18);
        var asInput = opset >= (type == "ReduceSum" ? 13 : 18);
        long[]? axes = d.Bool() ? [.. d.Axes(shape.Length, 1).Select(a => d.Axis(a, shape.Length))] : null;
        var attributes = new List<(string, object)>();
        if (d.Bool()) attributes.Add(("keepdims", d.Bool()));
        if (axes is not null && !asInput) attributes.Add(("axes", axes));
        // Without axes it is the identity only where all agree on that: for the sum.
        if (asInput && type == "ReduceSum" && d.Bool()) attributes.Add(("noop_with_empty_axes", 1));
        var builder = new OnnxModelBuilder(opset, shape).Node(type, asInput && axes is not null ? ["x", "axes"] : ["x"], null, [.. attributes]);
        if (asInput && axes is not null) builder.Integers("axes", axes);
        return new(builder.Build(), shape, d.Floats(shape, type == "ReduceLogSum" ? 0.2f : -2, 2));
    }

    private static Drawn Concat(Dice d)
    {
        var shape = d.Shape();
        var axis = (int)d.Int(0, shape.Length - 1);
        var other = (long[])shape.Clone();
        other[axis] = d.Int(1, 4);
        var model = new OnnxModelBuilder(11, shape).Constant("c", other, d.Floats(other))
            .Node("Concat", d.OneOf<string[]>(["x", "c"], ["c", "x", "x"], ["x"]), null, ("axis", d.Axis(axis, shape.Length))).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn ConstantOfShape(Dice d)
    {
        var shape = d.Shape();
        (string, object)[] value = d.Bool() ? [] : [("value", OnnxModelBuilder.Floats([1], d.Float(-2, 2)))];
        var model = new OnnxModelBuilder(d.OneOf(9, 21), [.. shape.Select(_ => -1L)]).Node("Shape", ["x"], ["s"])
            .Node("ConstantOfShape", ["s"], ["c"], value).Node("Add", ["x", "c"]).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn Expand(Dice d)
    {
        var wanted = d.Shape();
        var shape = d.Broadcastable(wanted);
        if (shape.Length == 0) shape = [1];
        // Where the input has a size already, 1 asks for the same.
        var added = wanted.Length - shape.Length;
        long[] asked = d.Bool() ? wanted : [.. wanted.Select((w, i) => i >= added && shape[i - added] == w ? 1 : w)];
        var model = new OnnxModelBuilder(d.OneOf(8, 13), shape).Integers("s", asked).Node("Expand", ["x", "s"]).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn Flatten(Dice d)
    {
        var shape = d.Shape();
        var axis = d.Int(0, shape.Length);
        return d.Unary(11, "Flatten", shape, d.Bool() ? [] : [("axis", d.Bool() && axis < shape.Length ? axis - shape.Length : axis)]);
    }

    private static Drawn Gather(Dice d)
    {
        var shape = d.Shape();
        var axis = (int)d.Int(0, shape.Length - 1);
        var indices = d.Shape(0, 2);
        var values = d.Many((int)indices.Aggregate(1L, (a, b) => a * b), -shape[axis], shape[axis] - 1);
        var model = new OnnxModelBuilder(d.OneOf(11, 13), shape).Constant("i", OnnxModelBuilder.Longs(indices, values))
            .Node("Gather", ["x", "i"], null, ("axis", d.Axis(axis, shape.Length))).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn Pad(Dice d)
    {
        var shape = d.Many((int)d.Int(1, 4), 3, 5);
        var opset = d.OneOf(7, 11, 13, 18, 19);
        var pads = d.Many(2 * shape.Length, -1, 2);
        var value = d.Float(-1, 1);
        var builder = new OnnxModelBuilder(opset, shape);
        if (opset < 11) return new(builder.Node("Pad", ["x"], null, ("pads", pads), ("value", value)).Build(), shape, d.Floats(shape));
        string[] inputs = d.Bool() ? ["x", "pads"] : ["x", "pads", "value"];
        if (opset >= 18 && d.Bool())
        {
            var axes = d.Axes(shape.Length, 1);
            pads = d.Many(2 * axes.Length, -1, 2);
            builder.Integers("axes", [.. axes.Select(a => d.Axis(a, shape.Length))]);
            inputs = ["x", "pads", inputs.Length > 2 ? "value" : "", "axes"];
        }
        builder.Integers("pads", pads).Constant("value", [], value).Node("Pad", inputs);
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn PadOwn(Dice d)
    {
        var shape = d.Many((int)d.Int(1, 4), 4, 5);
        var opset = d.OneOf(7, 11, 13, 18, 19);
        var pads = d.Many(2 * shape.Length, 0, 2);
        var mode = opset >= 19 ? d.OneOf("reflect", "edge", "wrap") : d.OneOf("reflect", "edge");
        var builder = new OnnxModelBuilder(opset, shape);
        if (opset < 11) builder.Node("Pad", ["x"], null, ("pads", pads), ("mode", mode));
        else builder.Integers("pads", pads).Node("Pad", ["x", "pads"], null, ("mode", mode));
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn DepthToSpace(Dice d)
    {
        var (block, opset) = (d.Int(1, 3), d.OneOf(7, 11, 13));
        (string, object)[] mode = opset >= 11 && d.Bool() ? [("mode", d.OneOf("DCR", "CRD"))] : [];
        return d.Unary(opset, "DepthToSpace", [d.Int(1, 2), block * block * d.Int(1, 3), d.Int(1, 3), d.Int(1, 3)], [("blocksize", block), .. mode]);
    }

    private static Drawn SpaceToDepth(Dice d)
    {
        var block = d.Int(1, 3);
        long[] shape = [d.Int(1, 2), d.Int(1, 3), block * d.Int(1, 3), block * d.Int(1, 3)];
        return d.Unary(d.OneOf(7, 13), "SpaceToDepth", shape, [("blocksize", block)]);
    }

    private static Drawn Reshape(Dice d)
    {
        long[] shape = [d.Int(1, 3), 2 * d.Int(1, 2), 3, 2];
        var wanted = d.OneOf<long[]>([0, -1], [-1], [0, 0, 6], [0, 0, -1], [shape[0], 2, -1, 3], [-1, shape[1], 6]);
        var opset = d.OneOf(7, 13, 14);
        (string, object)[] attributes = opset >= 14 && !wanted.Contains(0) && d.Bool() ? [("allowzero", 1)] : [];
        var model = new OnnxModelBuilder(opset, shape).Integers("s", wanted).Node("Reshape", ["x", "s"], null, attributes).Build();
        return new(model, shape, d.Floats(shape));
    }

    /// <summary>What exporters write for x.view(x.size(0), -1).</summary>
    private static Drawn ReshapeDynamic(Dice d)
    {
        long[] shape = [d.Int(1, 4), d.Int(1, 3), d.Int(1, 3), 2];
        var opset = d.OneOf(11, 13);
        var builder = new OnnxModelBuilder(opset, -1, shape[1], shape[2], shape[3]).Node("Shape", ["x"], ["s"])
            .Constant("zero", OnnxModelBuilder.Longs([], 0)).Node("Gather", ["s", "zero"], ["n"], ("axis", 0));
        if (opset < 13) builder.Node("Unsqueeze", ["n"], ["n1"], ("axes", new long[] { 0 }));
        else builder.Integers("axes", 0).Node("Unsqueeze", ["n", "axes"], ["n1"]);
        builder.Node("Constant", [], ["rest"], ("value", OnnxModelBuilder.Longs([1], -1)))
            .Node("Concat", ["n1", "rest"], ["wanted"], ("axis", 0)).Node("Reshape", ["x", "wanted"]);
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn Shape(Dice d)
    {
        var shape = d.Shape();
        var opset = d.OneOf(7, 13, 15, 19);
        var attributes = new List<(string, object)>();
        if (opset >= 15 && d.Bool()) attributes.Add(("start", d.Int(-5, 4)));
        if (opset >= 15 && d.Bool()) attributes.Add(("end", d.Int(-5, 5)));
        return Whole(d.Unary(opset, "Shape", shape, [.. attributes]));
    }

    private static Drawn Slice(Dice d)
    {
        var shape = d.Many((int)d.Int(1, 4), 3, 6);
        var opset = d.OneOf(7, 10, 11, 13);
        var axes = d.Axes(shape.Length, 1);
        var ordered = d.Bool();
        if (ordered) axes = [.. Enumerable.Range(0, axes.Length)];
        long[] steps = opset < 10 || d.Bool() ? [.. axes.Select(_ => 1L)] : [.. axes.Select(_ => d.OneOf(-2L, -1L, 1L, 2L))];
        // Some bounds lie far outside: "to the end" is written so.
        var low = axes.Select(a => d.OneOf(0, 1, -shape[a], -1000L)).ToArray();
        var high = axes.Select(a => d.OneOf(shape[a], shape[a] - 1, -1, long.MaxValue)).ToArray();
        var starts = steps.Select((s, i) => s > 0 ? low[i] : high[i]).ToArray();
        var ends = steps.Select((s, i) => s > 0 ? high[i] : low[i]).ToArray();
        var builder = new OnnxModelBuilder(opset, shape);
        long[] written = [.. axes.Select(a => opset < 10 ? a : d.Axis(a, shape.Length))];
        if (opset < 10)
        {
            var attributes = new List<(string, object)> { ("starts", starts), ("ends", ends) };
            if (!ordered) attributes.Add(("axes", written));
            builder.Node("Slice", ["x"], null, [.. attributes]);
        }
        else
        {
            builder.Integers("starts", starts).Integers("ends", ends).Integers("axes", written).Integers("steps", steps)
                .Node("Slice", ["x", "starts", "ends", ordered ? "" : "axes", "steps"]);
        }
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn Split(Dice d)
    {
        var opset = d.OneOf(7, 11, 13, 18);
        var sizes = d.Many((int)d.Int(2, 3), 1, 3);
        var parts = sizes.Length;
        var shape = d.Shape();
        var axis = (int)d.Int(0, shape.Length - 1);
        var equal = d.Bool();
        shape[axis] = equal ? parts * d.Int(1, 2) : sizes.Sum();
        var builder = new OnnxModelBuilder(opset, shape);
        var attributes = new List<(string, object)> { ("axis", opset < 11 ? axis : d.Axis(axis, shape.Length)) };
        string[] inputs = ["x"];
        if (!equal && opset >= 13) (inputs, _) = (["x", "sizes"], builder.Integers("sizes", sizes));
        else if (!equal) attributes.Add(("split", sizes));
        else if (opset >= 18)
        {
            attributes.Add(("num_outputs", parts));
            // The last part may be smaller, but not empty.
            if (shape[axis] > parts && d.Bool()) shape[axis]--;
        }
        string[] outputs = [.. Enumerable.Range(0, parts).Select(i => $"p{i}")];
        builder.Node("Split", inputs, outputs, [.. attributes]);
        builder.Graph.Input[0] = OnnxModelBuilder.Value("x", DataType.Float, shape);
        builder.Node("Concat", [.. outputs.Reverse()], null, ("axis", axis));
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn Squeeze(Dice d)
    {
        long[] shape = [.. d.Shape(1, 4).Select(s => d.Bool() ? 1 : s), 1];
        var opset = d.OneOf(7, 11, 13);
        var ones = Enumerable.Range(0, shape.Length).Where(i => shape[i] == 1).Where(_ => d.Bool()).ToArray();
        long[] axes = [.. ones.Select(a => opset < 11 ? a : d.Axis(a, shape.Length))];
        var builder = new OnnxModelBuilder(opset, shape);
        if (axes.Length == 0) builder.Node("Squeeze", ["x"]);
        else if (opset < 13) builder.Node("Squeeze", ["x"], null, ("axes", axes));
        else builder.Integers("axes", axes).Node("Squeeze", ["x", "axes"]);
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn Unsqueeze(Dice d)
    {
        var shape = d.Shape(1, 3);
        var opset = d.OneOf(7, 11, 13);
        var rank = shape.Length + (int)d.Int(1, 2);
        var order = Enumerable.Range(0, rank).ToArray();
        d.Random.Shuffle(order);
        long[] axes = [.. order[..(rank - shape.Length)].Select(a => opset < 11 ? a : d.Axis(a, rank))];
        var builder = new OnnxModelBuilder(opset, shape);
        if (opset < 13) builder.Node("Unsqueeze", ["x"], null, ("axes", axes));
        else builder.Integers("axes", axes).Node("Unsqueeze", ["x", "axes"]);
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn Transpose(Dice d)
    {
        var shape = d.Shape(1, 5, 4);
        var order = Enumerable.Range(0, shape.Length).Select(i => (long)i).ToArray();
        d.Random.Shuffle(order);
        return d.Unary(d.OneOf(7, 13), "Transpose", shape, d.Bool() ? [] : [("perm", order)]);
    }
}
