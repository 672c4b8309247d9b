using Masquerade.Imaging;

namespace Masquerade.Alignment;

/// <summary>Which part of a photograph a crop shows: what was known when it was cut out, kept to find the way back.</summary>
/// <param name="ToCrop">Takes a place in the photograph to its place in the crop.</param>
/// <param name="Size">Size of the crop.</param>
public readonly record struct CropFrame(AffineTransform ToCrop, ImageSize Size)
{
    /// <summary>Of a photograph that already is the crop.</summary>
    public static CropFrame Whole(ImageSize size) => new(AffineTransform.Identity, size);

    /// <summary>Of the crop that <see cref="FaceAligner.Align(ImageView, LocatedFace, AlignmentKind)"/> cuts out.</summary>
    /// <param name="photo">Size of the photograph.</param>
    /// <param name="face">Where the face is.</param>
    /// <param name="kind">Any alignment but <see cref="AlignmentKind.None"/>.</param>
    /// <exception cref="InputException">The landmarks coincide, are not finite, or lie outside the photograph.</exception>
    public static CropFrame Of(ImageSize photo, LocatedFace face, AlignmentKind kind)
    {
        ArgumentNullException.ThrowIfNull(face);
        var size = kind.CropSize() ?? throw new ArgumentException($"the alignment {kind.Name()} makes no crops", nameof(kind));
        if (kind != AlignmentKind.FaceNet160x160) return new CropFrame(AffineTransform.Of(FaceAligner.ToCrop(face, kind)), size);
        var (left, top, width, height) = FaceAligner.WithMargin(photo, face);
        return new CropFrame(AffineTransform.Onto(left, top, width, height, size.Width, size.Height), size);
    }

    /// <summary>Of the crop that <see cref="FaceAligner.Middle"/> cuts out.</summary>
    /// <param name="photo">Size of the photograph.</param>
    /// <param name="size">Size of the crop.</param>
    public static CropFrame Middle(ImageSize photo, ImageSize size)
    {
        var (left, top, width, height) = FaceAligner.MiddleOf(photo, size);
        return new CropFrame(AffineTransform.Onto(left, top, width, height, size.Width, size.Height), size);
    }

    /// <summary>
    /// The image of this crop as another crop of the same photograph shows it: moved by the two known transforms, bilinear between pixel
    /// centres, rounded to 8 bits. Nothing is detected again.
    /// </summary>
    /// <param name="image">What this crop became, of its size.</param>
    /// <param name="other">The other crop's frame. Where it is the same, the image stays as it is.</param>
    /// <param name="around">The other crop of the photograph itself: what is seen where this crop does not reach.</param>
    public FaceImage Carry(FaceImage image, CropFrame other, FaceImage around)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(around);
        if (image.Size != Size || around.Size != other.Size)
            throw new ArgumentException($"{image.Size} and {around.Size} where the crops are {Size} and {other.Size}", nameof(image));
        return this == other ? image : FaceAligner.Warp(image, other.ToCrop.Inverse().Then(ToCrop), other.Size, around);
    }

    /// <summary>
    /// The whole photograph with what was done to this crop of it: the change of each value is taken back by the inverse transform,
    /// bilinear between pixel centres, added, and rounded to 8 bits (half to even). Outside the crop nothing changes.
    /// </summary>
    /// <param name="photo">The photograph.</param>
    /// <param name="clean">This crop of it.</param>
    /// <param name="image">What the crop became.</param>
    public FaceImage Paste(FaceImage photo, FaceImage clean, FaceImage image)
    {
        ArgumentNullException.ThrowIfNull(photo);
        ArgumentNullException.ThrowIfNull(clean);
        ArgumentNullException.ThrowIfNull(image);
        if (clean.Size != Size || image.Size != Size)
            throw new ArgumentException($"{clean.Size} and {image.Size} where the crop is {Size}", nameof(image));
        var pixels = (byte[])photo.Pixels.Clone();
        var change = new int[Size.Values];
        for (var i = 0; i < change.Length; i++) change[i] = image.Pixels[i] - clean.Pixels[i];
        for (var j = 0; j < photo.Height; j++)
        {
            var start = ToCrop.Apply(new ImagePoint(0.5, j + 0.5));
            for (var i = 0; i < photo.Width; i++)
            {
                var (x, y) = (start.X + i * ToCrop.XX, start.Y + i * ToCrop.YX);
                if (!(x >= 0 && x < Size.Width && y >= 0 && y < Size.Height)) continue;
                var at = 3 * (j * photo.Width + i);
                for (var channel = 0; channel < 3; channel++)
                {
                    var level = Math.Round(pixels[at + channel] + Between(change, x, y, channel), MidpointRounding.ToEven);
                    pixels[at + channel] = (byte)Math.Clamp(level, 0, 255);
                }
            }
        }
        return new FaceImage(photo.Width, photo.Height, pixels);
    }

    /// <summary>A value between pixel centres; the outermost half pixel repeats the edge, as in crops.</summary>
    private double Between(int[] values, double x, double y, int channel)
    {
        var (column, row) = ((int)(x + 0.5), (int)(y + 0.5));
        var (left, right) = (Math.Max(column - 1, 0), Math.Min(column, Size.Width - 1));
        var (above, below) = (Math.Max(row - 1, 0), Math.Min(row, Size.Height - 1));
        var (across, down) = (x + 0.5 - column, y + 0.5 - row);
        var width = Size.Width;
        return (1 - down) * ((1 - across) * Value(left, above) + across * Value(right, above))
            + down * ((1 - across) * Value(left, below) + across * Value(right, below));

        double Value(int c, int r) => values[3 * (r * width + c) + channel];
    }
}
