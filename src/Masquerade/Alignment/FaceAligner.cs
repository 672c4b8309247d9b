using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Masquerade.Faces;

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

    /// <summary>
    /// Aligns a face by its landmarks: the output pixel with centre (i+½, j+½) takes the photograph's value at that point's origin under
    /// the least-squares similarity transform, bilinear between pixel centres, rounded to 8 bits (half to even). As Pillow has it, the
    /// outermost half pixel repeats the edge, and what lies outside the photograph is black.
    /// </summary>
    /// <param name="photo">The photograph, any size.</param>
    /// <param name="landmarks">The face's landmarks in the photograph, in its pixels.</param>
    /// <param name="kind">An alignment by landmarks.</param>
    /// <returns>A crop of the kind's size.</returns>
    /// <exception cref="InputException">The landmarks coincide or are not finite; or the kind does not work from landmarks.</exception>
    public static FaceImage Align(FaceImage photo, FiveLandmarks landmarks, AlignmentKind kind)
    {
        ArgumentNullException.ThrowIfNull(photo);
        ArgumentNullException.ThrowIfNull(landmarks);
        var toCrop = SimilarityTransform.Fit(landmarks.Points, ArcFaceTemplate);
        switch (kind)
        {
            case AlignmentKind.ArcFace112x112:
                return Warp(photo, toCrop.Inverse(), new ImageSize(112, 112));
            case AlignmentKind.ArcFace112x96:
                return Warp(photo, (toCrop with { ShiftX = toCrop.ShiftX - NarrowCut }).Inverse(), new ImageSize(96, 112));
            default:
                throw new InputException(NeedsCrops(kind));
        }
    }

    /// <summary>Why a kind of alignment cannot start from landmarks.</summary>
    internal static string NeedsCrops(AlignmentKind kind) =>
        $"the alignment {kind.Name()} does not work from landmarks; give crops of the model's input size and say --aligned";

    /// <summary>Draws an image of the given size, each pixel from where <paramref name="toPhoto"/> takes its centre.</summary>
    internal static FaceImage Warp(FaceImage photo, SimilarityTransform toPhoto, ImageSize size)
    {
        var pixels = new byte[size.Values];
        ref var target = ref MemoryMarshal.GetArrayDataReference(pixels);
        ref var source = ref MemoryMarshal.GetArrayDataReference(photo.Pixels);
        var (width, height) = (photo.Width, photo.Height);
        for (var j = 0; j < size.Height; j++)
        {
            var start = toPhoto.Apply(new ImagePoint(0.5, j + 0.5));
            for (var i = 0; i < size.Width; i++, target = ref Unsafe.Add(ref target, 3))
            {
                var x = start.X + i * toPhoto.A;
                var y = start.Y + i * toPhoto.B;
                if (!(x >= 0 && x < width && y >= 0 && y < height)) continue;
                // Shifted up by one so that truncation is the floor.
                var column = (int)(x + 0.5) - 1;
                var row = (int)(y + 0.5) - 1;
                var right = (float)(x - 0.5 - column);
                var below = (float)(y - 0.5 - row);
                var (left0, right0) = (3 * Math.Max(column, 0), 3 * Math.Min(column + 1, width - 1));
                ref var above0 = ref Unsafe.Add(ref source, 3 * width * Math.Max(row, 0));
                ref var below0 = ref Unsafe.Add(ref source, 3 * width * Math.Min(row + 1, height - 1));
                for (var c = 0; c < 3; c++)
                {
                    var top = Mix(Unsafe.Add(ref above0, left0 + c), Unsafe.Add(ref above0, right0 + c), right);
                    var bottom = Mix(Unsafe.Add(ref below0, left0 + c), Unsafe.Add(ref below0, right0 + c), right);
                    Unsafe.Add(ref target, c) = (byte)MathF.Round(Mix(top, bottom, below), MidpointRounding.ToEven);
                }
            }
        }
        return new FaceImage(size.Width, size.Height, pixels);
    }

    private static float Mix(float first, float second, float share) => first + (second - first) * share;
}
