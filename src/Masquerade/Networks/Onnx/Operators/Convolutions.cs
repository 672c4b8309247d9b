using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Convolutions and matrix products.</summary>
internal static class Convolutions
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["Conv"] = new(2, 3, Conv),
        ["ConvTranspose"] = new(2, 3, ConvTranspose),
        ["Gemm"] = new(2, 3, Gemm),
        ["MatMul"] = new(2, 2, MatMul),
    };

    /// <summary>The same values with the channels stored last, as torch's convolutions like it.</summary>
    public static Tensor ChannelsLast(this Tensor tensor) => tensor.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    private static SingleKernel Conv(OnnxNode node)
    {
        var (window, weight, bias, groups) = Weights(node);
        // A filter makes one value of each output channel.
        node.Multiplications = (x, y) => PerFirstAxis(weight ?? x[1]) * y.numel();
        return x =>
        {
            var (input, padding) = (x[0], window.Pads(x[0]));
            if (window.Symmetric is null) input = window.Pad(input, padding);
            var pads = window.Symmetric ?? window.None;
            var (w, c) = (weight ?? x[1], bias ?? x.Optional(2));
            return window.Rank switch
            {
                1 => nn.functional.conv1d(input, w, c, window.Strides[0], pads[0], window.Dilations[0], groups),
                2 => nn.functional.conv2d(input, w, c, window.Strides, pads, window.Dilations, groups),
                _ => nn.functional.conv3d(input, w, c, window.Strides, pads, window.Dilations, groups),
            };
        };
    }

    private static SingleKernel ConvTranspose(OnnxNode node)
    {
        var (window, weight, bias, groups) = Weights(node);
        long[] Sizes(string name, long[] byDefault)
        {
            var sizes = node.Ints(name) ?? byDefault;
            if (sizes.Length != window.Rank || sizes.Any(s => s < 0)) throw node.Error($"attribute '{name}' must hold {window.Rank} sizes");
            return sizes;
        }
        var extra = Sizes("output_padding", window.None);
        var wanted = node.HasAttribute("output_shape") ? Sizes("output_shape", window.None) : null;
        // Here each input value is spread by one filter.
        node.Multiplications = (x, _) => PerFirstAxis(weight ?? x[1]) * x[0].numel();

        Tensor Spread(Tensor input, Tensor w, Tensor? c, long[] pads, long[] added)
        {
            SmallTensors.Checked([input.shape[0], w.shape[1], .. window.Spatial(input).Select((size, i) => Full(size, i))]);
            return window.Rank switch
            {
                1 => nn.functional.conv_transpose1d(input, w, c, window.Strides[0], pads[0], added[0], window.Dilations[0], groups),
                2 => nn.functional.conv_transpose2d(input, w, c, window.Strides, pads, added, window.Dilations, groups),
                _ => nn.functional.conv_transpose3d(input, w, c, window.Strides, pads, added, window.Dilations, groups),
            };
        }
        long Full(long size, int axis) => Math.Max(window.Strides[axis] * (size - 1) + window.Extent(axis), 0);

        var torchTakesIt = window.Symmetric is not null && wanted is null
            && extra.Select((e, i) => e < Math.Max(window.Strides[i], window.Dilations[i])).All(ok => ok);
        if (torchTakesIt) return x => Spread(x[0], weight ?? x[1], bias ?? x.Optional(2), window.Symmetric!, extra);

        // Everything that the filters reach, then cropped (and extended by zeros) to the wanted size; the bias comes last.
        return x =>
        {
            var spatial = window.Spatial(x[0]);
            var crop = new (long, long)[window.Rank];
            for (var i = 0; i < crop.Length; i++)
            {
                var full = Full(spatial[i], i);
                var (begin, end) = wanted is null && !window.IsSame
                    ? window.Pads(i, spatial[i])
                    : window.ShareTransposed(full + extra[i] - (wanted?[i] ?? spatial[i] * window.Strides[i]));
                crop[i] = wanted is null ? (-begin, extra[i] - end) : (-begin, wanted[i] - full + begin);
            }
            var y = window.Pad(Spread(x[0], weight ?? x[1], null, window.None, window.None), crop);
            return (bias ?? x.Optional(2)) is { } c ? y.Plus(c.reshape([-1, .. window.Ones])) : y;
        };
    }

    private static (Window Window, Tensor? Weight, Tensor? Bias, long Groups) Weights(OnnxNode node)
    {
        var constant = node.TakeConstant(1);
        if (constant is not null && constant.dim() < 3) throw node.Error("its weights have too few axes");
        var window = Window.Read(node, constant?.shape[2..]);
        var groups = node.Int("group", 1) is > 0 and var g ? g : throw node.Error("attribute 'group' must be positive");
        var weight = constant is null ? null : node.Keep(constant.dim() == 4 ? constant.ChannelsLast() : constant);
        var bias = node.TakeConstant(2) is { } b ? node.Keep(b) : null;
        return (window, weight, bias, groups);
    }

    private static long PerFirstAxis(Tensor weight) => weight.numel() / Math.Max(weight.shape[0], 1);

    private static SingleKernel Gemm(OnnxNode node)
    {
        var (alpha, beta) = (node.Float("alpha", 1), node.Float("beta", 1));
        var (turnA, turnB) = (node.Int("transA", 0) != 0, node.Int("transB", 0) != 0);
        node.Multiplications = (x, y) => y.numel() * x[0].shape[turnA ? 0 : 1];
        return x =>
        {
            var (a, b) = (turnA ? x[0].t() : x[0], turnB ? x[1].t() : x[1]);
            if (x.Optional(2) is { } c) return addmm(c, a, b, beta, alpha);
            var product = a.mm(b);
            return alpha == 1 ? product : product.Times(alpha);
        };
    }

    private static SingleKernel MatMul(OnnxNode node)
    {
        node.Multiplications = (x, y) => y.numel() * x[0].shape[^1];
        return x =>
        {
            CheckProduct(x[0], x[1]);
            return x[0].matmul(x[1]);
        };
    }

    /// <summary>TorchSharp 0.107 ends the process where a matrix product's arguments do not fit.</summary>
    private static void CheckProduct(Tensor a, Tensor b)
    {
        var (left, right) = (a.shape, b.shape);
        var fits = left.Length > 0 && right.Length > 0 && a.dtype == b.dtype && left[^1] == right[^Math.Min(2, right.Length)];
        for (var i = 3; fits && i <= Math.Min(left.Length, right.Length); i++)
            fits = left[^i] == right[^i] || left[^i] == 1 || right[^i] == 1;
        if (!fits)
            throw new ArgumentException($"[{string.Join(",", left)}] {a.dtype} times [{string.Join(",", right)}] {b.dtype} does not exist");
    }
}
