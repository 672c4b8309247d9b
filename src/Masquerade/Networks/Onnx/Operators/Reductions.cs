using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Sums, means, extremes and norms along axes.</summary>
internal static class Reductions
{
    private delegate Tensor Reducer(Tensor x, long[] axes, bool keep);

    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["ReduceL1"] = Reduce((x, axes, keep) => Total(x.abs(), axes, keep)),
        ["ReduceL2"] = Reduce((x, axes, keep) => Norm(x, 2, axes, keep)),
        ["ReduceLogSum"] = Reduce((x, axes, keep) => Total(x, axes, keep).log()),
        ["ReduceLogSumExp"] = Reduce(LogSumExp),
        ["ReduceMax"] = Reduce((x, axes, keep) => x.amax(axes, keep)),
        ["ReduceMean"] = Reduce(Mean),
        ["ReduceMin"] = Reduce((x, axes, keep) => x.amin(axes, keep)),
        ["ReduceProd"] = Reduce(Product),
        ["ReduceSum"] = Reduce(Total, inputSince: 13),
        ["ReduceSumSquare"] = Reduce((x, axes, keep) => Total(x * x, axes, keep)),
    };

    private static OnnxOperator Reduce(Reducer reducer, long inputSince = 18) => new(1, 2, node =>
    {
        var axes = node.Integers("axes", 1, inputSince);
        var keep = node.Int("keepdims", 1) != 0;
        var nothingIfEmpty = node.Int("noop_with_empty_axes", 0) != 0;
        return (SingleKernel)(x =>
        {
            var rank = x[0].dim();
            var along = axes?.Invoke(x) ?? [];
            if (along.Length == 0)
            {
                if (nothingIfEmpty) return x[0];
                along = [.. Enumerable.Range(0, (int)rank).Select(i => (long)i)];
            }
            // A single number has no axis to reduce.
            return rank == 0 ? reducer(x[0].reshape(1), [0], false) : reducer(x[0], along, keep);
        });
    });

    private static Tensor Total(Tensor x, long[] axes, bool keep) => x.sum(axes, keep, x.dtype);

    private static Tensor Mean(Tensor x, long[] axes, bool keep)
    {
        if (!x.is_integral()) return x.mean(axes, keep);
        var count = axes.Aggregate(1L, (product, axis) => product * x.shape[SmallTensors.Axis(axis, x.dim())]);
        return Total(x, axes, keep).div(tensor(count), RoundingMode.trunc);
    }

    /// <summary>The p-norm along axes together.</summary>
    public static Tensor Norm(Tensor x, double p, long[] axes, bool keep)
    {
        // Along two axes torch's norm would be a matrix's.
        var (flat, shape) = Flatten(x, axes, keep);
        return linalg.norm(flat, p, [-1]).reshape(shape);
    }

    private static Tensor Product(Tensor x, long[] axes, bool keep)
    {
        var (flat, shape) = Flatten(x, axes, keep);
        return flat.prod(-1, type: x.dtype).reshape(shape);
    }

    private static Tensor LogSumExp(Tensor x, long[] axes, bool keep)
    {
        var (flat, shape) = Flatten(x, axes, keep);
        return flat.logsumexp(-1).reshape(shape);
    }

    /// <summary>All reduced axes as the last one, and the shape of the result.</summary>
    private static (Tensor Flat, long[] Shape) Flatten(Tensor x, long[] axes, bool keep)
    {
        var rank = (int)x.dim();
        var reduced = axes.Select(a => SmallTensors.Axis(a, rank)).ToHashSet();
        var kept = Enumerable.Range(0, rank).Where(i => !reduced.Contains(i)).ToList();
        var flat = x.permute([.. kept.Concat(reduced).Select(i => (long)i)]).flatten(kept.Count);
        long[] shape = keep
            ? [.. x.shape.Select((size, i) => reduced.Contains(i) ? 1 : size)]
            : [.. kept.Select(i => x.shape[i])];
        return (flat, shape);
    }
}
