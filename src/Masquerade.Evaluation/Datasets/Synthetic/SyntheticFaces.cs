using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.Synthetic.Painting;
using Masquerade.Imaging;
using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic;

/// <summary>A photograph of somebody who does not exist.</summary>
/// <param name="Jpeg">The photograph as a JPEG file.</param>
/// <param name="Landmarks">Where its landmarks are, exactly.</param>
public sealed record SyntheticPhotograph(byte[] Jpeg, FiveLandmarks Landmarks)
{
    /// <summary>The photograph's pixels, decoded anew at every call.</summary>
    public FaceImage Decode() => ImageFile.Decode(Jpeg, "a synthetic photograph");
}

/// <summary>
/// Photographs of people who do not exist, painted. A photograph depends on the seed,
/// the person's number and the photograph's number alone,
/// not on what was painted before or on which thread.
/// </summary>
/// <param name="seed">Another seed, other people.</param>
public sealed class SyntheticFaces(ulong seed)
{
    /// <summary>Raised whenever the same seed gives other photographs.</summary>
    public const int Version = 2;

    /// <summary>Width and height of a photograph, in pixels, as in LFW.</summary>
    public const int Side = 250;

    /// <summary>Paints a photograph. Safe on many threads.</summary>
    /// <param name="person">Who, from 0.</param>
    /// <param name="capture">Which photograph of them, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public SyntheticPhotograph Photograph(int person, int capture)
    {
        var (who, how) = Draw(person, capture);
        using var bitmap = Paint(who, how, person, capture);
        using var pixels = bitmap.PeekPixels();
        using var jpeg = pixels.Encode(new SKJpegEncoderOptions(how.JpegQuality))
            ?? throw new InvalidOperationException("no JPEG of a synthetic photograph");
        return new SyntheticPhotograph(jpeg.ToArray(), Marks(who, how).InPhotograph());
    }

    /// <summary>The landmarks of a photograph, without painting it.</summary>
    /// <param name="person">Who, from 0.</param>
    /// <param name="capture">Which photograph of them, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public FiveLandmarks Landmarks(int person, int capture)
    {
        var (who, how) = Draw(person, capture);
        return Marks(who, how).InPhotograph();
    }

    /// <summary>A photograph's pixels before they become a JPEG.</summary>
    internal FaceImage Pixels(int person, int capture)
    {
        var (who, how) = Draw(person, capture);
        using var bitmap = Paint(who, how, person, capture);
        return Opaque(bitmap);
    }

    /// <summary>The colours of a bitmap of four bytes a pixel.</summary>
    internal static FaceImage Opaque(SKBitmap bitmap)
    {
        var bytes = bitmap.GetPixelSpan();
        var rgb = new byte[3 * bitmap.Width * bitmap.Height];
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3) bytes.Slice(from, 3).CopyTo(rgb.AsSpan(to));
        return new FaceImage(bitmap.Width, bitmap.Height, rgb);
    }

    private (SyntheticIdentity Who, SyntheticCapture How) Draw(int person, int capture)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(person);
        ArgumentOutOfRangeException.ThrowIfNegative(capture);
        return (SyntheticIdentity.Draw(seed, person), SyntheticCapture.Draw(seed, person, capture));
    }

    private static FaceMarks Marks(SyntheticIdentity who, SyntheticCapture how) => new(who, how, new HeadPose(who, how));

    private SKBitmap Paint(SyntheticIdentity who, SyntheticCapture how, int person, int capture)
    {
        // In floats: of 8 bits, ARM and x64 round otherwise in every layer, and the differences add up.
        using var scene = new SKBitmap(new SKImageInfo(Side, Side, SKColorType.RgbaF32, SKAlphaType.Premul, null));
        using var canvas = new SKCanvas(scene);
        var easel = new Easel(canvas);
        Backdrop.Paint(easel, how, Stream(Purpose.Background, capture));
        var pose = new HeadPose(who, how);
        canvas.Concat(pose.Frame);
        PaintPerson(easel, who, how, pose, Stream(Purpose.Hair, 0));
        canvas.Flush();
        return Camera.Expose(scene, how, Stream(Purpose.Noise, capture));

        SplitMix Stream(Purpose purpose, int number) => SplitMix.For(seed, (ulong)person, (ulong)number, (ulong)purpose);
    }

    private static void PaintPerson(Easel easel, SyntheticIdentity who, SyntheticCapture how, HeadPose pose, SplitMix strands)
    {
        var marks = new FaceMarks(who, how, pose);
        var head = new HeadPainter(easel, who, how, pose);
        var eyes = new EyePainter(easel, who, how, pose, marks);
        var mouth = new MouthPainter(easel, who, how, pose, marks);
        var hair = new HairPainter(easel, who, how, pose, strands);
        using var outline = head.Outline();
        hair.Behind();
        head.Body();
        head.Ears();
        head.Skin(outline);
        mouth.Beard(outline);
        mouth.Mouth();
        mouth.Nose();
        easel.Inside(outline, eyes.Paint);
        eyes.Frames();
        head.Light(outline);
        hair.Before();
    }
}
