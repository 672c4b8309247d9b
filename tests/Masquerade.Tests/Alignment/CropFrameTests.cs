using CsCheck;
using Masquerade.Alignment;
using Masquerade.Imaging;

namespace Masquerade.Tests.Alignment;

/// <summary>The way from one crop of a photograph to another, and back into the photograph.</summary>
public class CropFrameTests
{
    private static readonly ImageSize Photo = new(200, 180);
    private static readonly AlignmentKind[] Kinds =
        [AlignmentKind.ArcFace112x112, AlignmentKind.ArcFace112x96, AlignmentKind.FaceNet160x160];

    // ArcFace's template turned by 10 degrees, at 0.8 of its size.
    private static readonly SimilarityTransform ToPhoto = new(0.8 * Math.Cos(0.1745), 0.8 * Math.Sin(0.1745), 60, 40);

    private static LocatedFace Face
    {
        get
        {
            var p = FaceAligner.Template(AlignmentKind.ArcFace112x112)!.Points.Select(ToPhoto.Apply).ToArray();
            return new LocatedFace(new FiveLandmarks(p[0], p[1], p[2], p[3], p[4]), new FaceBox(70.5, 55.2, 145.9, 140.7));
        }
    }

    [Fact]
    public void A_landmark_goes_where_each_template_has_it()
    {
        foreach (var kind in (AlignmentKind[])[AlignmentKind.ArcFace112x112, AlignmentKind.ArcFace112x96])
        {
            var frame = CropFrame.Of(Photo, Face, kind);
            foreach (var (found, wanted) in Face.Landmarks.Points.Select(frame.ToCrop.Apply).Zip(FaceAligner.Template(kind)!.Points))
                Near(found, wanted);
        }
        // The box's edges with 16 pixels more, to whole pixels: 54 to 161 across, 39 to 156 down, stretched onto 160 each.
        var faceNet = CropFrame.Of(Photo, Face, AlignmentKind.FaceNet160x160);
        Near(faceNet.ToCrop.Apply(new ImagePoint(54, 39)), new ImagePoint(0, 0));
        Near(faceNet.ToCrop.Apply(new ImagePoint(161, 156)), new ImagePoint(160, 160));
        Near(faceNet.ToCrop.Apply(new ImagePoint(54 + 107 / 4.0, 39 + 117 / 2.0)), new ImagePoint(40, 80));
    }

    [Fact]
    public void A_landmark_goes_from_one_crop_to_the_other()
    {
        var wide = CropFrame.Of(Photo, Face, AlignmentKind.ArcFace112x112);
        var narrow = CropFrame.Of(Photo, Face, AlignmentKind.ArcFace112x96);
        var between = wide.ToCrop.Inverse().Then(narrow.ToCrop);
        foreach (var point in FaceAligner.Template(AlignmentKind.ArcFace112x112)!.Points)
            Near(between.Apply(point), point with { X = point.X - 8 });
    }

    [Fact]
    public void Affine_transforms_invert_and_follow_each_other() => Gen.Double[-3, 3].Array[12].Sample(v =>
    {
        var (a, b) = (new AffineTransform(v[0], v[1], v[2], v[3], v[4], v[5]), new AffineTransform(v[6], v[7], v[8], v[9], v[10], v[11]));
        var point = new ImagePoint(3.5, -2.25);
        Near(a.Then(b).Apply(point), b.Apply(a.Apply(point)), 1e-9);
        if (Math.Abs(v[0] * v[3] - v[1] * v[2]) > 0.05) Near(a.Inverse().Apply(a.Apply(point)), point, 1e-6);
    });

    [Fact]
    public void Where_kinds_are_equal_the_image_stays_as_it_is()
    {
        foreach (var kind in Kinds)
        {
            var frame = CropFrame.Of(Photo, Face, kind);
            var image = Noise(frame.Size, 5);
            frame.Carry(image, CropFrame.Of(Photo, Face, kind), Noise(frame.Size, 6)).ShouldBeSameAs(image);
        }
    }

    [Fact]
    public void A_crop_carried_over_is_the_other_crop_of_a_smooth_photograph()
    {
        var photo = Smooth(Photo);
        foreach (var from in Kinds)
        {
            foreach (var to in Kinds)
            {
                var (source, target) = (CropFrame.Of(Photo, Face, from), CropFrame.Of(Photo, Face, to));
                var around = FaceAligner.Align(photo.View, Face, to);
                var carried = source.Carry(FaceAligner.Align(photo.View, Face, from), target, around);
                carried.Size.ShouldBe(target.Size);
                Largest(carried, around).ShouldBeLessThanOrEqualTo(3, $"{from} to {to}");
            }
        }
    }

    [Fact]
    public void Every_pixel_carried_over_is_what_the_definition_says()
    {
        var source = CropFrame.Of(Photo, Face, AlignmentKind.ArcFace112x112);
        var target = CropFrame.Of(Photo, Face, AlignmentKind.FaceNet160x160);
        var (image, around) = (Noise(source.Size, 1), Noise(target.Size, 2));
        var carried = source.Carry(image, target, around);
        var outside = 0;
        for (var y = 0; y < target.Size.Height; y++)
        {
            for (var x = 0; x < target.Size.Width; x++)
            {
                var at = source.ToCrop.Apply(target.ToCrop.Inverse().Apply(new ImagePoint(x + 0.5, y + 0.5)));
                var inside = at.X >= 0 && at.Y >= 0 && at.X < 112 && at.Y < 112;
                if (!inside) outside++;
                for (var c = 0; c < 3; c++)
                {
                    var wanted = inside ? Bilinear(image, at, c) : around.Pixels[3 * (y * 160 + x) + c];
                    Math.Abs(carried.Pixels[3 * (y * 160 + x) + c] - wanted).ShouldBeLessThanOrEqualTo(0.51);
                }
            }
        }
        outside.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void What_is_pasted_and_aligned_again_is_the_crop_but_for_interpolation()
    {
        var photo = Smooth(Photo);
        foreach (var kind in Kinds)
        {
            var frame = CropFrame.Of(Photo, Face, kind);
            var clean = FaceAligner.Align(photo.View, Face, kind);
            var image = Changed(clean);
            var pasted = frame.Paste(photo, clean, image);
            Largest(FaceAligner.Align(pasted.View, Face, kind), image, rim: 3).ShouldBeLessThanOrEqualTo(4, $"{kind}");
            Largest(clean, image).ShouldBeGreaterThan(20);
        }
    }

    [Fact]
    public void Pasting_changes_nothing_outside_the_crop()
    {
        var photo = Noise(Photo, 9);
        var frame = CropFrame.Of(Photo, Face, AlignmentKind.ArcFace112x112);
        var clean = FaceAligner.Align(photo.View, Face, AlignmentKind.ArcFace112x112);
        var white = new FaceImage(112, 112, [.. Enumerable.Repeat(byte.MaxValue, 3 * 112 * 112)]);
        var pasted = frame.Paste(photo, clean, white);
        for (var y = 0; y < Photo.Height; y++)
        {
            for (var x = 0; x < Photo.Width; x++)
            {
                var at = frame.ToCrop.Apply(new ImagePoint(x + 0.5, y + 0.5));
                if (at.X >= 0 && at.Y >= 0 && at.X < 112 && at.Y < 112) continue;
                for (var c = 0; c < 3; c++)
                    pasted.Pixels[3 * (y * Photo.Width + x) + c].ShouldBe(photo.Pixels[3 * (y * Photo.Width + x) + c]);
            }
        }
        frame.Paste(photo, clean, clean).Pixels.ShouldBe(photo.Pixels);
    }

    [Fact]
    public void Where_the_photograph_is_the_crop_pasting_gives_the_image()
    {
        var size = new ImageSize(20, 30);
        var (photo, image) = (Noise(size, 3), Noise(size, 4));
        CropFrame.Whole(size).Paste(photo, photo, image).Pixels.ShouldBe(image.Pixels);
    }

    [Fact]
    public void The_middle_s_frame_is_what_the_middle_shows()
    {
        var frame = CropFrame.Middle(new ImageSize(300, 112), new ImageSize(96, 112));
        Near(frame.ToCrop.Apply(new ImagePoint(102, 0)), new ImagePoint(0, 0));
        Near(frame.ToCrop.Apply(new ImagePoint(198, 112)), new ImagePoint(96, 112));
    }

    private static void Near(ImagePoint found, ImagePoint wanted, double within = 1e-6)
    {
        found.X.ShouldBe(wanted.X, within);
        found.Y.ShouldBe(wanted.Y, within);
    }

    private static int Largest(FaceImage a, FaceImage b, int rim = 0)
    {
        var largest = 0;
        for (var y = rim; y < a.Height - rim; y++)
        {
            for (var i = 3 * rim; i < 3 * (a.Width - rim); i++)
                largest = Math.Max(largest, Math.Abs(a.Pixels[3 * y * a.Width + i] - b.Pixels[3 * y * a.Width + i]));
        }
        return largest;
    }

    private static FaceImage Smooth(ImageSize size) =>
        Filled(size, (x, y, c) => 128 + 60 * Math.Sin(0.04 * x + c) * Math.Cos(0.035 * y - c));

    private static FaceImage Changed(FaceImage clean) => Filled(clean.Size, (x, y, c) =>
        clean.Pixels[3 * (y * clean.Width + x) + c] + 25 * Math.Sin(0.07 * x) * Math.Sin(0.06 * y + c));

    private static FaceImage Filled(ImageSize size, Func<int, int, int, double> value)
    {
        var pixels = new byte[size.Values];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)Math.Clamp(Math.Round(value(i / 3 % size.Width, i / 3 / size.Width, i % 3)), 0, 255);
        return new FaceImage(size.Width, size.Height, pixels);
    }

    private static FaceImage Noise(ImageSize size, int seed)
    {
        var pixels = new byte[size.Values];
        new Random(seed).NextBytes(pixels);
        return new FaceImage(size.Width, size.Height, pixels);
    }

    private static double Bilinear(FaceImage image, ImagePoint at, int channel)
    {
        var (x, y) = (at.X - 0.5, at.Y - 0.5);
        var (left, top) = ((int)Math.Floor(x), (int)Math.Floor(y));
        double sum = 0;
        for (var j = 0; j < 2; j++)
        {
            for (var i = 0; i < 2; i++)
            {
                var (column, row) = (Math.Clamp(left + i, 0, image.Width - 1), Math.Clamp(top + j, 0, image.Height - 1));
                var weight = (1 - Math.Abs(x - left - i)) * (1 - Math.Abs(y - top - j));
                sum += weight * image.Pixels[3 * (row * image.Width + column) + channel];
            }
        }
        return sum;
    }
}
