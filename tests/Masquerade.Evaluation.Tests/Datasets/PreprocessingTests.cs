using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Tests.Datasets;

public sealed class PreprocessingTests
{
    [Fact]
    public void Study_2019_is_its_formula_rounded_to_8_bits()
    {
        var crop = Face(160, 1);
        var expected = Formula(crop);
        var made = Preprocessing.Study2019.Apply(crop);
        made.Size.ShouldBe(crop.Size);
        made.Pixels.Select((p, i) => Math.Abs(p - 255 * expected[i])).Max().ShouldBeLessThanOrEqualTo(0.5 + 1e-9);
        // What rounding takes from the study's images: the norm of a uniform error, √(values/12)/255.
        var norm = Math.Sqrt(made.Pixels.Select((p, i) => Math.Pow(p / 255.0 - expected[i], 2)).Sum());
        norm.ShouldBe(80 / 255.0, 0.05);
    }

    [Fact]
    public void What_lies_beyond_the_study_s_range_is_clipped()
    {
        // One white pixel in a thousand black ones is 5.5 standard deviations up per channel, which is beyond 4.5145.
        var pixels = new byte[3 * 40 * 40];
        for (var i = 0; i < 48; i++) pixels[i] = 255;
        var made = Preprocessing.Study2019.Apply(new FaceImage(40, 40, pixels));
        made.Pixels[0].ShouldBe((byte)255);
        made.Pixels[^1].ShouldBe((byte)Math.Round(255 * (3.1855 - 0.1005037815) / 7.7));
    }

    [Fact]
    public void A_crop_of_one_colour_has_the_least_deviation()
    {
        var grey = new FaceImage(8, 8, [.. Enumerable.Repeat((byte)77, 192)]);
        Preprocessing.Study2019.Apply(grey).Pixels.ShouldAllBe(p => p == 105); // 255 × 3.1855 / 7.7 = 105.49
    }

    [Fact]
    public void Without_preprocessing_a_crop_stays_what_it_is()
    {
        var crop = Face(16, 2);
        Preprocessing.None.Apply(crop).ShouldBeSameAs(crop);
    }

    [Fact]
    public void Names_are_read_and_others_refused()
    {
        Preprocessings.Names.Select(Preprocessings.Parse).ShouldBe(Enum.GetValues<Preprocessing>());
        Should.Throw<InputException>(() => Preprocessings.Parse("whiten")).Message.ShouldBe(
            "no preprocessing 'whiten'; known are none, study-2019");
    }

    [Fact]
    public void A_source_of_crops_applies_it()
    {
        using var run = new TinyRun(2);
        var cropper = new FaceCropper(Masquerade.Alignment.AlignmentKind.None, TinyRun.Size, null, aligned: true);
        var folder = new ImageFolder(run.Images);
        var plain = new FaceCropSource(folder, cropper).Load("p0a.png");
        var made = new FaceCropSource(folder, cropper, Preprocessing.Study2019).Load("p0a.png");
        made.Pixels.ShouldBe(Preprocessing.Study2019.Apply(plain).Pixels);
        made.Pixels.ShouldNotBe(plain.Pixels);
    }

    /// <summary>The definition, in plain double precision: standardised, mapped, clipped, not rounded.</summary>
    private static double[] Formula(FaceImage crop)
    {
        double[] x = [.. crop.Pixels.Select(p => (double)p)];
        var mean = x.Average();
        var std = Math.Max(Math.Sqrt(x.Select(v => (v - mean) * (v - mean)).Average()), 1 / Math.Sqrt(x.Length));
        return [.. x.Select(v => Math.Clamp(((v - mean) / std + 3.1855) / 7.7, 0, 1))];
    }

    private static FaceImage Face(int size, int seed)
    {
        var random = new Random(seed);
        return new FaceImage(size, size, [.. Enumerable.Range(0, 3 * size * size)
            .Select(i => (byte)Math.Clamp(120 + 60 * Math.Sin(i / 97.0) + 25 * random.NextDouble() + 0.001 * (i % 3), 0, 255))]);
    }
}
