using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Resize and its predecessor Upsample: axis by axis, each output value is one input value or the mean of two.</summary>
internal static class Resizing
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["Resize"] = new(1, 4, Resize),
        ["Upsample"] = new(1, 2, Old),
    };

    /// <summary>What one axis becomes.</summary>
    private readonly record struct AxisScale(long Size, long Wanted, float Scale, float Start, float End);

    /// <summary>Where the centre of an output value lies in the input.</summary>
    private delegate float Coordinate(long at, AxisScale axis);

    private static SingleKernel Old(OnnxNode node)
    {
        if (node.Opset >= 10) throw node.Error("does not exist since operator set 10");
        if (node.Opset >= 9) return Plain(node, Scales(node, 1) ?? throw node.Error("its scales are missing"));
        var fixedScales = node.Floating("scales") ?? throw node.Error("attribute 'scales' is missing");
        return Plain(node, _ => fixedScales);
    }

    private static SingleKernel Resize(OnnxNode node)
    {
        if (node.Opset < 11) return Plain(node, Scales(node, 1) ?? throw node.Error("its scales are missing"));
        var linear = IsLinear(node);
        if (node.Int("antialias", 0) != 0) throw node.Unsupported("antialias");
        var policy = node.Text("keep_aspect_ratio_policy", "stretch");
        if (policy is not ("stretch" or "not_larger" or "not_smaller"))
            throw node.Error($"attribute 'keep_aspect_ratio_policy' is '{policy}', which does not exist");
        var mode = node.Text("coordinate_transformation_mode", "half_pixel");
        var coordinate = CoordinateOf(mode) ?? throw node.Unsupported($"coordinate_transformation_mode {mode}");
        var pick = Nearest(node, node.Text("nearest_mode", "round_prefer_floor"));
        var outside = mode == "tf_crop_and_resize" ? node.Float("extrapolation_value", 0) : (float?)null;
        var region = outside is null ? null : Scales(node, 1) ?? throw node.Error("its roi is missing");
        var (scales, sizes) = (Scales(node, 2), node.Integers(3));
        var axes = node.Ints("axes");

        return x =>
        {
            var value = x[0];
            var along = axes ?? [.. Enumerable.Range(0, (int)value.dim()).Select(i => (long)i)];
            var wanted = Wanted(value, along, scales?.Invoke(x) ?? [], sizes?.Invoke(x) ?? [], policy);
            var roi = region?.Invoke(x) ?? [];
            if (region is not null && roi.Length != 2 * along.Length) throw new ArgumentException($"its roi holds {roi.Length} values");
            for (var i = 0; i < along.Length; i++)
            {
                var target = wanted[i];
                if (region is not null) target = target with { Start = roi[i], End = roi[i + along.Length] };
                value = ResizeAxis(value, SmallTensors.Axis(along[i], value.dim()), target, coordinate, linear ? null : pick, outside);
            }
            return value;
        };
    }

    /// <summary>The form before operator set 11: coordinates are divided by the scale.</summary>
    private static SingleKernel Plain(OnnxNode node, Func<Arguments, float[]> scales)
    {
        var linear = IsLinear(node);
        var coordinate = CoordinateOf("asymmetric")!;
        return x =>
        {
            var value = x[0];
            long[] along = [.. Enumerable.Range(0, (int)value.dim()).Select(i => (long)i)];
            var wanted = Wanted(value, along, scales(x), [], "stretch");
            for (var i = 0; i < along.Length; i++)
            {
                // What ONNX Runtime does where the specification is silent.
                Func<float, float> pick = wanted[i].Scale < 1 ? MathF.Ceiling : MathF.Floor;
                value = ResizeAxis(value, i, wanted[i], coordinate, linear ? null : pick, null);
            }
            return value;
        };
    }

    private static bool IsLinear(OnnxNode node) => node.Text("mode", "nearest") switch
    {
        "nearest" => false,
        "linear" or "bilinear" => true,
        var other => throw node.Unsupported($"mode {other}"),
    };

    private static Func<Arguments, float[]>? Scales(OnnxNode node, int index)
    {
        if (!node.HasInput(index)) return null;
        float[] Read(Tensor scales) => [.. scales.ToDoubles().Select(s => (float)s)];
        if (node.TakeConstant(index) is not { } constant) return x => Read(x[index]);
        var values = Read(constant);
        return _ => values;
    }

    private static AxisScale[] Wanted(Tensor x, long[] axes, float[] scales, long[] sizes, string policy)
    {
        var from = axes.Select(a => x.shape[SmallTensors.Axis(a, x.dim())]).ToArray();
        if (Math.Max(scales.Length, sizes.Length) != axes.Length || (scales.Length > 0 && sizes.Length > 0))
            throw new ArgumentException($"needs {axes.Length} scales or sizes");
        if (scales.Any(s => !(s > 0) || float.IsInfinity(s)) || sizes.Any(s => s <= 0) || from.Any(s => s == 0))
            throw new ArgumentException("a scale or a size is not positive");
        AxisScale[] wanted;
        if (scales.Length > 0)
        {
            wanted = [.. from.Select((size, i) => new AxisScale(size, (long)MathF.Floor(size * scales[i]), scales[i], 0, 0))];
        }
        else if (policy == "stretch")
        {
            wanted = [.. from.Select((size, i) => new AxisScale(size, sizes[i], sizes[i] / (float)size, 0, 0))];
        }
        else
        {
            var ratios = from.Select((size, i) => sizes[i] / (float)size).ToArray();
            var scale = policy == "not_larger" ? ratios.Min() : ratios.Max();
            wanted = [.. from.Select(size => new AxisScale(size, (long)MathF.Floor(size * scale + 0.5f), scale, 0, 0))];
        }
        var shape = x.shape;
        for (var i = 0; i < axes.Length; i++) shape[SmallTensors.Axis(axes[i], shape.Length)] = wanted[i].Wanted;
        SmallTensors.Checked(shape);
        return wanted;
    }

    private static Coordinate? CoordinateOf(string mode) => mode switch
    {
        "half_pixel" => HalfPixel,
        "pytorch_half_pixel" => (at, axis) => axis.Wanted > 1 ? HalfPixel(at, axis) : 0,
        "align_corners" => (at, axis) => axis.Wanted > 1 ? at * (axis.Size - 1) / (float)(axis.Wanted - 1) : 0,
        "asymmetric" => (at, axis) => at / axis.Scale,
        "tf_half_pixel_for_nn" => (at, axis) => (at + 0.5f) / axis.Scale,
        "half_pixel_symmetric" => HalfPixelSymmetric,
        "tf_crop_and_resize" => (at, axis) => axis.Wanted > 1
            ? axis.Start * (axis.Size - 1) + at * (axis.End - axis.Start) * (axis.Size - 1) / (axis.Wanted - 1)
            : 0.5f * (axis.Start + axis.End) * (axis.Size - 1),
        _ => null,
    };

    private static float HalfPixel(long at, AxisScale axis) => (at + 0.5f) / axis.Scale - 0.5f;

    private static float HalfPixelSymmetric(long at, AxisScale axis)
    {
        var adjustment = axis.Wanted / (axis.Scale * axis.Size);
        return axis.Size / 2f * (1 - adjustment) + (at + 0.5f) / axis.Scale - 0.5f;
    }

    private static Func<float, float> Nearest(OnnxNode node, string mode) => mode switch
    {
        "round_prefer_floor" => at => at - MathF.Floor(at) == 0.5f ? MathF.Floor(at) : MathF.Round(at),
        "round_prefer_ceil" => at => MathF.Floor(at + 0.5f),
        "floor" => MathF.Floor,
        "ceil" => MathF.Ceiling,
        _ => throw node.Error($"attribute 'nearest_mode' is '{mode}', which does not exist"),
    };

    /// <param name="x">What is resized.</param>
    /// <param name="axis">Along which axis.</param>
    /// <param name="target">To what.</param>
    /// <param name="coordinate">Where output values lie.</param>
    /// <param name="pick">Which input value is the nearest; null: linear.</param>
    /// <param name="outside">The value of what lies outside of the input; null where its border goes on.</param>
    private static Tensor ResizeAxis(
        Tensor x, int axis, AxisScale target, Coordinate coordinate, Func<float, float>? pick, float? outside)
    {
        // ONNX Runtime leaves such an axis alone even where a region is asked for.
        if (target.Scale == 1) return x;
        var count = (int)target.Wanted;
        var (lower, upper) = (new long[count], new long[count]);
        var share = new double[count];
        var beyond = new bool[count];
        for (var i = 0; i < count; i++)
        {
            var at = coordinate(i, target);
            beyond[i] = at < 0 || at > target.Size - 1;
            at = pick is null ? Math.Clamp(at, 0, target.Size - 1) : pick(at);
            lower[i] = Math.Clamp((long)MathF.Floor(at), 0, target.Size - 1);
            upper[i] = Math.Min(lower[i] + 1, target.Size - 1);
            share[i] = pick is null ? at - lower[i] : 0;
        }

        var along = Enumerable.Repeat(1L, (int)x.dim()).ToArray();
        along[axis] = count;
        var result = x;
        if (count != target.Size || lower.Where((source, i) => source != i).Any()) result = x.index_select(axis, tensor(lower));
        if (share.Any(s => s != 0))
            result = lerp(result, x.index_select(axis, tensor(upper)), tensor(share).to_type(x.dtype).reshape(along));
        if (outside is { } value && beyond.Any(b => b)) result = result.Filled(tensor(beyond).reshape(along), value);
        return result;
    }
}
