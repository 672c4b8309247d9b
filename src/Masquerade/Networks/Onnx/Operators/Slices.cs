using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Taking tensors apart and putting them together.</summary>
internal static class Slices
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["Concat"] = new(1, OnnxOperator.Any, Concat),
        ["Gather"] = new(2, 2, Gather),
        ["Pad"] = new(1, 4, Pad),
        ["Slice"] = new(1, 5, Slice),
        ["Split"] = new(1, 2, Split),
    };

    private static SingleKernel Concat(OnnxNode node)
    {
        if (!node.HasAttribute("axis")) throw node.Error("attribute 'axis' is missing");
        var axis = node.Int("axis", 0);
        return x => cat(x.All(), axis);
    }

    private static SingleKernel Gather(OnnxNode node)
    {
        var axis = node.Int("axis", 0);
        var constant = node.TakeConstant(1) is { } taken ? node.Keep(taken.to_type(ScalarType.Int64)) : null;
        return x =>
        {
            var (data, at) = (x[0], SmallTensors.Axis(axis, x[0].dim()));
            var indices = constant ?? x[1].to_type(ScalarType.Int64);
            var flat = indices.reshape(-1);
            var picked = data.index_select(at, where(flat.IsNegative(), flat.Plus(data.shape[at]), flat));
            return picked.reshape([.. data.shape[..at], .. indices.shape, .. data.shape[(at + 1)..]]);
        };
    }

    private static SingleKernel Slice(OnnxNode node)
    {
        var old = node.Opset < 10;
        Func<Arguments, long[]>? Part(string name, int index) => node.Integers(name, index, inputSince: 10);
        var starts = Part("starts", 1) ?? throw node.Error("its starts are missing");
        var ends = Part("ends", 2) ?? throw node.Error("its ends are missing");
        var axes = Part("axes", 3);
        var steps = old ? null : node.Integers(4);
        return x =>
        {
            var value = x[0];
            var (from, to) = (starts(x), ends(x));
            var along = axes?.Invoke(x) ?? [.. Enumerable.Range(0, from.Length).Select(i => (long)i)];
            var by = steps?.Invoke(x) ?? [.. from.Select(_ => 1L)];
            if (to.Length != from.Length || along.Length != from.Length || by.Length != from.Length)
                throw new ArgumentException("its starts, ends, axes and steps are not equally many");
            for (var i = 0; i < from.Length; i++) value = SliceAxis(value, SmallTensors.Axis(along[i], value.dim()), from[i], to[i], by[i]);
            return value;
        };
    }

    private static Tensor SliceAxis(Tensor x, int axis, long start, long end, long step)
    {
        var size = x.shape[axis];
        long Bound(long at, long lowest, long highest) => Math.Clamp(at < 0 ? at + size : at, lowest, highest);
        switch (step)
        {
            case 0:
                throw new ArgumentException("a step is 0");
            case > 0:
                var first = Bound(start, 0, size);
                return x.slice(axis, first, Math.Max(first, Bound(end, 0, size)), step);
            default:
                // Torch does not step backwards.
                var picked = new List<long>();
                var last = Bound(end, -1, size - 1);
                for (var at = Bound(start, 0, size - 1); at > last && size > 0; at += step) picked.Add(at);
                return x.index_select(axis, tensor(picked.ToArray(), ScalarType.Int64));
        }
    }

    private static Kernel Split(OnnxNode node)
    {
        var axis = node.Int("axis", 0);
        var sizes = node.Integers("split", 1, inputSince: 13);
        var parts = node.Int("num_outputs", node.Outputs.Length);
        if (parts != node.Outputs.Length) throw node.Error($"attribute 'num_outputs' is {parts}; it has {node.Outputs.Length} outputs");
        return x =>
        {
            var at = SmallTensors.Axis(axis, x[0].dim());
            if (sizes is not null) return Exactly(x[0].split(sizes(x), at));
            // Equal parts; the last one may be smaller.
            var size = x[0].shape[at];
            var part = (size + parts - 1) / parts;
            return Exactly(x[0].split([.. Enumerable.Range(0, (int)parts).Select(i => Math.Clamp(size - i * part, 0, part))], at));
        };

        Tensor[] Exactly(Tensor[] made) => made.Length == parts
            ? made
            : throw new ArgumentException($"gives {made.Length} parts where {parts} are wanted");
    }

    private static SingleKernel Pad(OnnxNode node)
    {
        var old = node.Opset < 11;
        var pads = node.Integers("pads", 1, inputSince: 11) ?? throw node.Error("its pads are missing");
        var value = old ? node.Float("value", 0) : node.ConstantNumber(2) ?? 0;
        if (node.HasInput(2)) throw node.Unsupported("with a value that is computed at run time");
        var axes = old ? null : node.Integers(3);
        var mode = node.Text("mode", "constant");
        if (mode is not ("constant" or "reflect" or "edge" or "wrap"))
            throw node.Error($"attribute 'mode' is '{mode}', which does not exist");
        return x =>
        {
            var (given, rank) = (pads(x), (int)x[0].dim());
            var along = axes?.Invoke(x) ?? [.. Enumerable.Range(0, rank).Select(i => (long)i)];
            if (given.Length != 2 * along.Length) throw new ArgumentException($"holds {given.Length} pads for {along.Length} axes");
            var (begin, end) = (new long[rank], new long[rank]);
            for (var i = 0; i < along.Length; i++)
            {
                var axis = SmallTensors.Axis(along[i], rank);
                (begin[axis], end[axis]) = (given[i], given[i + along.Length]);
            }
            SmallTensors.Checked([.. x[0].shape.Select((size, i) => size + begin[i] + end[i])]);
            return mode == "constant" ? PadConstant(x[0], begin, end, value) : PadByIndex(x[0], begin, end, mode);
        };
    }

    private static Tensor PadConstant(Tensor x, long[] begin, long[] end, double value)
    {
        var reversed = new long[2 * begin.Length];
        for (var axis = 0; axis < begin.Length; axis++)
        {
            var at = 2 * (begin.Length - 1 - axis);
            (reversed[at], reversed[at + 1]) = (begin[axis], end[axis]);
        }
        return nn.functional.pad(x, reversed, PaddingModes.Constant, value);
    }

    /// <summary>Pads with the tensor's own values. What negative pads crop is not there to be repeated.</summary>
    private static Tensor PadByIndex(Tensor x, long[] begin, long[] end, string mode)
    {
        for (var axis = 0; axis < begin.Length; axis++)
        {
            if (begin[axis] == 0 && end[axis] == 0) continue;
            var first = Math.Max(-begin[axis], 0);
            var size = x.shape[axis] - first - Math.Max(-end[axis], 0);
            if (size <= 0) throw new ArgumentException("nothing is left to pad with");
            var indices = new long[x.shape[axis] + begin[axis] + end[axis]];
            for (var i = 0; i < indices.Length; i++) indices[i] = first + Source(i - Math.Max(begin[axis], 0), size, mode);
            x = x.index_select(axis, tensor(indices, ScalarType.Int64));
        }
        return x;
    }

    private static long Source(long at, long size, string mode)
    {
        switch (mode)
        {
            case "edge":
                return Math.Clamp(at, 0, size - 1);
            case "wrap":
                return (at % size + size) % size;
            default:
                var period = Math.Max(2 * (size - 1), 1);
                var within = (at % period + period) % period;
                return Math.Min(within, period - within) % size;
        }
    }
}
