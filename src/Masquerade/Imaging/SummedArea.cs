using System.Buffers;

namespace Masquerade.Imaging;

/// <summary>
/// Sums of an image's values above and to the left of every pixel, so that the mean over any rectangle costs the same (Crow, SIGGRAPH
/// 1984). Sums wrap around at 2³²: the difference of two is right for every rectangle of fewer than 16 million pixels.
/// </summary>
internal sealed class SummedArea : IDisposable
{
    private const int Channels = 3;
    private readonly uint[] _sums;
    private readonly int _stride;

    public SummedArea(ImageView image)
    {
        Size = image.Size;
        _stride = Channels * (image.Width + 1);
        _sums = ArrayPool<uint>.Shared.Rent(_stride * (image.Height + 1));
        _sums.AsSpan(0, _stride).Clear();
        for (var y = 0; y < image.Height; y++)
        {
            var row = image.Pixels.Slice(Channels * y * image.Width, Channels * image.Width);
            var above = _sums.AsSpan(y * _stride, _stride);
            var sums = _sums.AsSpan((y + 1) * _stride, _stride);
            sums[..Channels].Clear();
            uint red = 0, green = 0, blue = 0;
            for (var x = 0; x < row.Length; x += Channels)
            {
                red += row[x];
                green += row[x + 1];
                blue += row[x + 2];
                sums[x + 3] = above[x + 3] + red;
                sums[x + 4] = above[x + 4] + green;
                sums[x + 5] = above[x + 5] + blue;
            }
        }
    }

    /// <summary>Width and height of the image.</summary>
    public ImageSize Size { get; }

    /// <summary>
    /// Resamples a rectangle by averaging: output pixel i of n takes the mean over the input pixels from ⌊i·length/n⌋ to ⌈(i+1)·length/n⌉
    /// (as torch's <c>interpolate(mode='area')</c> and adaptive average pooling do, shrinking or growing).
    /// </summary>
    /// <param name="left">The rectangle's first column.</param>
    /// <param name="top">Its first row.</param>
    /// <param name="width">Columns of it, at least 1; inside the image.</param>
    /// <param name="height">Rows of it, at least 1; inside the image.</param>
    /// <param name="to">Size of the output.</param>
    /// <param name="planar">Receives 3 × height × width values, each (mean − <paramref name="minus"/>) × <paramref name="times"/>.</param>
    /// <param name="minus">Subtracted from a mean of 0 to 255.</param>
    /// <param name="times">What that is multiplied with.</param>
    public void Resample(int left, int top, int width, int height, ImageSize to, Span<float> planar, float minus, float times)
    {
        var plane = to.Width * to.Height;
        var red = planar[..plane];
        var green = planar.Slice(plane, plane);
        var blue = planar.Slice(2 * plane, plane);
        var columns = ArrayPool<int>.Shared.Rent(2 * to.Width);
        for (var i = 0; i < to.Width; i++)
            (columns[2 * i], columns[2 * i + 1]) = (Channels * (left + Start(i, width, to.Width)), Channels * (left + End(i, width, to.Width)));
        for (var j = 0; j < to.Height; j++)
        {
            var (first, end) = (Start(j, height, to.Height), End(j, height, to.Height));
            var above = _sums.AsSpan((top + first) * _stride, _stride);
            var below = _sums.AsSpan((top + end) * _stride, _stride);
            for (var i = 0; i < to.Width; i++)
            {
                var (from, until) = (columns[2 * i], columns[2 * i + 1]);
                var scale = (float)Channels / ((end - first) * (until - from));
                var at = j * to.Width + i;
                red[at] = ((below[until] - below[from] - above[until] + above[from]) * scale - minus) * times;
                green[at] = ((below[until + 1] - below[from + 1] - above[until + 1] + above[from + 1]) * scale - minus) * times;
                blue[at] = ((below[until + 2] - below[from + 2] - above[until + 2] + above[from + 2]) * scale - minus) * times;
            }
        }
        ArrayPool<int>.Shared.Return(columns);
    }

    public void Dispose() => ArrayPool<uint>.Shared.Return(_sums);

    /// <summary>Input pixels that output pixel <paramref name="i"/> of <paramref name="count"/> averages: from here …</summary>
    internal static int Start(int i, int length, int count) => (int)((long)i * length / count);

    /// <summary>… to here, which is not among them.</summary>
    internal static int End(int i, int length, int count) => (int)(((long)(i + 1) * length + count - 1) / count);
}
