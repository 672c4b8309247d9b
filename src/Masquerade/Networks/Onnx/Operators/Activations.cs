using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Activation functions.</summary>
internal static class Activations
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["Clip"] = new(1, 3, Clip),
        ["PRelu"] = new(2, 2, PRelu),
        ["Relu"] = new(1, 1, _ => x => x[0].relu()),
    };

    private static SingleKernel Clip(OnnxNode node)
    {
        if (node.Opset < 11)
        {
            return Between(node.HasAttribute("min") ? node.Float("min", 0) : null, node.HasAttribute("max") ? node.Float("max", 0) : null);
        }
        var (min, max) = (node.ConstantNumber(1), node.ConstantNumber(2));
        if (!node.HasInput(1) && !node.HasInput(2)) return Between(min, max);

        // A limit that is computed at run time; the other one may still be a constant.
        return x =>
        {
            Tensor? Limit(int index, double? number) => number is { } n ? full_like(x[0], n) : x.Optional(index);
            var (low, high, value) = (Limit(1, min), Limit(2, max), x[0]);
            if (low is not null) value = maximum(value, low);
            return high is null ? value : minimum(value, high);
        };
    }

    private static SingleKernel Between(double? min, double? max)
    {
        if (min is null && max is null) return x => x[0];
        Scalar? low = min, high = max;
        return x => x[0].is_integral() ? x[0].clamp(Whole(min), Whole(max)) : x[0].clamp(low, high);
    }

    private static Scalar? Whole(double? limit) => limit is { } value ? (Scalar)(long)value : null;

    private static SingleKernel PRelu(OnnxNode node)
    {
        var slope = node.TakeConstant(1);
        if (slope is not null)
        {
            // One slope a channel ([C,1,1] under the channel axis), or one for all: torch's own form.
            var perChannel = slope.dim() > 1 && slope.shape[0] == slope.numel();
            var kept = node.Keep(slope);
            var flat = node.Keep(slope.reshape(-1));
            return x => (perChannel && x[0].dim() == kept.dim() + 1) || (flat.numel() == 1 && x[0].dim() > 1)
                ? nn.functional.prelu(x[0], flat)
                : Sloped(x[0], kept);
        }
        return x => Sloped(x[0], x[1]);
    }

    private static Tensor Sloped(Tensor x, Tensor slope) => where(x.lt(0), x * slope, x);
}
