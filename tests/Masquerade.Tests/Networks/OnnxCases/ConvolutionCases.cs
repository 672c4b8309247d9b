using Masquerade.Networks.Onnx;

namespace Masquerade.Tests.Networks.OnnxCases;

/// <summary>Convolutions, pools, products and normalisations.</summary>
internal static class ConvolutionCases
{
    public static Dictionary<string, OnnxCase> All { get; } = new()
    {
        ["Conv"] = new(Conv),
        ["Conv with weights of run time"] = new(ConvAtRunTime),
        ["ConvTranspose"] = new(ConvTranspose),
        ["Gemm"] = new(Gemm),
        ["MatMul"] = new(MatMul),
        ["MaxPool"] = new(d => Pool(d, "MaxPool", d.OneOf(8, 10, 11, 12))),
        ["AveragePool"] = new(d => Pool(d, "AveragePool", d.OneOf(7, 10, 11, 19))),
        ["LpPool"] = new(d => Pool(d, "LpPool", d.OneOf(11, 18))),
        ["GlobalAveragePool"] = new(d => Global(d, "GlobalAveragePool")),
        ["GlobalMaxPool"] = new(d => Global(d, "GlobalMaxPool")),
        ["GlobalLpPool"] = new(d => Global(d, "GlobalLpPool", ("p", d.Int(1, 3)))),
        ["BatchNormalization"] = new(BatchNormalization),
        ["BatchNormalization with statistics of run time"] = new(BatchNormalizationAtRunTime),
        ["Conv and BatchNormalization"] = new(ConvBatchNormalization),
        ["InstanceNormalization"] = new(InstanceNormalization, Tolerance: 1e-4f),
        ["LayerNormalization"] = new(LayerNormalization, Tolerance: 1e-4f),
        ["LpNormalization"] = new(LpNormalization),
    };

    /// <summary>Window attributes, and the extent that the input must have.</summary>
    private static (List<(string, object)> Attributes, long[] Kernel, long[] Extent, string AutoPad) Window(
        Dice d, int rank, bool dilates = true)
    {
        var kernel = d.Many(rank, 1, 3);
        var autoPad = d.OneOf("NOTSET", "NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID");
        // ONNX Runtime refuses or ignores dilation with SAME.
        var dilations = dilates && d.Bool() && !autoPad.StartsWith("SAME") ? d.Many(rank, 1, 2) : [.. kernel.Select(_ => 1L)];
        var attributes = new List<(string, object)> { ("kernel_shape", kernel) };
        if (dilates) attributes.Add(("dilations", dilations));
        // With SAME, a stride beyond the kernel makes ONNX Runtime's pools pad by a negative amount.
        if (d.Bool()) attributes.Add(("strides", autoPad.StartsWith("SAME") ? [.. kernel.Select(k => d.Int(1, k))] : d.Many(rank, 1, 3)));
        var extent = kernel.Zip(dilations, (k, s) => (k - 1) * s + 1).ToArray();
        if (autoPad != "NOTSET") attributes.Add(("auto_pad", autoPad));
        else if (d.Bool())
        {
            var same = d.Bool();
            // Pools accept less padding than kernel.
            var begin = kernel.Select(k => d.Int(0, k - 1)).ToArray();
            long[] end = same ? begin : [.. kernel.Select(k => d.Int(0, k - 1))];
            attributes.Add(("pads", (long[])[.. begin, .. end]));
        }
        return (attributes, kernel, extent, autoPad);
    }

    private static Drawn Conv(Dice d)
    {
        var rank = (int)d.Int(1, 3);
        var (attributes, kernel, extent, _) = Window(d, rank);
        var groups = d.Int(1, 3);
        long[] shape = [d.Int(1, 2), groups * d.Int(1, 2), .. extent.Select(e => e + d.Int(0, 4))];
        var filters = groups * d.Int(1, 3);
        long[] weight = [filters, shape[1] / groups, .. kernel];
        attributes.Add(("group", groups));
        if (d.Bool()) attributes.RemoveAll(a => a.Item1 == "kernel_shape");
        var bias = d.Bool();
        var builder = new OnnxModelBuilder(d.OneOf(7, 11), [-1, .. shape[1..]]).Constant("w", weight, d.Floats(weight))
            .Node("Conv", bias ? ["x", "w", "b"] : ["x", "w"], null, [.. attributes]);
        if (bias) builder.Constant("b", [filters], d.Floats([filters]));
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn ConvAtRunTime(Dice d)
    {
        long[] shape = [1, 2, 5, 6];
        var model = new OnnxModelBuilder(13, shape).Integers("from", 0, 0).Integers("to", 3, 2).Integers("axes", 2, 3)
            .Node("Slice", ["x", "from", "to", "axes"], ["w"])
            .Node("Conv", ["x", "w"], null, ("kernel_shape", new long[] { 3, 2 })).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn ConvTranspose(Dice d)
    {
        var rank = (int)d.Int(1, 3);
        var (attributes, kernel, extent, autoPad) = Window(d, rank);
        var groups = d.Int(1, 2);
        long[] shape = [d.Int(1, 2), groups * d.Int(1, 2), .. d.Many(rank, 3, 5)];
        var perGroup = d.Int(1, 2);
        long[] weight = [shape[1], perGroup, .. kernel];
        attributes.Add(("group", groups));
        var strides = attributes.FirstOrDefault(a => a.Item1 == "strides").Item2 as long[] ?? [.. kernel.Select(_ => 1L)];
        // Torch and ONNX Runtime want it below the stride.
        if (autoPad == "NOTSET" && d.Bool()) attributes.Add(("output_padding", strides.Select(s => d.Int(0, s - 1)).ToArray()));
        if (autoPad == "NOTSET" && d.Int(0, 2) == 0)
        {
            attributes.RemoveAll(a => a.Item1 is "pads" or "output_padding");
            var full = strides.Select((s, i) => s * (shape[i + 2] - 1) + extent[i]);
            attributes.Add(("output_shape", full.Select(f => Math.Max(f - d.Int(0, 2), 1)).ToArray()));
        }
        var bias = d.Bool();
        var builder = new OnnxModelBuilder(d.OneOf(7, 11), [-1, .. shape[1..]]).Constant("w", weight, d.Floats(weight))
            .Node("ConvTranspose", bias ? ["x", "w", "b"] : ["x", "w"], null, [.. attributes]);
        if (bias) builder.Constant("b", [groups * perGroup], d.Floats([groups * perGroup]));
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn Pool(Dice d, string type, long opset)
    {
        var rank = (int)d.Int(1, 3);
        var dilates = type switch { "MaxPool" => opset >= 10, "AveragePool" => opset >= 19, _ => opset >= 18 };
        var (attributes, _, extent, autoPad) = Window(d, rank, dilates);
        // ONNX Runtime's ceil mode ignores its own padding rule for automatic padding.
        var ceils = type switch { "LpPool" => opset >= 18, _ => opset >= 10 };
        if (ceils && autoPad == "NOTSET" && d.Bool()) attributes.Add(("ceil_mode", 1));
        if (type == "AveragePool" && d.Bool()) attributes.Add(("count_include_pad", 1));
        if (type == "LpPool") attributes.Add(("p", d.Int(1, 3)));
        long[] shape = [d.Int(1, 2), d.Int(1, 3), .. extent.Select(e => e + d.Int(0, 4))];
        return new(new OnnxModelBuilder(opset, [-1, .. shape[1..]]).Node(type, ["x"], null, [.. attributes]).Build(), shape, d.Floats(shape));
    }

    private static Drawn Global(Dice d, string type, params (string, object)[] attributes) => d.Unary(7, type, d.Shape(3, 5), attributes);

    private static Drawn Gemm(Dice d)
    {
        var (m, k, n) = (d.Int(1, 4), d.Int(1, 4), d.Int(1, 4));
        var (turnA, turnB) = (d.Bool(), d.Bool());
        long[] shape = turnA ? [k, m] : [m, k];
        long[] weight = turnB ? [n, k] : [k, n];
        var opset = d.OneOf(7, 9, 11, 13);
        var builder = new OnnxModelBuilder(opset, shape).Constant("b", weight, d.Floats(weight));
        // The third input may be absent since operator set 11.
        var bias = opset < 11 || d.Bool();
        if (bias)
        {
            var c = d.OneOf<long[]>([n], [1, n], [m, 1], [m, n], [1]);
            builder.Constant("c", c, d.Floats(c));
        }
        builder.Node("Gemm", bias ? ["x", "b", "c"] : ["x", "b"], null,
            ("alpha", d.OneOf(1f, 0.5f)), ("beta", d.OneOf(1f, 0.25f)), ("transA", turnA), ("transB", turnB));
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn MatMul(Dice d)
    {
        var (m, k, n) = (d.Int(1, 4), d.Int(1, 4), d.Int(1, 4));
        var batch = d.Many((int)d.Int(0, 2), 1, 3);
        long[] shape = [.. batch, m, k];
        long[] other = d.Int(0, 3) switch { 0 => [k], 1 => [k, n], _ => [.. d.Broadcastable(batch), k, n] };
        var model = new OnnxModelBuilder(d.OneOf(7, 9, 13), shape).Constant("b", other, d.Floats(other)).Node("MatMul", ["x", "b"]).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static OnnxModelBuilder Statistics(this OnnxModelBuilder builder, Dice d, long channels) => builder
        .Constant("scale", [channels], d.Floats([channels])).Constant("shift", [channels], d.Floats([channels]))
        .Constant("mean", [channels], d.Floats([channels])).Constant("var", [channels], d.Floats([channels], 0.2f, 2));

    private static Drawn BatchNormalization(Dice d)
    {
        var shape = d.Shape(least: 2, most: 5);
        var model = new OnnxModelBuilder(d.OneOf(7, 9, 14, 15), [-1, .. shape[1..]]).Statistics(d, shape[1])
            .Node("BatchNormalization", ["x", "scale", "shift", "mean", "var"], null, ("epsilon", d.Float(1e-5f, 1e-2f))).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn BatchNormalizationAtRunTime(Dice d)
    {
        long[] shape = [2, d.Int(1, 3), d.Int(1, 4)];
        var model = new OnnxModelBuilder(13, shape).Statistics(d, shape[1])
            .Node("ReduceMax", ["x"], ["most"], ("axes", new long[] { 0, 2 }), ("keepdims", 0)).Node("Exp", ["most"], ["positive"])
            .Node("BatchNormalization", ["x", "scale", "shift", "most", "positive"]).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn ConvBatchNormalization(Dice d)
    {
        long[] shape = [2, 4, 5, 6];
        var (filters, bias, shared) = (2 * d.Int(1, 3), d.Bool(), d.Bool());
        long[] weight = [filters, 2, 3, 3];
        var builder = new OnnxModelBuilder(13, [-1, 4, 5, 6]).Constant("w", weight, d.Floats(weight))
            .Constant("b", [filters], d.Floats([filters]))
            .Statistics(d, filters)
            .Node("Conv", bias ? ["x", "w", "b"] : ["x", "w"], ["c"], ("group", 2), ("pads", new long[] { 1, 1, 1, 1 }))
            .Node("BatchNormalization", ["c", "scale", "shift", "mean", "var"], [shared ? "n" : "y"]);
        // Where something else reads the convolution too, it must stay as it is.
        if (shared) builder.Node("Add", ["n", "c"]);
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn InstanceNormalization(Dice d)
    {
        long[] shape = [d.Int(1, 2), d.Int(1, 3), .. d.Many((int)d.Int(1, 3), 2, 4)];
        var model = new OnnxModelBuilder(7, [-1, .. shape[1..]]).Statistics(d, shape[1])
            .Node("InstanceNormalization", ["x", "scale", "shift"], null, ("epsilon", 1e-3f)).Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn LayerNormalization(Dice d)
    {
        long[] shape = d.Many((int)d.Int(1, 4), 2, 5);
        var axis = (int)d.Int(0, shape.Length - 1);
        var normalised = shape[axis..];
        var bias = d.Bool();
        var builder = new OnnxModelBuilder(17, shape).Constant("scale", normalised, d.Floats(normalised))
            .Node("LayerNormalization", bias ? ["x", "scale", "shift"] : ["x", "scale"], null,
                ("axis", d.Axis(axis, shape.Length)), ("epsilon", 1e-3f));
        if (bias) builder.Constant("shift", normalised, d.Floats(normalised));
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn LpNormalization(Dice d)
    {
        var shape = d.Shape(least: 1);
        var axis = (int)d.Int(0, shape.Length - 1);
        return d.Unary(7, "LpNormalization", shape, [("axis", (object)d.Axis(axis, shape.Length)), ("p", d.Int(1, 2))]);
    }
}
