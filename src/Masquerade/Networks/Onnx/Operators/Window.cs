using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Networks.Onnx.Operators;

/// <summary>A window that slides over the spatial axes: the attributes that convolutions and pools share.</summary>
internal sealed class Window
{
    private enum Padding
    {
        Given,
        SameUpper,
        SameLower,
    }

    private readonly Padding _padding;
    private readonly long[] _begin;
    private readonly long[] _end;

    private Window(long[] kernel, long[] strides, long[] dilations, Padding padding, long[] begin, long[] end)
    {
        Kernel = kernel;
        Strides = strides;
        Dilations = dilations;
        _padding = padding;
        _begin = begin;
        _end = end;
        Ones = [.. kernel.Select(_ => 1L)];
        None = [.. kernel.Select(_ => 0L)];
    }

    /// <summary>Spatial axes, 1 to 3.</summary>
    public int Rank => Kernel.Length;

    /// <summary>Taps along each axis.</summary>
    public long[] Kernel { get; }

    /// <summary>Step along each axis.</summary>
    public long[] Strides { get; }

    /// <summary>Distance of the taps along each axis.</summary>
    public long[] Dilations { get; }

    /// <summary>1 for each axis.</summary>
    public long[] Ones { get; }

    /// <summary>0 for each axis.</summary>
    public long[] None { get; }

    /// <summary>Values from the first tap to the last along an axis.</summary>
    public long Extent(int axis) => (Kernel[axis] - 1) * Dilations[axis] + 1;

    /// <summary>The padding at both ends of each axis where it is the same and does not depend on the input; null elsewhere.</summary>
    public long[]? Symmetric => _padding == Padding.Given && _begin.SequenceEqual(_end) ? _begin : null;

    /// <summary>Whether the padding follows from the size (auto_pad SAME).</summary>
    public bool IsSame => _padding != Padding.Given;

    /// <summary>Reads the attributes of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="taps">The kernel's shape where the weights tell it; attribute kernel_shape otherwise.</param>
    /// <exception cref="InputException">An attribute is wrong.</exception>
    public static Window Read(OnnxNode node, long[]? taps = null)
    {
        var attribute = node.Ints("kernel_shape");
        var kernel = taps ?? attribute ?? throw node.Error("attribute 'kernel_shape' is missing");
        if (attribute is not null && !attribute.SequenceEqual(kernel))
            throw node.Error("attribute 'kernel_shape' is not that of the weights");
        if (kernel.Length is < 1 or > 3) throw node.Unsupported($"{kernel.Length} spatial axes");

        long[] Positive(string name)
        {
            var values = node.Ints(name) ?? [.. kernel.Select(_ => 1L)];
            return values.Length == kernel.Length && values.All(v => v is > 0 and <= int.MaxValue)
                ? values
                : throw node.Error($"attribute '{name}' must hold {kernel.Length} positive numbers");
        }
        if (kernel.Any(k => k is <= 0 or > int.MaxValue)) throw node.Error("its kernel is empty");

        var pads = node.Ints("pads") ?? new long[2 * kernel.Length];
        if (pads.Length != 2 * kernel.Length || pads.Any(p => p is < 0 or > int.MaxValue))
            throw node.Error($"attribute 'pads' must hold {2 * kernel.Length} numbers that are not negative");
        var (begin, end) = (pads[..kernel.Length], pads[kernel.Length..]);
        var padding = Padding.Given;
        switch (node.Text("auto_pad", "NOTSET"))
        {
            case "NOTSET": break;
            case "VALID": (begin, end) = (new long[kernel.Length], new long[kernel.Length]); break;
            case "SAME_UPPER": padding = Padding.SameUpper; break;
            case "SAME_LOWER": padding = Padding.SameLower; break;
            case var other: throw node.Error($"attribute 'auto_pad' is '{other}', which does not exist");
        }
        return new Window(kernel, Positive("strides"), Positive("dilations"), padding, begin, end);
    }

    /// <summary>The padding before and after one axis of a given size.</summary>
    public (long Begin, long End) Pads(int axis, long size)
    {
        if (_padding == Padding.Given) return (_begin[axis], _end[axis]);
        var outputs = (size + Strides[axis] - 1) / Strides[axis];
        var total = Math.Max((outputs - 1) * Strides[axis] + Extent(axis) - size, 0);
        return Share(total, _padding == Padding.SameLower);
    }

    /// <summary>The padding of all spatial axes of an input.</summary>
    /// <exception cref="ArgumentException">The input has another rank, or there would be too much of it.</exception>
    public (long Begin, long End)[] Pads(Tensor input)
    {
        (long Begin, long End)[] pads = [.. Spatial(input).Select((size, axis) => Pads(axis, size))];
        CheckPadded(input, pads);
        return pads;
    }

    /// <summary>Shares what a transposed convolution crops between both ends: the odd value goes at the begin but for SAME_UPPER.</summary>
    public (long Begin, long End) ShareTransposed(long total) => Share(Math.Max(total, 0), _padding != Padding.SameUpper);

    private static (long Begin, long End) Share(long total, bool moreAtBegin)
    {
        var (less, more) = (total / 2, total - total / 2);
        return moreAtBegin ? (more, less) : (less, more);
    }

    /// <summary>The sizes of an input's spatial axes.</summary>
    /// <exception cref="ArgumentException">It has another rank.</exception>
    public long[] Spatial(Tensor input) => input.dim() == Rank + 2
        ? input.shape[2..]
        : throw new ArgumentException($"its input has rank {input.dim()} where {Rank + 2} is asked for");

    /// <summary>Pads (or crops, where negative) the spatial axes.</summary>
    public Tensor Pad(Tensor input, ReadOnlySpan<(long Begin, long End)> pads, double value = 0)
    {
        var reversed = new long[2 * Rank];
        var any = false;
        for (var axis = 0; axis < Rank; axis++)
        {
            var at = 2 * (Rank - 1 - axis);
            (reversed[at], reversed[at + 1]) = pads[axis];
            any |= pads[axis] != (0, 0);
        }
        if (!any) return input;
        CheckPadded(input, pads);
        return nn.functional.pad(input, reversed, PaddingModes.Constant, value);
    }

    private static void CheckPadded(Tensor input, ReadOnlySpan<(long Begin, long End)> pads)
    {
        var shape = input.shape;
        for (var axis = 0; axis < pads.Length; axis++) shape[axis + 2] += pads[axis].Begin + pads[axis].End;
        SmallTensors.Checked(shape);
    }
}
