using static TorchSharp.torch;

namespace Masquerade.Defenses.Restoration;

/// <summary>
/// Where patches lie in images of one size: every <c>stride</c> pixels from an offset on, and at every border, so that each pixel is in
/// at least one while the stride is no longer than a patch's side. Large images are gone through piece by piece.
/// </summary>
internal sealed class PatchGrid : IDisposable
{
    private readonly int _height;
    private readonly int _width;
    private readonly int _side;
    private readonly int _values;
    private readonly int _most;
    private readonly int[] _rows;
    private readonly int[] _columns;
    private readonly Tensor _shares;  // float32 [3·height·width]: one over how many patches a value is in
    private readonly Tensor? _whole;  // the index of all patches, where they are few

    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="side">Side of a patch; no longer than the image's.</param>
    /// <param name="stride">From a patch to the next, 1 to side.</param>
    /// <param name="down">First row of the patches that do not lie at the upper border, less than the stride.</param>
    /// <param name="across">The same of columns.</param>
    /// <param name="most">Most patches in a piece.</param>
    public PatchGrid(int height, int width, int side, int stride, int down, int across, int most = 16384)
    {
        (_height, _width, _side, _values, _most) = (height, width, side, 3 * side * side, most);
        (_rows, _columns) = (Positions(height, side, stride, down), Positions(width, side, stride, across));
        using var scope = NewDisposeScope();
        var (over, beside) = (Covers(_rows, height), Covers(_columns, width));
        _shares = (over.unsqueeze(1) * beside).reciprocal().view(1, -1).expand(3, -1).reshape(-1).DetachFromDisposeScope();
        if (Count <= most) _whole = Index(0, (int)Count).DetachFromDisposeScope();
    }

    /// <summary>How many patches there are.</summary>
    public long Count => (long)_rows.Length * _columns.Length;

    /// <summary>Cuts the patches out of an image, changes them, and puts them back: where they overlap, their mean.</summary>
    /// <param name="image">[3·height·width].</param>
    /// <param name="change">
    /// Given some patches, [n, 3·side·side], channel by channel, row by row; gives them back changed, owned by its caller's scope.
    /// </param>
    /// <returns>[3·height·width], owned by the caller's scope.</returns>
    public Tensor Map(Tensor image, Func<Tensor, Tensor> change)
    {
        using var scope = NewDisposeScope();
        var sums = zeros_like(image).detach();
        for (var start = 0L; start < Count; start += _most)
        {
            using var inner = NewDisposeScope();
            var index = _whole ?? Index(start, (int)Math.Min(_most, Count - start));
            var changed = change(image.index_select(0, index).view(-1, _values));
            sums.PlusRows_(index, changed.reshape(-1));
        }
        return (sums * _shares.to(image.dtype)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _shares.Dispose();
        _whole?.Dispose();
    }

    /// <summary>Which value of the image each value of some patches is: int64 [count·values].</summary>
    private Tensor Index(long start, int count)
    {
        var index = new long[count * _values];
        var at = 0;
        for (var patch = start; patch < start + count; patch++)
        {
            var (top, left) = (_rows[patch / _columns.Length], _columns[patch % _columns.Length]);
            for (var c = 0; c < 3; c++)
            {
                for (var y = top; y < top + _side; y++)
                {
                    var from = ((long)c * _height + y) * _width + left;
                    for (var x = 0; x < _side; x++) index[at++] = from + x;
                }
            }
        }
        return tensor(index);
    }

    private static int[] Positions(int length, int side, int stride, int offset)
    {
        var last = length - side;
        var positions = new SortedSet<int> { 0, last };
        for (var at = offset; at < last; at += stride) positions.Add(at);
        return [.. positions];
    }

    /// <summary>How many of some positions a patch is over a place from, for each place of a side.</summary>
    private Tensor Covers(int[] positions, int length)
    {
        var counts = new float[length];
        foreach (var position in positions)
            for (var i = position; i < position + _side; i++) counts[i]++;
        return tensor(counts);
    }
}
