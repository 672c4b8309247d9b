namespace Masquerade.Imaging;

/// <summary>Other sizes of an image.</summary>
internal static class ImageResize
{
    // Pillow's fixed point: 8 bits for the value, 2 for what overshoots.
    private const int Precision = 32 - 8 - 2;

    /// <summary>
    /// Resizes a rectangle as Pillow's <c>resize(…, BILINEAR)</c> does, to the last bit: a triangle between pixel centres, as wide as the
    /// reduction where it shrinks; across, rounded to 8 bits, then down.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="left">The rectangle's first column.</param>
    /// <param name="top">Its first row.</param>
    /// <param name="width">Columns of it, at least 1; inside the image.</param>
    /// <param name="height">Rows of it, at least 1; inside the image.</param>
    /// <param name="to">The size wanted.</param>
    public static FaceImage Bilinear(ImageView image, int left, int top, int width, int height, ImageSize to)
    {
        var across = new Filter(width, to.Width);
        var down = new Filter(height, to.Height);
        var narrow = new byte[3 * to.Width * height];
        for (var y = 0; y < height; y++)
        {
            var row = image.Pixels.Slice(3 * ((top + y) * image.Width + left), 3 * width);
            for (var x = 0; x < to.Width; x++) across.Apply(x, row, 3, narrow.AsSpan(3 * (y * to.Width + x), 3));
        }
        var pixels = new byte[to.Values];
        for (var y = 0; y < to.Height; y++)
        {
            for (var x = 0; x < to.Width; x++)
                down.Apply(y, narrow.AsSpan(3 * x), 3 * to.Width, pixels.AsSpan(3 * (y * to.Width + x), 3));
        }
        return new FaceImage(to.Width, to.Height, pixels);
    }

    /// <summary>Shrinks an image by averaging so that its longer side has that many pixels; one that is no longer stays as it is.</summary>
    /// <returns>Null where it stays.</returns>
    public static FaceImage? ShrinkTo(ImageView image, int longest)
    {
        var longer = Math.Max(image.Width, image.Height);
        if (longer <= longest) return null;
        var size = new ImageSize(
            Math.Max(1, (int)((long)image.Width * longest / longer)), Math.Max(1, (int)((long)image.Height * longest / longer)));
        var pixels = new byte[size.Values];
        var sums = new int[3 * size.Width];
        for (var y = 0; y < size.Height; y++)
        {
            Array.Clear(sums);
            var (first, end) = (SummedArea.Start(y, image.Height, size.Height), SummedArea.End(y, image.Height, size.Height));
            for (var row = first; row < end; row++) AddRow(image.Pixels.Slice(3 * row * image.Width, 3 * image.Width), image.Width, sums);
            for (var i = 0; i < sums.Length; i++)
            {
                var x = i / 3;
                var count = (end - first) * (SummedArea.End(x, image.Width, size.Width) - SummedArea.Start(x, image.Width, size.Width));
                pixels[y * sums.Length + i] = (byte)((sums[i] + count / 2) / count);
            }
        }
        return new FaceImage(size.Width, size.Height, pixels);

        static void AddRow(ReadOnlySpan<byte> row, int width, int[] sums)
        {
            var columns = sums.Length / 3;
            for (var x = 0; x < columns; x++)
            {
                var end = SummedArea.End(x, width, columns);
                for (var from = SummedArea.Start(x, width, columns); from < end; from++)
                {
                    sums[3 * x] += row[3 * from];
                    sums[3 * x + 1] += row[3 * from + 1];
                    sums[3 * x + 2] += row[3 * from + 2];
                }
            }
        }
    }

    /// <summary>The weights of one direction.</summary>
    private sealed class Filter
    {
        private readonly int[] _first;
        private readonly int[][] _weights;

        public Filter(int from, int to)
        {
            _first = new int[to];
            _weights = new int[to][];
            var scale = (double)from / to;
            var reach = Math.Max(scale, 1);
            for (var i = 0; i < to; i++)
            {
                var centre = (i + 0.5) * scale;
                var first = Math.Max((int)(centre - reach + 0.5), 0);
                var weights = new double[Math.Min((int)(centre + reach + 0.5), from) - first];
                for (var k = 0; k < weights.Length; k++) weights[k] = Math.Max(0, 1 - Math.Abs((k + first - centre + 0.5) / reach));
                var sum = weights.Sum();
                _first[i] = first;
                _weights[i] = Array.ConvertAll(weights, w => (int)(w / sum * (1 << Precision) + 0.5));
            }
        }

        public void Apply(int i, ReadOnlySpan<byte> values, int step, Span<byte> result)
        {
            int red = 1 << Precision - 1, green = red, blue = red;
            var at = _first[i] * step;
            foreach (var weight in _weights[i])
            {
                red += weight * values[at];
                green += weight * values[at + 1];
                blue += weight * values[at + 2];
                at += step;
            }
            // Weights are not negative, but their rounding may add up to a little more than 1.
            result[0] = (byte)Math.Min(red >> Precision, byte.MaxValue);
            result[1] = (byte)Math.Min(green >> Precision, byte.MaxValue);
            result[2] = (byte)Math.Min(blue >> Precision, byte.MaxValue);
        }
    }
}
