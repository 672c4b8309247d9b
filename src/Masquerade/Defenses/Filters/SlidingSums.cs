using System.Buffers;
using System.Numerics.Tensors;
using TorchSharp;

namespace Masquerade.Defenses.Filters;

/// <summary>
/// Weighted sums over the square around each pixel, without a gradient: in an image's own memory they take a fraction of the time that
/// they take as torch's operations (<see cref="Windows.WeightedSums"/>).
/// </summary>
/// <param name="weights">Of a square's columns, and of its rows; an even square reaches one pixel further to the left and up.</param>
/// <param name="mirror">Whether the image is mirrored beyond its border, the edge not repeated; else there is zero.</param>
internal sealed class SlidingSums(IReadOnlyList<double> weights, bool mirror)
{
    private readonly float[] _weights = [.. weights.Select(w => (float)w)];
    private readonly int _before = weights.Count / 2;

    /// <summary>The sums over images.</summary>
    /// <param name="images">[N,3,H,W].</param>
    /// <returns>[N,3,H,W], owned by the caller's scope.</returns>
    /// <exception cref="InputException">The images are too small to be mirrored so far.</exception>
    public torch.Tensor Of(torch.Tensor images)
    {
        var (height, width) = ((int)images.shape[2], (int)images.shape[3]);
        if (mirror) Windows.CheckMirror(images, _weights.Length);
        return ImageMemory.Map(images, (_, from, to) => Write(from, height, width, to));
    }

    private void Write(ReadOnlySpan<float> from, int height, int width, Span<float> to)
    {
        var padded = ArrayPool<float>.Shared.Rent(width + _weights.Length - 1);
        var rows = ArrayPool<float>.Shared.Rent(height * width);
        for (var plane = 0; plane < from.Length; plane += height * width)
        {
            for (var y = 0; y < height; y++)
            {
                Pad(from.Slice(plane + y * width, width), padded);
                var row = rows.AsSpan(y * width, width);
                row.Clear();
                for (var i = 0; i < _weights.Length; i++)
                    TensorPrimitives.MultiplyAdd(padded.AsSpan(i, width), _weights[i], row, row);
            }
            for (var y = 0; y < height; y++)
            {
                var row = to.Slice(plane + y * width, width);
                row.Clear();
                for (var i = 0; i < _weights.Length; i++)
                {
                    if (Inside(y + i - _before, height) is var at and >= 0)
                        TensorPrimitives.MultiplyAdd(rows.AsSpan(at * width, width), _weights[i], row, row);
                }
            }
        }
        ArrayPool<float>.Shared.Return(padded);
        ArrayPool<float>.Shared.Return(rows);
    }

    private void Pad(ReadOnlySpan<float> row, Span<float> padded)
    {
        row.CopyTo(padded[_before..]);
        for (var i = 0; i < _before; i++) padded[i] = Value(row, i - _before);
        for (var i = _before + row.Length; i < row.Length + _weights.Length - 1; i++) padded[i] = Value(row, i - _before);
    }

    private float Value(ReadOnlySpan<float> row, int at) => Inside(at, row.Length) is var inside and >= 0 ? row[inside] : 0;

    /// <summary>Where a value comes from; −1 for zero.</summary>
    private int Inside(int at, int length) => at >= 0 && at < length ? at : !mirror ? -1 : at < 0 ? -at : 2 * (length - 1) - at;
}
