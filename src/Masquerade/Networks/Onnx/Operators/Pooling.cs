using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Pooling.</summary>
internal static class Pooling
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["AveragePool"] = new(1, 1, AveragePool),
        ["GlobalAveragePool"] = Arithmetic.Unary(x => x.mean(Spatial(x), keepdim: true)),
        ["GlobalLpPool"] = new(1, 1, GlobalLpPool),
        ["GlobalMaxPool"] = Arithmetic.Unary(x => x.amax(Spatial(x), keepdim: true)),
        ["LpPool"] = new(1, 1, LpPool),
        ["MaxPool"] = new(1, 1, MaxPool),
    };

    private static long[] Spatial(Tensor x) => x.dim() > 2
        ? [.. Enumerable.Range(2, (int)x.dim() - 2).Select(i => (long)i)]
        : throw new ArgumentException("its input has no spatial axes");

    private static SingleKernel MaxPool(OnnxNode node)
    {
        node.OneOutputOnly("with indices");
        var window = Window.Read(node);
        var ceil = node.Int("ceil_mode", 0) != 0;
        // Torch pads by at most half a kernel.
        var plain = !ceil && window.Symmetric is { } same && same.Select((p, i) => 2 * p <= window.Kernel[i]).All(ok => ok);
        return x =>
        {
            var cover = Cover(window, x[0], ceil);
            var input = plain ? x[0] : window.Pad(x[0], cover, double.NegativeInfinity);
            var pads = plain ? window.Symmetric! : window.None;
            return window.Rank switch
            {
                1 => nn.functional.max_pool1d(input, window.Kernel[0], window.Strides[0], pads[0], window.Dilations[0]),
                2 => nn.functional.max_pool2d(input, window.Kernel, window.Strides, pads, window.Dilations),
                _ => nn.functional.max_pool3d(input, window.Kernel, window.Strides, pads, window.Dilations),
            };
        };
    }

    private static SingleKernel AveragePool(OnnxNode node)
    {
        var window = Window.Read(node);
        var (ceil, countPads) = (node.Int("ceil_mode", 0) != 0, node.Int("count_include_pad", 0) != 0);
        var plain = !ceil && window.Symmetric is { } same && same.Select((p, i) => 2 * p <= window.Kernel[i]).All(ok => ok)
            && window.Dilations.All(d => d == 1);
        if (plain)
        {
            var pads = window.Symmetric!;
            return x =>
            {
                // Refuses what would be too large.
                window.Pads(x[0]);
                return window.Rank switch
                {
                    1 => nn.functional.avg_pool1d(x[0], window.Kernel[0], window.Strides[0], pads[0], count_include_pad: countPads),
                    2 => nn.functional.avg_pool2d(x[0], window.Kernel, window.Strides, pads, count_include_pad: countPads),
                    _ => nn.functional.avg_pool3d(x[0], window.Kernel, window.Strides, pads, count_include_pad: countPads),
                };
            };
        }
        return x => Sum(window, x[0], ceil) / Counts(window, x[0], ceil, countPads);
    }

    private static SingleKernel LpPool(OnnxNode node)
    {
        var window = Window.Read(node);
        var ceil = node.Int("ceil_mode", 0) != 0;
        var p = Power(node);
        return x => Sum(window, x[0].abs().Power(p), ceil).Power(1.0 / p);
    }

    private static SingleKernel GlobalLpPool(OnnxNode node)
    {
        var p = Power(node);
        return x => Reductions.Norm(x[0], p, Spatial(x[0]), keep: true);
    }

    private static long Power(OnnxNode node) =>
        node.Int("p", 2) is > 0 and var p ? p : throw node.Error("attribute 'p' must be positive");

    /// <summary>
    /// The padding with which windows in floor mode are exactly those that the node asks for: in ceil mode, a last window that starts
    /// within the input or before it may reach beyond the end.
    /// </summary>
    private static (long Begin, long End)[] Cover(Window window, Tensor input, bool ceil)
    {
        var spatial = window.Spatial(input);
        var pads = window.Pads(input);
        for (var i = 0; i < pads.Length; i++)
        {
            var (begin, end) = pads[i];
            var needed = (Outputs(window, i, spatial[i], ceil) - 1) * window.Strides[i] + window.Extent(i);
            pads[i] = (begin, ceil ? Math.Max(needed - spatial[i] - begin, 0) : end);
        }
        return pads;
    }

    private static long Outputs(Window window, int axis, long size, bool ceil)
    {
        var (begin, end) = window.Pads(axis, size);
        var (stride, room) = (window.Strides[axis], size + begin + end - window.Extent(axis));
        if (room < 0) throw new ArgumentException("its window is larger than its input");
        if (!ceil) return room / stride + 1;
        var outputs = (room + stride - 1) / stride + 1;
        return (outputs - 1) * stride >= size + begin ? outputs - 1 : outputs;
    }

    /// <summary>The sum over each window.</summary>
    private static Tensor Sum(Window window, Tensor input, bool ceil)
    {
        var padded = window.Pad(input, Cover(window, input, ceil));
        // One filter of ones, for each channel alone; it dilates too, which torch's average does not.
        var flat = padded.reshape([-1, 1, .. padded.shape[2..]]);
        var filter = ones([1, 1, .. window.Kernel], input.dtype);
        var sum = window.Rank switch
        {
            1 => nn.functional.conv1d(flat, filter, null, window.Strides[0], 0, window.Dilations[0]),
            2 => nn.functional.conv2d(flat, filter, null, window.Strides, window.None, window.Dilations),
            _ => nn.functional.conv3d(flat, filter, null, window.Strides, window.None, window.Dilations),
        };
        return sum.reshape([.. input.shape[..2], .. sum.shape[2..]]);
    }

    /// <summary>How many values each window averages.</summary>
    private static Tensor Counts(Window window, Tensor input, bool ceil, bool countPads)
    {
        var spatial = window.Spatial(input);
        var counts = ones([], input.dtype);
        for (var axis = 0; axis < window.Rank; axis++)
        {
            var (begin, end) = window.Pads(axis, spatial[axis]);
            var (first, last) = countPads ? (-begin, spatial[axis] + end) : (0, spatial[axis]);
            var along = new double[Outputs(window, axis, spatial[axis], ceil)];
            for (var o = 0; o < along.Length; o++)
            {
                for (var tap = 0; tap < window.Kernel[axis]; tap++)
                {
                    var at = o * window.Strides[axis] - begin + tap * window.Dilations[axis];
                    if (at >= first && at < last) along[o]++;
                }
            }
            var shape = window.Ones.ToArray();
            shape[axis] = along.Length;
            counts = counts * tensor(along).to_type(input.dtype).reshape(shape);
        }
        return counts;
    }
}
