using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Shapes: asking for them, computing with them, changing them.</summary>
internal static class Shapes
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["Concat"] = new(1, OnnxOperator.Any, Concat),
        ["Constant"] = new(0, 0, Constant),
        ["Gather"] = new(2, 2, Gather),
        ["Reshape"] = new(2, 2, Reshape),
        ["Shape"] = new(1, 1, Shape),
        ["Unsqueeze"] = new(1, 2, Unsqueeze),
    };

    private static SingleKernel Concat(OnnxNode node)
    {
        if (!node.HasAttribute("axis")) throw node.Error("attribute 'axis' is missing");
        var axis = node.Int("axis", 0);
        return x => cat(x.All(), axis);
    }

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

    private static SingleKernel Gather(OnnxNode node)
    {
        var axis = node.Int("axis", 0);
        var constant = node.TakeConstant(1) is { } taken ? node.Keep(taken.to_type(ScalarType.Int64)) : null;
        return x =>
        {
            var (data, at) = (x[0], SmallTensors.Axis(axis, x[0].dim()));
            var indices = constant ?? x[1].to_type(ScalarType.Int64);
            var size = data.shape[at];
            var flat = indices.reshape(-1);
            var picked = data.index_select(at, where(flat.lt(0), flat + size, flat));
            return picked.reshape([.. data.shape[..at], .. indices.shape, .. data.shape[(at + 1)..]]);
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
