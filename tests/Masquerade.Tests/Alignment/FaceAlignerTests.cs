using CsCheck;
using Masquerade.Alignment;
using Masquerade.Faces;

namespace Masquerade.Tests.Alignment;

public class FaceAlignerTests
{
    private static readonly FiveLandmarks Template =
        new(new(38.2946, 51.6963), new(73.5318, 51.5014), new(56.0252, 71.7366), new(41.5493, 92.3655), new(70.7299, 92.2041));

    [Fact]
    public void A_face_that_is_in_place_stays_as_it_is()
    {
        var photo = Noise(112, 112, 1);
        FaceAligner.Align(photo, Template, AlignmentKind.ArcFace112x112).Pixels.ShouldBe(photo.Pixels);
    }

    [Fact]
    public void A_face_elsewhere_is_moved_into_place()
    {
        var photo = Noise(140, 150, 2);
        var crop = FaceAligner.Align(photo, Moved(Template, 20, 30), AlignmentKind.ArcFace112x112);
        for (var y = 0; y < 112; y++)
        {
            var expected = photo.Pixels.AsSpan(3 * ((y + 30) * 140 + 20), 3 * 112);
            crop.Pixels.AsSpan(3 * 112 * y, 3 * 112).SequenceEqual(expected).ShouldBeTrue($"row {y}");
        }
    }

    [Fact]
    public void The_narrow_crop_is_the_middle_of_the_wide_one()
    {
        var photo = Noise(200, 180, 3);
        var landmarks = new FiveLandmarks(new(70, 80), new(120, 85), new(95, 105), new(74, 130), new(115, 134));
        var wide = FaceAligner.Align(photo, landmarks, AlignmentKind.ArcFace112x112);
        var narrow = FaceAligner.Align(photo, landmarks, AlignmentKind.ArcFace112x96);
        narrow.Size.ShouldBe(new ImageSize(96, 112));
        for (var y = 0; y < 112; y++)
        {
            for (var i = 0; i < 3 * 96; i++)
                Math.Abs(narrow.Pixels[3 * 96 * y + i] - wide.Pixels[3 * (112 * y + 8) + i]).ShouldBeLessThanOrEqualTo(1);
        }
    }

    [Fact]
    public void Every_pixel_is_what_the_definition_says() => Gen.Select(Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int, Gen.Double[-2, 2],
        Gen.Double[-2, 2], Gen.Double[-20, 60], Gen.Double[-20, 60]).Sample((width, height, seed, a, b, shiftX, shiftY) =>
    {
        var photo = Noise(width, height, seed);
        var toPhoto = new SimilarityTransform(a, b, shiftX, shiftY);
        var size = new ImageSize(23, 17);
        var warped = FaceAligner.Warp(photo.Pixels, photo.Size, toPhoto, size);
        for (var i = 0; i < size.Values; i++)
        {
            var (pixel, channel) = (i / 3, i % 3);
            var from = toPhoto.Apply(new ImagePoint(pixel % size.Width + 0.5, pixel / size.Width + 0.5));
            if (OnTheRim(from.X, width) || OnTheRim(from.Y, height)) continue;
            if (Math.Abs(warped.Pixels[i] - Bilinear(photo, from, channel)) > 0.501) return false;
        }
        return true;

        // There the last bit of a coordinate decides between black and the edge's colour.
        static bool OnTheRim(double at, int length) => Math.Abs(at) < 1e-9 || Math.Abs(at - length) < 1e-9;
    }, iter: 500);

    [Fact]
    public void Outside_is_black_and_the_outermost_half_pixel_repeats_the_edge()
    {
        var photo = new FaceImage(2, 1, [10, 20, 30, 110, 120, 130]);
        // Five samples a half apart: outside, the edge, its pixel's centre, between the two, the other centre.
        var row = FaceAligner.Warp(photo.Pixels, photo.Size, new SimilarityTransform(0.5, 0, -0.5, 0), new ImageSize(5, 1));
        row.Pixels.Chunk(3).Select(p => (int)p[0]).ShouldBe([0, 10, 35, 85, 110]);
    }

    [Fact]
    public void A_half_is_rounded_to_even()
    {
        var photo = new FaceImage(2, 1, [1, 2, 3, 2, 3, 4]);
        FaceAligner.Warp(photo.Pixels, photo.Size, new SimilarityTransform(1, 0, 0.5, 0), new ImageSize(1, 1)).Pixels.ShouldBe([2, 2, 4]);
    }

    [Fact]
    public void Far_away_landmarks_give_a_black_crop()
    {
        var crop = FaceAligner.Align(Noise(10, 10, 4), Moved(Template, 1e12, -1e12), AlignmentKind.ArcFace112x112);
        crop.Pixels.ShouldAllBe(v => v == 0);
    }

    [Fact]
    public void Landmarks_at_one_point_are_refused()
    {
        var point = new ImagePoint(50, 50);
        var landmarks = new FiveLandmarks(point, point, point, point, point);
        Should.Throw<InputException>(() => FaceAligner.Align(Noise(10, 10, 5), landmarks, AlignmentKind.ArcFace112x112)).Message
            .ShouldContain("(50, 50) coincide");
    }

    [Theory]
    [InlineData(AlignmentKind.FaceNet160x160)]
    [InlineData(AlignmentKind.None)]
    public void A_kind_without_landmarks_says_what_to_do(AlignmentKind kind) =>
        Should.Throw<InputException>(() => FaceAligner.Align(Noise(10, 10, 6), Template, kind)).Message.ShouldContain("--aligned");

    [Fact]
    public void Kinds_have_the_names_of_model_descriptors()
    {
        foreach (var kind in Enum.GetValues<AlignmentKind>()) AlignmentKinds.Parse(kind.Name()).ShouldBe(kind);
        Enum.GetValues<AlignmentKind>().Select(k => k.Name()).ShouldBe(["none", "arcface-112x112", "arcface-112x96", "facenet-160x160"]);
        AlignmentKind.ArcFace112x96.CropSize().ShouldBe(new ImageSize(96, 112));
        Should.Throw<InputException>(() => AlignmentKinds.Parse("arcface")).Message.ShouldContain("known are none, arcface-112x112");
    }

    /// <summary>Bilinear interpolation between pixel centres as Pillow defines it, in double; black outside.</summary>
    private static double Bilinear(FaceImage photo, ImagePoint at, int channel)
    {
        if (at.X < 0 || at.X >= photo.Width || at.Y < 0 || at.Y >= photo.Height) return 0;
        var (column, row) = ((int)Math.Floor(at.X - 0.5), (int)Math.Floor(at.Y - 0.5));
        var (right, below) = (at.X - 0.5 - column, at.Y - 0.5 - row);
        return (1 - below) * ((1 - right) * Value(column, row) + right * Value(column + 1, row))
            + below * ((1 - right) * Value(column, row + 1) + right * Value(column + 1, row + 1));

        double Value(int x, int y) =>
            photo.Pixels[3 * (Math.Clamp(y, 0, photo.Height - 1) * photo.Width + Math.Clamp(x, 0, photo.Width - 1)) + channel];
    }

    private static FaceImage Noise(int width, int height, int seed)
    {
        var pixels = new byte[3 * width * height];
        new Random(seed).NextBytes(pixels);
        return new FaceImage(width, height, pixels);
    }

    private static FiveLandmarks Moved(FiveLandmarks face, double x, double y)
    {
        return new FiveLandmarks(Move(face.LeftEye), Move(face.RightEye), Move(face.Nose), Move(face.LeftMouth), Move(face.RightMouth));

        ImagePoint Move(ImagePoint p) => new(p.X + x, p.Y + y);
    }
}
