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
    };

    /// <summary>The same values with the channels stored last, as torch's convolutions like it.</summary>
    public static Tensor ChannelsLast(this Tensor tensor) => tensor.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    private static SingleKernel Conv(OnnxNode node)
    {
        var constant = node.TakeConstant(1);
        if (constant is not null && constant.dim() < 3) throw node.Error("its weights have too few axes");
        var window = Window.Read(node, constant?.shape[2..]);
        var groups = Groups(node);
        var weight = constant is null ? null : node.Keep(constant.dim() == 4 ? constant.ChannelsLast() : constant);
        var bias = node.TakeConstant(2) is { } b ? node.Keep(b) : null;
        node.Multiplications = (x, y) => Filter(weight ?? x[1]) * y.numel();

        return x =>
        {
            var (input, pads) = (x[0], window.Symmetric);
            if (pads is null)
            {
                input = window.Pad(input, [.. window.Spatial(input).Select((size, axis) => window.Pads(axis, size))]);
                pads = window.None;
            }
            var (w, c) = (weight ?? x[1], bias ?? x.Optional(2));
            return window.Rank switch
            {
                1 => nn.functional.conv1d(input, w, c, window.Strides[0], pads[0], window.Dilations[0], groups),
                2 => nn.functional.conv2d(input, w, c, window.Strides, pads, window.Dilations, groups),
                _ => nn.functional.conv3d(input, w, c, window.Strides, pads, window.Dilations, groups),
            };
        };
    }

    private static long Groups(OnnxNode node) =>
        node.Int("group", 1) is > 0 and var groups ? groups : throw node.Error("attribute 'group' must be positive");

    private static long Filter(Tensor weight) => weight.numel() / Math.Max(weight.shape[0], 1);
}
