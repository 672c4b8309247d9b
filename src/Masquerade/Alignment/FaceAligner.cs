using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using Masquerade.Imaging;

namespace Masquerade.Alignment;

/// <summary>Cuts faces out of photographs so that eyes, nose and mouth lie where a network expects them.</summary>
public static class FaceAligner
{
    /// <summary>
    /// Where ArcFace's 112×112 crops have the five landmarks (Deng et al., CVPR 2019; insightface's <c>arcface_src</c>).
    /// </summary>
    private static readonly ImagePoint[] ArcFaceTemplate =
        [new(38.2946, 51.6963), new(73.5318, 51.5014), new(56.0252, 71.7366), new(41.5493, 92.3655), new(70.7299, 92.2041)];

    /// <summary>The narrow crop is the wide one less this many pixels on the left (and on the right).</summary>
    private const double NarrowCut = 8;

    /// <summary>The margin of FaceNet's crops, half of it on each side of the box (facenet's <c>align_dataset_mtcnn --margin 32</c>).</summary>
    private const int FaceNetMargin = 32;

    /// <summary>
    /// Cuts out a face. The ArcFace kinds work from its landmarks: the output pixel with centre (i+½, j+½) takes the photograph's value at
    /// that point's origin under the least-squares similarity transform, bilinear between pixel centres, rounded to 8 bits (half to even); as
    /// Pillow has it, the outermost half pixel repeats the edge, and what lies outside the photograph is black. FaceNet's kind takes the
    /// box with half its margin of 32 pixels on each side, cut at the photograph's edges and to whole pixels, and resizes it as Pillow does;
    /// where no box is known it is estimated from the landmarks (<see cref="FaceBoxEstimate"/>).
    /// </summary>
    /// <param name="photo">The photograph, any size.</param>
    /// <param name="face">Where the face is, in the photograph's pixels.</param>
    /// <param name="kind">Any alignment but <see cref="AlignmentKind.None"/>.</param>
    /// <returns>A crop of the kind's size.</returns>
    /// <exception cref="InputException">The landmarks coincide, are not finite, or lie outside the photograph.</exception>
    public static FaceImage Align(ImageView photo, LocatedFace face, AlignmentKind kind)
    {
        ArgumentNullException.ThrowIfNull(face);
        var size = kind.CropSize() ?? throw new ArgumentException($"the alignment {kind.Name()} makes no crops", nameof(kind));
        if (kind != AlignmentKind.FaceNet160x160) return Warp(photo, ToCrop(face, kind).Inverse(), size);
        var (left, top, width, height) = WithMargin(photo.Size, face);
        return ImageResize.Bilinear(photo, left, top, width, height, size);
    }

    /// <summary>Cuts out a face of which only the landmarks are known.</summary>
    /// <inheritdoc cref="Align(ImageView, LocatedFace, AlignmentKind)"/>
    /// <param name="photo">The photograph, any size.</param>
    /// <param name="landmarks">The face's landmarks in the photograph, in its pixels.</param>
    /// <param name="kind">Any alignment but <see cref="AlignmentKind.None"/>.</param>
    public static FaceImage Align(FaceImage photo, FiveLandmarks landmarks, AlignmentKind kind)
    {
        ArgumentNullException.ThrowIfNull(photo);
        return Align(photo.View, new LocatedFace(landmarks), kind);
    }

    /// <summary>The middle of a photograph, as much of it as a crop's shape allows, resized: for one in which no face is found.</summary>
    /// <param name="photo">The photograph, any size.</param>
    /// <param name="size">Size of the crop.</param>
    public static FaceImage Middle(ImageView photo, ImageSize size)
    {
        var (left, top, width, height) = MiddleOf(photo.Size, size);
        return ImageResize.Bilinear(photo, left, top, width, height, size);
    }

    /// <summary>Where ArcFace's crops have the landmarks; null for the other kinds, which have them anywhere.</summary>
    public static FiveLandmarks? Template(AlignmentKind kind)
    {
        if (kind is not (AlignmentKind.ArcFace112x112 or AlignmentKind.ArcFace112x96)) return null;
        var cut = kind == AlignmentKind.ArcFace112x96 ? NarrowCut : 0;
        ImagePoint[] points = [.. ArcFaceTemplate.Select(p => p with { X = p.X - cut })];
        return new FiveLandmarks(points[0], points[1], points[2], points[3], points[4]);
    }

    /// <summary>From a photograph to its crop, of one of ArcFace's kinds.</summary>
    internal static SimilarityTransform ToCrop(LocatedFace face, AlignmentKind kind)
    {
        var wide = SimilarityTransform.Fit(face.Landmarks.Points, ArcFaceTemplate);
        return kind == AlignmentKind.ArcFace112x96 ? wide with { ShiftX = wide.ShiftX - NarrowCut } : wide;
    }

    /// <summary>The rectangle that <see cref="Middle"/> shows.</summary>
    internal static (int Left, int Top, int Width, int Height) MiddleOf(ImageSize photo, ImageSize size)
    {
        var width = (int)Math.Clamp((long)photo.Height * size.Width / size.Height, 1, photo.Width);
        var height = (int)Math.Clamp((long)photo.Width * size.Height / size.Width, 1, photo.Height);
        return ((photo.Width - width) / 2, (photo.Height - height) / 2, width, height);
    }

    /// <summary>The rectangle that FaceNet's crop shows.</summary>
    internal static (int Left, int Top, int Width, int Height) WithMargin(ImageSize photo, LocatedFace face)
    {
        const double Margin = FaceNetMargin / 2;
        var box = face.Box ?? FaceBoxEstimate.Of(face.Landmarks);
        var (left, top) = (Whole(Math.Max(box.Left - Margin, 0)), Whole(Math.Max(box.Top - Margin, 0)));
        var (right, bottom) = (Whole(Math.Min(box.Right + Margin, photo.Width)), Whole(Math.Min(box.Bottom + Margin, photo.Height)));
        if (left < 0 || top < 0 || left >= right || top >= bottom)
            throw new InputException($"the face around ({box.Centre.X:0.#}, {box.Centre.Y:0.#}) lies outside the photograph; correct it");
        return (left, top, right - left, bottom - top);

        static int Whole(double edge) => double.IsNaN(edge) ? -1 : (int)edge;
    }

    /// <summary>Draws an image of the given size, each pixel from where <paramref name="toPhoto"/> takes its centre.</summary>
    internal static FaceImage Warp(ImageView photo, SimilarityTransform toPhoto, ImageSize size) =>
        Warp(photo, AffineTransform.Of(toPhoto), size);

    /// <summary>The same by any affine transform.</summary>
    /// <param name="photo">Where values are from.</param>
    /// <param name="toPhoto">Takes a place in the new image to its place there.</param>
    /// <param name="size">Size of the new image.</param>
    /// <param name="around">What is seen of the new image where <paramref name="photo"/> does not reach; null for black.</param>
    internal static FaceImage Warp(ImageView photo, AffineTransform toPhoto, ImageSize size, FaceImage? around = null)
    {
        var pixels = around is null ? new byte[size.Values] : (byte[])around.Pixels.Clone();
        var (width, height, stride) = (photo.Width, photo.Height, 3 * photo.Width);
        for (var j = 0; j < size.Height; j++)
        {
            var start = toPhoto.Apply(new ImagePoint(0.5, j + 0.5));
            var target = pixels.AsSpan(3 * j * size.Width, 3 * size.Width);
            for (var i = 0; i < size.Width; i++)
            {
                var x = start.X + i * toPhoto.XX;
                var y = start.Y + i * toPhoto.YX;
                if (!(x >= 0 && x < width && y >= 0 && y < height)) continue;
                // One more than the pixel whose centre is at the left and above, so that truncation is the floor.
                var (column, row) = ((int)(x + 0.5), (int)(y + 0.5));
                var above = TwoPixels(photo.Pixels.Slice(Math.Max(row - 1, 0) * stride, stride), column - 1);
                var below = TwoPixels(photo.Pixels.Slice(Math.Min(row, height - 1) * stride, stride), column - 1);
                var both = above + (below - above) * Vector256.Create((float)(y + 0.5 - row));
                var mixed = both.GetLower() + (both.GetUpper() - both.GetLower()) * Vector128.Create((float)(x + 0.5 - column));
                var levels = Vector128.ConvertToInt32(Vector128.Round(mixed, MidpointRounding.ToEven));
                target[3 * i] = (byte)levels[0];
                target[3 * i + 1] = (byte)levels[1];
                target[3 * i + 2] = (byte)levels[2];
            }
        }
        return new FaceImage(size.Width, size.Height, pixels);
    }

    /// <summary>Red, green, blue and nothing of a pixel and of the next one; a row goes on with its outermost pixel.</summary>
    private static Vector256<float> TwoPixels(ReadOnlySpan<byte> row, int column)
    {
        var at = 3 * column;
        ulong bytes;
        if (column >= 0 && at + sizeof(ulong) <= row.Length)
        {
            bytes = BinaryPrimitives.ReadUInt64LittleEndian(row[at..]);
        }
        else
        {
            var last = row.Length - 3;
            bytes = Pixel(row[Math.Max(at, 0)..]) | Pixel(row[Math.Min(at + 3, last)..]) << 24;
        }
        // Each pixel in four bytes, then each byte in a float.
        var spread = Vector128.CreateScalar(bytes & 0xFFFFFF | (bytes & 0xFFFFFF000000) << 8).AsByte();
        return Vector256.ConvertToSingle(Vector256.WidenLower(Vector128.WidenLower(spread).ToVector256Unsafe()).AsInt32());
    }

    private static ulong Pixel(ReadOnlySpan<byte> rgb) => rgb[0] | (uint)rgb[1] << 8 | (uint)rgb[2] << 16;
}
