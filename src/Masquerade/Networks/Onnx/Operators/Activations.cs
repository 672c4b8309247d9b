using TorchSharp;
using static TorchSharp.torch;
using GELU = TorchSharp.Modules.GELU;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Activation functions.</summary>
internal static class Activations
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["Clip"] = new(1, 3, Clip),
        ["Elu"] = new(1, 1, node => { var alpha = node.Float("alpha", 1); return x => x[0].Elu(alpha); }),
        ["Gelu"] = new(1, 1, Gelu),
        ["HardSigmoid"] = new(1, 1, HardSigmoid),
        ["HardSwish"] = Arithmetic.Unary(x => nn.functional.hardswish(x)),
        ["LeakyRelu"] = new(1, 1, LeakyRelu),
        ["LogSoftmax"] = new(1, 1, node => Softmax(node, (x, axis) => x.log_softmax(axis))),
        ["Mish"] = Arithmetic.Unary(x => x * x.Softplus().tanh()),
        ["PRelu"] = new(2, 2, PRelu),
        ["Relu"] = Arithmetic.Unary(x => x.relu()),
        ["Selu"] = new(1, 1, Selu),
        ["Sigmoid"] = Arithmetic.Unary(x => x.sigmoid()),
        ["Softmax"] = new(1, 1, node => Softmax(node, (x, axis) => x.softmax(axis))),
        ["Softplus"] = Arithmetic.Unary(x => x.Softplus()),
        ["Softsign"] = Arithmetic.Unary(x => x / x.abs().Plus(1)),
        ["Tanh"] = Arithmetic.Unary(x => x.tanh()),
    };

    private static SingleKernel Clip(OnnxNode node)
    {
        if (node.Opset < 11)
            return Between(node.HasAttribute("min") ? node.Float("min", 0) : null, node.HasAttribute("max") ? node.Float("max", 0) : null);
        var (min, max) = (node.ConstantNumber(1), node.ConstantNumber(2));
        if (!node.HasInput(1) && !node.HasInput(2)) return Between(min, max);

        // A limit that is computed at run time; the other one may still be a constant.
        return x =>
        {
            Tensor? Limit(int index, double? number) => number is { } n ? x[0].FilledLike(n) : x.Optional(index);
            var (low, high, value) = (Limit(1, min), Limit(2, max), x[0]);
            if (low is not null) value = maximum(value, low);
            return high is null ? value : minimum(value, high);
        };
    }

    private static SingleKernel Between(double? min, double? max)
    {
        if (min is null && max is null) return x => x[0];
        long? low = (long?)min, high = (long?)max;
        var floating = Limited(min ?? double.NegativeInfinity, max ?? double.PositiveInfinity);
        return x => x[0].is_integral() ? x[0].Between(low, high) : floating(x[0]);
    }

    /// <summary>Clamps. The gradient of torch's own clamp takes ten times as long as those of these.</summary>
    private static Func<Tensor, Tensor> Limited(double min, double max) => (min, max) switch
    {
        (0, double.PositiveInfinity) => x => x.relu(),
        (0, 6) => x => x.relu6(),
        // In place, as TorchSharp 0.107's hardtanh gives the input back otherwise.
        _ => x => x.clone().HardTanh_(min, max),
    };

    private static SingleKernel Gelu(OnnxNode node) => node.Text("approximate", "none") switch
    {
        "none" => x => x[0].gelu(),
        "tanh" => x => x[0].gelu(GELU.Approximate.tanh),
        var other => throw node.Error($"attribute 'approximate' is '{other}', which does not exist"),
    };

    private static SingleKernel HardSigmoid(OnnxNode node)
    {
        var (alpha, beta) = (node.Float("alpha", 0.2f), node.Float("beta", 0.5f));
        return x => x[0].Times(alpha).Plus(beta).HardTanh_(0, 1);
    }

    private static SingleKernel LeakyRelu(OnnxNode node)
    {
        var slope = node.Float("alpha", 0.01f);
        return x => x[0].LeakyRelu(slope);
    }

    private static SingleKernel Selu(OnnxNode node)
    {
        var (alpha, gamma) = (node.Float("alpha", 1.67326319217681884765625f), node.Float("gamma", 1.05070102214813232421875f));
        return x => x[0].Elu(alpha).Times(gamma);
    }

    private static SingleKernel PRelu(OnnxNode node)
    {
        if (node.TakeConstant(1) is not { } slope) return x => Sloped(x[0], x[1], x[1].neg().Plus(1));
        var (kept, rest) = (node.Keep(slope), node.Keep(slope.neg().Plus(1)));
        // One slope a channel ([C,1,1] under the channel axis): torch's own form.
        var flat = slope.dim() > 1 && slope.shape[0] == slope.numel() ? node.Keep(slope.reshape(-1)) : null;
        return x => flat is not null && x[0].dim() == kept.dim() + 1 && !(x[0].requires_grad && is_grad_enabled())
            ? nn.functional.prelu(x[0], flat)
            : Sloped(x[0], kept, rest);
    }

    /// <summary>The input times 1 or the slope. The gradients of torch's own prelu and where take ten times as long.</summary>
    private static Tensor Sloped(Tensor x, Tensor slope, Tensor rest)
    {
        // A slope that follows from the image has a gradient too.
        if (slope.requires_grad) return where(x.IsNegative(), x * slope, x);
        return x * x.detach().sign().relu_().mul_(rest).Plus_(slope);
    }

    private static SingleKernel Softmax(OnnxNode node, Func<Tensor, long, Tensor> function)
    {
        if (node.Opset >= 13)
        {
            var axis = node.Int("axis", -1);
            return x => function(x[0], axis);
        }
        // Before, everything from the axis on was one vector.
        var from = node.Int("axis", 1);
        return x =>
        {
            var first = SmallTensors.Axis(from, x[0].dim());
            return function(x[0].flatten(first), first).reshape(x[0].shape);
        };
    }
}
