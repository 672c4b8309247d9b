using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Constants and shapes: asking for them, changing them.</summary>
internal static class Shapes
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["Constant"] = new(0, 0, Constant),
        ["ConstantOfShape"] = new(1, 1, ConstantOfShape),
        ["DepthToSpace"] = new(1, 1, DepthToSpace),
        ["Dropout"] = new(1, 3, Dropout),
        ["Expand"] = new(2, 2, Expand),
        ["Flatten"] = new(1, 1, Flatten),
        ["Identity"] = Arithmetic.Unary(x => x),
        ["Reshape"] = new(2, 2, Reshape),
        ["Shape"] = new(1, 1, Shape),
        ["Size"] = Arithmetic.Unary(x => tensor(x.numel(), ScalarType.Int64)),
        ["SpaceToDepth"] = new(1, 1, SpaceToDepth),
        ["Squeeze"] = new(1, 2, Squeeze),
        ["Transpose"] = new(1, 1, Transpose),
        ["Unsqueeze"] = new(1, 2, Unsqueeze),
    };

    private static SingleKernel Constant(OnnxNode node)
    {
        Tensor value;
        if (node.Tensor("value") is { } stored) value = stored;
        else if (node.HasAttribute("value_float")) value = tensor(node.Float("value_float", 0)).to_type(node.Floats);
        else if (node.HasAttribute("value_int")) value = tensor(node.Int("value_int", 0), ScalarType.Int64);
        else if (node.Floating("value_floats") is { } numbers) value = tensor(numbers).to_type(node.Floats);
        else if (node.Ints("value_ints") is { } integers) value = tensor(integers);
        else if (node.HasAttribute("sparse_value")) throw node.Unsupported("sparse");
        else if (node.HasAttribute("value_string") || node.HasAttribute("value_strings")) throw node.Unsupported("text");
        else throw node.Error("holds no value");
        return _ => value;
    }

    private static SingleKernel ConstantOfShape(OnnxNode node)
    {
        var shape = node.Integers(0)!;
        var value = node.Keep(node.Tensor("value") ?? zeros([1], node.Floats));
        if (value.numel() != 1) throw node.Error("attribute 'value' must hold one number");
        return x => value.reshape([]).expand(SmallTensors.Checked(shape(x))).contiguous();
    }

    /// <summary>Channels become blocks of pixels: of a channel's own ("CRD"), or of whole sets of channels ("DCR").</summary>
    private static SingleKernel DepthToSpace(OnnxNode node)
    {
        var block = BlockSize(node);
        var mode = node.Text("mode", "DCR");
        if (mode is not ("DCR" or "CRD")) throw node.Unsupported($"mode {mode}");
        return x =>
        {
            var (n, c, h, w) = Images(node, x[0]);
            if (c % (block * block) != 0) throw node.Error($"{c} channels are no blocks of {block} by {block}");
            c /= block * block;
            var parts = mode == "CRD" ? x[0].reshape(n, c, block, block, h, w).permute(0, 1, 4, 2, 5, 3)
                : x[0].reshape(n, block, block, c, h, w).permute(0, 3, 4, 1, 5, 2);
            return parts.reshape(n, c, h * block, w * block);
        };
    }

    /// <summary>Blocks of pixels become channels.</summary>
    private static SingleKernel SpaceToDepth(OnnxNode node)
    {
        var block = BlockSize(node);
        return x =>
        {
            var (n, c, h, w) = Images(node, x[0]);
            if (h % block != 0 || w % block != 0) throw node.Error($"{w} by {h} pixels are no blocks of {block} by {block}");
            return x[0].reshape(n, c, h / block, block, w / block, block).permute(0, 3, 5, 1, 2, 4)
                .reshape(n, c * block * block, h / block, w / block);
        };
    }

    private static long BlockSize(OnnxNode node) =>
        node.Int("blocksize", 0) is var size and > 0 ? size : throw node.Error("attribute 'blocksize' must be 1 or more");

    private static (long N, long C, long H, long W) Images(OnnxNode node, Tensor x) => x.dim() == 4 ? (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        : throw node.Error($"takes four axes, not {x.dim()}");

    private static Kernel Dropout(OnnxNode node)
    {
        // At inference it does nothing; a training flag that is on (or unknown until run time) asks for something else.
        if (node.HasInput(2) && node.ConstantNumber(2) is not 0) throw node.Unsupported("training mode");
        node.AtMostOutputs(2);
        var mask = node.Outputs.Length > 1 && node.Outputs[1].Length > 0;
        return x => mask ? [x[0], ones_like(x[0], ScalarType.Bool)] : [x[0]];
    }

    private static SingleKernel Expand(OnnxNode node)
    {
        var wanted = node.Integers(1)!;
        return x =>
        {
            var (from, to) = (x[0].shape, wanted(x));
            var shape = new long[Math.Max(from.Length, to.Length)];
            for (var i = 1; i <= shape.Length; i++)
            {
                var (a, b) = (i <= from.Length ? from[^i] : 1, i <= to.Length ? to[^i] : 1);
                shape[^i] = b == 1 ? a : b;
            }
            return x[0].expand(SmallTensors.Checked(shape));
        };
    }

    private static SingleKernel Flatten(OnnxNode node)
    {
        var axis = node.Int("axis", 1);
        return x =>
        {
            var rank = x[0].dim();
            // Unlike elsewhere, the axis may be the rank itself: then all is one row.
            var at = axis == rank ? (int)rank : SmallTensors.Axis(axis, rank);
            return x[0].reshape(x[0].shape.Take(at).Aggregate(1L, (a, b) => a * b), x[0].shape.Skip(at).Aggregate(1L, (a, b) => a * b));
        };
    }

    private static SingleKernel Reshape(OnnxNode node)
    {
        var wanted = node.Integers(1)!;
        var zeroIsZero = node.Int("allowzero", 0) != 0;
        return x =>
        {
            var shape = (long[])wanted(x).Clone();
            for (var i = 0; i < shape.Length && !zeroIsZero; i++)
            {
                if (shape[i] == 0) shape[i] = x[0].shape[i];
            }
            return x[0].reshape(shape);
        };
    }

    private static SingleKernel Shape(OnnxNode node)
    {
        var start = node.Int("start", 0);
        var end = node.Int("end", long.MaxValue);
        return x =>
        {
            var shape = x[0].shape;
            long Bound(long at) => Math.Clamp(at < 0 ? at + shape.Length : at, 0, shape.Length);
            var (from, to) = ((int)Bound(start), (int)Bound(end));
            return tensor(shape[from..Math.Max(from, to)], ScalarType.Int64);
        };
    }

    private static SingleKernel Squeeze(OnnxNode node)
    {
        var axes = node.Integers("axes", 1, inputSince: 13);
        return x =>
        {
            var shape = x[0].shape;
            if (axes is null) return x[0].reshape([.. shape.Where(s => s != 1)]);
            var gone = axes(x).Select(a => SmallTensors.Axis(a, shape.Length)).ToHashSet();
            if (gone.Any(a => shape[a] != 1)) throw new ArgumentException($"an axis of [{string.Join(",", shape)}] that goes is not 1");
            return x[0].reshape([.. shape.Where((_, i) => !gone.Contains(i))]);
        };
    }

    private static SingleKernel Transpose(OnnxNode node)
    {
        var order = node.Ints("perm");
        return x => x[0].permute(order ?? [.. Enumerable.Range(0, (int)x[0].dim()).Reverse().Select(i => (long)i)]);
    }

    private static SingleKernel Unsqueeze(OnnxNode node)
    {
        var axes = node.Integers("axes", 1, inputSince: 13) ?? throw node.Error("its axes are missing");
        return x =>
        {
            var added = axes(x);
            var rank = x[0].dim() + added.Length;
            var places = added.Select(a => SmallTensors.Axis(a, rank)).ToHashSet();
            if (places.Count != added.Length) throw new ArgumentException("an axis is given twice");
            var sizes = new Queue<long>(x[0].shape);
            return x[0].reshape([.. Enumerable.Range(0, (int)rank).Select(i => places.Contains(i) ? 1 : sizes.Dequeue())]);
        };
    }
}
