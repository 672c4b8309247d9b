using CsCheck;
using Masquerade.Alignment;
using Masquerade.Imaging;

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
        var warped = FaceAligner.Warp(photo, toPhoto, size);
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
        var row = FaceAligner.Warp(photo, new SimilarityTransform(0.5, 0, -0.5, 0), new ImageSize(5, 1));
        row.Pixels.Chunk(3).Select(p => (int)p[0]).ShouldBe([0, 10, 35, 85, 110]);
    }

    [Fact]
    public void A_half_is_rounded_to_even()
    {
        var photo = new FaceImage(2, 1, [1, 2, 3, 2, 3, 4]);
        FaceAligner.Warp(photo, new SimilarityTransform(1, 0, 0.5, 0), new ImageSize(1, 1)).Pixels.ShouldBe([2, 2, 4]);
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

    [Fact]
    public void FaceNet_s_crop_is_the_box_with_its_margin_cut_at_the_edges_and_resized()
    {
        var photo = Noise(250, 240, 6);
        var inside = Crop(new FaceBox(60.9, 50.2, 150.7, 170.99));
        inside.Pixels.ShouldBe(ImageResize.Bilinear(photo, 44, 34, 166 - 44, 186 - 34, new ImageSize(160, 160)).Pixels);
        var beyond = Crop(new FaceBox(-30, 5, 300, 235));
        beyond.Pixels.ShouldBe(ImageResize.Bilinear(photo, 0, 0, 250, 240, new ImageSize(160, 160)).Pixels);
        Should.Throw<InputException>(() => Crop(new FaceBox(300, 20, 380, 90))).Message.ShouldContain("lies outside the photograph");
        Should.Throw<InputException>(() => Crop(new FaceBox(double.NaN, 20, 80, 90))).Message.ShouldContain("lies outside the photograph");

        FaceImage Crop(FaceBox box) => FaceAligner.Align(photo.View, new LocatedFace(Template, box), AlignmentKind.FaceNet160x160);
    }

    [Fact]
    public void Without_a_box_one_is_estimated_that_moves_and_grows_with_the_landmarks()
    {
        var box = FaceBoxEstimate.Of(Template);
        box.Left.ShouldBeLessThan(Template.LeftEye.X);
        box.Right.ShouldBeGreaterThan(Template.RightEye.X);
        box.Top.ShouldBeLessThan(Template.LeftEye.Y);
        box.Bottom.ShouldBeGreaterThan(Template.LeftMouth.Y);
        var moved = FaceBoxEstimate.Of(Moved(Template, 10, 20));
        (moved.Left - box.Left, moved.Bottom - box.Bottom).ShouldBe((10, 20));
        var twice = FaceBoxEstimate.Of(new FiveLandmarks(Twice(Template.LeftEye), Twice(Template.RightEye), Twice(Template.Nose),
            Twice(Template.LeftMouth), Twice(Template.RightMouth)));
        twice.Width.ShouldBe(2 * box.Width, 1e-9);
        var photo = Noise(112, 112, 7);
        FaceAligner.Align(photo, Template, AlignmentKind.FaceNet160x160).Pixels
            .ShouldBe(FaceAligner.Align(photo.View, new LocatedFace(Template, box), AlignmentKind.FaceNet160x160).Pixels);
        var point = new ImagePoint(50, 50);
        Should.Throw<InputException>(() => FaceBoxEstimate.Of(new FiveLandmarks(point, point, point, point, point)))
            .Message.ShouldContain("(50, 50) coincide");

        static ImagePoint Twice(ImagePoint p) => new(2 * p.X, 2 * p.Y);
    }

    [Fact]
    public void The_middle_is_as_much_as_the_crop_s_shape_allows()
    {
        var wide = Noise(300, 112, 8);
        FaceAligner.Middle(wide.View, new ImageSize(96, 112)).Pixels
            .ShouldBe(ImageResize.Bilinear(wide, 102, 0, 96, 112, new ImageSize(96, 112)).Pixels);
        var tall = Noise(48, 200, 9);
        FaceAligner.Middle(tall.View, new ImageSize(96, 112)).Pixels
            .ShouldBe(ImageResize.Bilinear(tall, 0, 72, 48, 56, new ImageSize(96, 112)).Pixels);
        FaceAligner.Middle(Noise(1, 1000, 10).View, new ImageSize(96, 112)).Size.ShouldBe(new ImageSize(96, 112));
    }

    [Fact]
    public void A_kind_that_makes_no_crops_is_refused() =>
        Should.Throw<ArgumentException>(() => FaceAligner.Align(Noise(10, 10, 6), Template, AlignmentKind.None)).Message.ShouldContain("none");

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
