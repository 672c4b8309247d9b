using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Element by element, with broadcasting.</summary>
internal static class Arithmetic
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["Abs"] = Unary(x => x.abs()),
        ["Add"] = Binary((a, b) => a.Plus(b)),
        ["And"] = Binary(logical_and),
        ["Cast"] = new(1, 1, Cast),
        ["Ceil"] = Unary(x => x.ceil()),
        ["Div"] = Binary((a, b) => a.is_integral() ? a.div(b, RoundingMode.trunc) : a / b),
        ["Equal"] = Binary((a, b) => a.eq(b)),
        ["Erf"] = Unary(x => x.erf()),
        ["Exp"] = Unary(x => x.exp()),
        ["Floor"] = Unary(x => x.floor()),
        ["Greater"] = Binary((a, b) => a.gt(b)),
        ["GreaterOrEqual"] = Binary((a, b) => a.ge(b)),
        ["Less"] = Binary((a, b) => a.lt(b)),
        ["LessOrEqual"] = Binary((a, b) => a.le(b)),
        ["Log"] = Unary(x => x.log()),
        ["Max"] = Many(maximum),
        ["Mean"] = new(1, OnnxOperator.Any, _ => x => x.All().Aggregate((a, b) => a.Plus(b)).Over(x.Count)),
        ["Min"] = Many(minimum),
        ["Mul"] = Binary((a, b) => a * b),
        ["Neg"] = Unary(x => x.neg()),
        ["Not"] = Unary(logical_not),
        ["Or"] = Binary(logical_or),
        ["Pow"] = new(2, 2, Pow),
        ["Reciprocal"] = Unary(x => x.reciprocal()),
        ["Sqrt"] = Unary(x => x.sqrt()),
        ["Sub"] = Binary((a, b) => a - b),
        ["Sum"] = Many((a, b) => a.Plus(b)),
        ["Where"] = new(3, 3, _ => x => where(x[0], x[1], x[2])),
    };

    /// <summary>An operator of one value.</summary>
    public static OnnxOperator Unary(Func<Tensor, Tensor> function) => new(1, 1, _ => x => function(x[0]));

    private static OnnxOperator Binary(Func<Tensor, Tensor, Tensor> function) => new(2, 2, _ => x => function(x[0], x[1]));

    private static OnnxOperator Many(Func<Tensor, Tensor, Tensor> function) =>
        new(1, OnnxOperator.Any, _ => x => x.All().Aggregate(function));

    private static SingleKernel Cast(OnnxNode node)
    {
        if (!node.HasAttribute("to")) throw node.Error("attribute 'to' is missing");
        var to = node.Int("to", 0);
        // Halves stay in the type that the network computes in: their rounding is no part of the model's idea.
        var type = OnnxTensorReader.TypeOf(to, node.Floats)
            ?? throw node.Unsupported($"to element type {(Format.TensorProto.Types.DataType)to}");
        return x => x[0].to_type(type);
    }

    private static SingleKernel Pow(OnnxNode node)
    {
        Tensor Kept(Tensor power, Tensor x) => power.dtype == x.dtype ? power : power.to_type(x.dtype);
        // A number as the exponent has a cheaper gradient, and a finite one at 0.
        if (node.TakeConstant(1) is not { } exponent) return x => Kept(x[0].pow(x[1]), x[0]);
        if (exponent.numel() != 1 || exponent.dim() > 1)
        {
            var kept = node.Keep(exponent);
            return x => Kept(x[0].pow(kept), x[0]);
        }
        var number = exponent.ToDoubles()[0];
        var rank = (int)exponent.dim();
        return x =>
        {
            var power = number == Math.Floor(number) && x[0].is_integral() ? x[0].Power((long)number) : x[0].Power(number);
            return Kept(rank > x[0].dim() ? power.reshape(1) : power, x[0]);
        };
    }
}
