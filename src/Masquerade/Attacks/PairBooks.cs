using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Tensor = TorchSharp.torch.Tensor;

namespace Masquerade.Attacks;

/// <summary>The books of one pair under attack.</summary>
internal sealed class PairBooks(AttackGoal goal)
{
    private bool _alreadyWrong;
    private float[]? _last;
    private double _linf;
    private double _distanceAfter;
    private readonly List<(long Calls, double L2)> _improvements = [];

    public AttackGoal Goal => goal;

    /// <summary>The smallest adversarial image so far; null if there is none.</summary>
    public float[]? Best { get; private set; }

    public double L2 { get; private set; } = double.PositiveInfinity;

    public double DistanceBefore { get; set; }

    public long Forwards { get; set; }

    public long Backwards { get; set; }

    public double Seconds { get; set; }

    public bool NearThreshold { get; set; }

    public string Reason { get; set; } = "";

    public void SetAlreadyWrong()
    {
        (_alreadyWrong, L2, _linf, _distanceAfter) = (true, 0, 0, DistanceBefore);
    }

    /// <summary>Keeps an adversarial image if it is closer to the clean one than those before.</summary>
    public void Offer(Tensor clean, int position, Tensor images, int at, double distance)
    {
        using var cleanRow = clean[position];
        using var imageRow = images[at];
        var from = Values(cleanRow);
        var to = Values(imageRow);
        var l2 = Difference.L2(from, to);
        if (l2 >= L2) return;
        (L2, _linf, _distanceAfter) = (l2, Difference.Linf(from, to), distance);
        _improvements.Add((Forwards + Backwards, l2));
        Best ??= new float[to.Length];
        to.CopyTo(Best);
    }

    /// <summary>Keeps an image that was judged, in case that none fools the verifier.</summary>
    public void KeepLast(Tensor images, int at)
    {
        using var row = images[at];
        var image = Values(row);
        _last ??= new float[image.Length];
        image.CopyTo(_last);
    }

    public AttackResult ToResult()
    {
        var success = _alreadyWrong || Best is not null;
        return new AttackResult(
            success, _alreadyWrong, success ? L2 : double.NaN, success ? _linf : double.NaN, DistanceBefore,
            success ? _distanceAfter : double.NaN, Forwards, Backwards, Seconds, Best,
            success ? null : _last, NearThreshold, success ? LateGain() : double.NaN, success ? "" : Reason);
    }

    private double LateGain()
    {
        if (_alreadyWrong) return 0;
        var late = 0.75 * (Forwards + Backwards);
        var early = _improvements.Where(i => i.Calls <= late).Select(i => i.L2).DefaultIfEmpty(double.PositiveInfinity).Last();
        return 1 - L2 / early;
    }

    private static ReadOnlySpan<float> Values(Tensor row) => MemoryMarshal.Cast<byte, float>(row.bytes);
}

/// <summary>Norms of the difference of two images.</summary>
internal static class Difference
{
    private const int Block = 4096;

    /// <summary>L2 norm, summed in double over blocks.</summary>
    public static double L2(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (var at = 0; at < a.Length; at += Block)
        {
            var length = Math.Min(Block, a.Length - at);
            double part = TensorPrimitives.Distance(a.Slice(at, length), b.Slice(at, length));
            sum += part * part;
        }
        return Math.Sqrt(sum);
    }

    /// <summary>Largest absolute difference.</summary>
    public static double Linf(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Span<float> difference = stackalloc float[Block];
        double most = 0;
        for (var at = 0; at < a.Length; at += Block)
        {
            var length = Math.Min(Block, a.Length - at);
            TensorPrimitives.Subtract(a.Slice(at, length), b.Slice(at, length), difference);
            most = Math.Max(most, Math.Abs(TensorPrimitives.MaxMagnitude<float>(difference[..length])));
        }
        return most;
    }
}
