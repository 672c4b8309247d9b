using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx;

/// <summary>Computes a node's outputs. It disposes nothing that it is given; temporaries belong to the scope around the call.</summary>
internal delegate Tensor[] Kernel(Arguments x);

/// <summary>Computes a node's only output.</summary>
internal delegate Tensor SingleKernel(Arguments x);

/// <summary>The values of a node's inputs during a run.</summary>
internal readonly struct Arguments(Tensor?[] values)
{
    /// <summary>How many there are, absent ones included.</summary>
    public int Count => values.Length;

    /// <summary>An input that must be there (or was promised to be by the operator's table).</summary>
    public Tensor this[int index] => values[index] ?? throw new InvalidOperationException($"input {index} is absent");

    /// <summary>An input that may be absent.</summary>
    public Tensor? Optional(int index) => index < values.Length ? values[index] : null;

    /// <summary>All inputs, of an operator that takes any number.</summary>
    public Tensor[] All() => Array.ConvertAll(values, v => v ?? throw new InvalidOperationException("an input is absent"));
}

/// <summary>
/// An operator: how many inputs it takes and how its kernel is made. Making it does all work that does not depend on the image.
/// </summary>
internal sealed class OnnxOperator(int fewest, int most, Func<OnnxNode, Kernel> build)
{
    /// <summary>An operator with one output.</summary>
    public OnnxOperator(int fewest, int most, Func<OnnxNode, SingleKernel> build)
        : this(fewest, most, node => Single(node, build(node)))
    {
    }

    /// <summary>Makes the kernel of a node.</summary>
    /// <exception cref="OperatorNotSupportedException">The node has a form that is not supported.</exception>
    /// <exception cref="InputException">The node is broken.</exception>
    public Kernel Build(OnnxNode node)
    {
        if (node.Inputs.Length > most) throw node.Error($"takes at most {most} inputs, has {node.Inputs.Length}");
        for (var i = 0; i < fewest; i++)
        {
            if (!node.HasInput(i)) throw node.Error($"input {i} is missing");
        }
        if (most == Any && node.Inputs.Any(i => i.Length == 0)) throw node.Error("one of its inputs is missing");
        return build(node);
    }

    /// <summary>No upper bound on the number of inputs.</summary>
    public const int Any = int.MaxValue;

    private static Kernel Single(OnnxNode node, SingleKernel kernel)
    {
        node.AtMostOutputs(1);
        return x => [kernel(x)];
    }
}

/// <summary>Small tensors out of torch and into C#.</summary>
internal static class SmallTensors
{
    /// <summary>The values of a tensor of integers.</summary>
    public static long[] ToLongs(this Tensor tensor)
    {
        using var flat = tensor.detach().to_type(ScalarType.Int64).contiguous();
        return flat.numel() == 0 ? [] : flat.data<long>().ToArray();
    }

    /// <summary>The values of a tensor of numbers.</summary>
    public static double[] ToDoubles(this Tensor tensor)
    {
        using var flat = tensor.detach().to_type(ScalarType.Float64).contiguous();
        return flat.numel() == 0 ? [] : flat.data<double>().ToArray();
    }

    /// <summary>An axis counted from the front.</summary>
    /// <exception cref="ArgumentException">There is no such axis.</exception>
    public static int Axis(long axis, long rank)
    {
        if (axis < -rank || axis >= rank) throw new ArgumentException($"axis {axis} does not exist in a tensor of rank {rank}");
        return (int)(axis < 0 ? axis + rank : axis);
    }

    /// <summary>Refuses a size that a damaged or hostile model asks for.</summary>
    /// <exception cref="ArgumentException">A size is negative, or there are too many values.</exception>
    public static long[] Checked(params long[] shape)
    {
        long count = 1;
        foreach (var size in shape)
        {
            if (size < 0 || (size > 0 && count > OnnxTensorReader.MostValues / size))
                throw new ArgumentException($"asks for a tensor of shape [{string.Join(",", shape)}]");
            count *= size;
        }
        return shape;
    }
}
