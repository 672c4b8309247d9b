using Masquerade.Networks.Onnx;

namespace Masquerade.Tests.Networks.OnnxCases;

/// <summary>Resize in all its forms.</summary>
internal static class ResizeCases
{
    public static Dictionary<string, OnnxCase> All { get; } = new()
    {
        ["Resize"] = new(Resize),
        ["Resize of operator set 10"] = new(d => Old(d, "Resize", 10)),
        ["Resize of a region"] = new(Region),
        ["Resize that keeps the aspect ratio"] = new(KeepsAspect),
        ["Upsample"] = new(d => Old(d, "Upsample", d.OneOf(7, 9))),
    };

    private static readonly float[] Scales = [0.5f, 0.6f, 1f, 1.5f, 2f, 2.3f, 3f];

    private static Drawn Resize(Dice d)
    {
        var opset = d.OneOf(11, 13, 18, 19);
        var mode = d.OneOf("nearest", "linear");
        var modes = new List<string> { "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric" };
        if (opset < 13 && mode == "nearest") modes.Add("tf_half_pixel_for_nn");
        if (opset >= 19) modes.Add("half_pixel_symmetric");
        var attributes = new List<(string, object)>
        {
            ("mode", mode), ("coordinate_transformation_mode", d.OneOf(modes.ToArray())),
            ("nearest_mode", d.OneOf("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")),
        };
        long[] shape = [d.Int(1, 2), d.Int(1, 3), d.Int(2, 6), d.Int(2, 6)];
        var builder = new OnnxModelBuilder(opset, shape);
        var onlySpatial = opset >= 18 && d.Bool();
        if (onlySpatial) attributes.Add(("axes", new long[] { 2, 3 }));
        string[] inputs;
        if (d.Bool())
        {
            float[] scales = [.. onlySpatial ? [] : new[] { 1f, 1f }, d.OneOf(Scales), d.OneOf(Scales)];
            builder.Constant("scales", [scales.Length], scales);
            inputs = ["x", "", "scales"];
        }
        else
        {
            builder.Integers("sizes", [.. onlySpatial ? [] : shape[..2], d.Int(1, 9), d.Int(1, 9)]);
            inputs = ["x", "", "", "sizes"];
        }
        // Operator set 11 insists on all inputs.
        if (opset < 13)
        {
            builder.Constant("none", [0]);
            inputs = [.. inputs.Select(i => i.Length == 0 ? "none" : i)];
        }
        return new(builder.Node("Resize", inputs, null, [.. attributes]).Build(), shape, d.Floats(shape));
    }

    private static Drawn Old(Dice d, string type, long opset)
    {
        long[] shape = [d.Int(1, 2), d.Int(1, 3), d.Int(2, 6), d.Int(2, 6)];
        var allowed = type == "Upsample" ? [.. Scales.Where(s => s >= 1)] : Scales;
        float[] scales = [1, 1, d.OneOf(allowed), d.OneOf(allowed)];
        var builder = new OnnxModelBuilder(opset, shape);
        var mode = d.OneOf("nearest", "linear");
        if (opset < 9) builder.Node(type, ["x"], null, ("mode", mode), ("scales", scales));
        else builder.Constant("scales", [4], scales).Node(type, ["x", "scales"], null, ("mode", mode));
        return new(builder.Build(), shape, d.Floats(shape));
    }

    private static Drawn Region(Dice d)
    {
        long[] shape = [1, 2, d.Int(3, 6), d.Int(3, 6)];
        var model = new OnnxModelBuilder(d.OneOf(11, 13), shape).Constant("none", [0])
            .Constant("roi", [8], 0, 0, d.Float(-0.3f, 0.3f), d.Float(-0.3f, 0.3f), 1, 1, d.Float(0.6f, 1.4f), d.Float(0.6f, 1.4f))
            .Integers("sizes", 1, 2, d.Int(1, 8), d.Int(1, 8))
            .Node("Resize", ["x", "roi", "none", "sizes"], null,
                ("mode", d.OneOf("nearest", "linear")), ("coordinate_transformation_mode", "tf_crop_and_resize"),
                ("extrapolation_value", d.Float(-1, 1)))
            .Build();
        return new(model, shape, d.Floats(shape));
    }

    private static Drawn KeepsAspect(Dice d)
    {
        long[] shape = [1, 2, d.Int(3, 6), d.Int(3, 6)];
        var model = new OnnxModelBuilder(d.OneOf(18, 19), shape).Integers("sizes", d.Int(2, 9), d.Int(2, 9))
            .Node("Resize", ["x", "", "", "sizes"], null, ("mode", "linear"), ("axes", new long[] { 2, 3 }),
                ("keep_aspect_ratio_policy", d.OneOf("not_larger", "not_smaller")))
            .Build();
        return new(model, shape, d.Floats(shape));
    }
}
