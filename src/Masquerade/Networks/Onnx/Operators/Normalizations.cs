using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>Normalisation layers.</summary>
internal static class Normalizations
{
    /// <summary>The operators, by name.</summary>
    public static readonly Dictionary<string, OnnxOperator> Table = new()
    {
        ["BatchNormalization"] = new(5, 5, BatchNormalization),
        ["InstanceNormalization"] = new(3, 3, InstanceNormalization),
        ["LayerNormalization"] = new(2, 3, LayerNormalization),
        ["LpNormalization"] = new(1, 1, LpNormalization),
    };

    private static SingleKernel BatchNormalization(OnnxNode node)
    {
        if (node.Int("training_mode", 0) != 0) throw node.Unsupported("training mode");
        if (node.Int("spatial", 1) != 1) throw node.Unsupported("not spatial");
        node.OneOutputOnly("training mode");
        var epsilon = node.Float("epsilon", 1e-5f);
        if (!node.Inputs.Skip(1).All(node.IsConstant))
        {
            // Torch's own form has no gradient for statistics that follow from the image.
            return x =>
            {
                var (scale, shift) = Affine(x[1], x[2], x[3], x[4], epsilon);
                return Apply(x[0], scale.to_type(node.Floats), shift.to_type(node.Floats));
            };
        }
        var statistics = Enumerable.Range(1, 4).Select(i => node.TakeConstant(i)!).ToArray();
        if (statistics.Any(s => s.dim() != 1 || s.shape[0] != statistics[0].shape[0]))
            throw node.Error("its statistics are of different sizes");
        var constant = Affine(statistics[0], statistics[1], statistics[2], statistics[3], epsilon);
        var (keptScale, keptShift) = (node.Keep(constant.Scale.to_type(node.Floats)), node.Keep(constant.Shift.to_type(node.Floats)));
        return x => Apply(x[0], keptScale, keptShift);
    }

    /// <summary>Half the gradient's time of torch's own batch normalisation.</summary>
    private static Tensor Apply(Tensor x, Tensor scale, Tensor shift)
    {
        var shape = x.shape;
        if (shape.Length < 2 || scale.dim() != 1 || shape[1] != scale.shape[0])
            throw new ArgumentException($"its input [{string.Join(",", shape)}] has not {scale.numel()} channels");
        long[] perChannel = [-1, .. shape.Skip(2).Select(_ => 1L)];
        return shift.reshape(perChannel).PlusProduct(x, scale.reshape(perChannel));
    }

    /// <summary>A batch normalisation as one multiplication and one addition a channel, in double.</summary>
    public static (Tensor Scale, Tensor Shift) Affine(Tensor gamma, Tensor beta, Tensor mean, Tensor variance, float epsilon)
    {
        var scale = gamma.to_type(ScalarType.Float64) / variance.to_type(ScalarType.Float64).Plus(epsilon).sqrt();
        return (scale, beta.to_type(ScalarType.Float64) - mean.to_type(ScalarType.Float64) * scale);
    }

    private static SingleKernel InstanceNormalization(OnnxNode node)
    {
        var epsilon = node.Float("epsilon", 1e-5f);
        return x => nn.functional.instance_norm(x[0], weight: x[1], bias: x[2], eps: epsilon);
    }

    private static SingleKernel LayerNormalization(OnnxNode node)
    {
        node.OneOutputOnly("with its mean or deviation as outputs");
        var (axis, epsilon) = (node.Int("axis", -1), node.Float("epsilon", 1e-5f));
        return x =>
        {
            var normalised = x[0].shape[SmallTensors.Axis(axis, x[0].dim())..];
            var (scale, bias) = (x[1], x.Optional(2));
            if (scale.shape.SequenceEqual(normalised) && (bias is null || bias.shape.SequenceEqual(normalised)))
                return nn.functional.layer_norm(x[0], normalised, scale, bias, epsilon);
            // Scale and bias may be of any shape that broadcasts.
            var scaled = nn.functional.layer_norm(x[0], normalised, eps: epsilon) * scale;
            return bias is null ? scaled : scaled.Plus(bias);
        };
    }

    private static SingleKernel LpNormalization(OnnxNode node)
    {
        var (axis, p) = (node.Int("axis", -1), node.Int("p", 2));
        if (p is not (1 or 2)) throw node.Error($"attribute 'p' is {p}; 1 and 2 exist");
        return x =>
        {
            var norm = linalg.norm(x[0], (double)p, [axis], keepdim: true);
            return x[0] / where(norm.IsZero(), ones_like(norm), norm);
        };
    }
}
