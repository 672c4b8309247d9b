using static TorchSharp.torch;

namespace Masquerade.Defenses.Restoration;

/// <summary>
/// Where patches lie in images of one size: every <c>stride</c> pixels from an offset on, and at every border, so that each pixel is in
/// at least one while the stride is no longer than a patch's side.
/// </summary>
internal sealed class PatchGrid : IDisposable
{
    private readonly int _values;
    private readonly int _pixels;
    private readonly Tensor _index;   // int64 [patches·values]: which value of the image each value of a patch is
    private readonly Tensor _shares;  // float32 [pixels]: one over how many patches a value is in

    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="side">Side of a patch; no longer than the image's.</param>
    /// <param name="stride">From a patch to the next, 1 to side.</param>
    /// <param name="down">First row of the patches that do not lie at the upper border, less than the stride.</param>
    /// <param name="across">The same of columns.</param>
    public PatchGrid(int height, int width, int side, int stride, int down, int across)
    {
        var (rows, columns) = (Positions(height, side, stride, down), Positions(width, side, stride, across));
        (_values, _pixels) = (3 * side * side, 3 * height * width);
        var index = new long[rows.Length * columns.Length * _values];
        var counts = new float[_pixels];
        var at = 0;
        foreach (var top in rows)
        {
            foreach (var left in columns)
            {
                for (var c = 0; c < 3; c++)
                {
                    for (var y = top; y < top + side; y++)
                    {
                        var from = (c * height + y) * width + left;
                        for (var x = 0; x < side; x++, from++)
                        {
                            index[at++] = from;
                            counts[from]++;
                        }
                    }
                }
            }
        }
        for (var i = 0; i < counts.Length; i++) counts[i] = 1 / counts[i];
        using var scope = NewDisposeScope();
        _index = tensor(index).DetachFromDisposeScope();
        _shares = tensor(counts).DetachFromDisposeScope();
    }

    /// <summary>The patches of an image.</summary>
    /// <param name="image">[3·height·width].</param>
    /// <returns>[patches, 3·side·side], channel by channel, row by row; owned by the caller's scope.</returns>
    public Tensor Cut(Tensor image)
    {
        using var values = image.index_select(0, _index);
        return values.view(-1, _values);
    }

    /// <summary>The image in which every value is the mean of what the patches over it have there.</summary>
    /// <param name="patches">[patches, 3·side·side].</param>
    /// <returns>[3·height·width], owned by the caller's scope.</returns>
    public Tensor Average(Tensor patches)
    {
        using var scope = NewDisposeScope();
        var sums = zeros(_pixels, dtype: patches.dtype).PlusRows_(_index, patches.view(-1));
        return (sums * _shares.to(patches.dtype)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _index.Dispose();
        _shares.Dispose();
    }

    private static int[] Positions(int length, int side, int stride, int offset)
    {
        var last = length - side;
        var positions = new SortedSet<int> { 0, last };
        for (var at = offset; at < last; at += stride) positions.Add(at);
        return [.. positions];
    }
}
