using CsCheck;
using Masquerade.Imaging;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Tests.Imaging;

public class SummedAreaTests
{
    [Fact]
    public void Resampling_is_torch_s_by_area() => Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[1, 50], Gen.Int[1, 50], Gen.Int).Sample(
        (width, height, columns, rows, seed) =>
        {
            var image = Noise.Image(width, height, seed);
            using var sums = new SummedArea(image);
            var actual = new float[3 * columns * rows];
            sums.Resample(0, 0, width, height, new ImageSize(columns, rows), actual, 127.5f, 1 / 128f);
            using var scope = NewDisposeScope();
            var planar = new float[image.Pixels.Length];
            for (var i = 0; i < planar.Length; i++) planar[i % 3 * width * height + i / 3] = image.Pixels[i];
            var pooled = nn.functional.adaptive_avg_pool2d(tensor(planar, [1, 3, height, width]), [rows, columns]);
            var expected = pooled.data<float>().ToArray();
            for (var i = 0; i < actual.Length; i++) actual[i].ShouldBe((expected[i] - 127.5f) / 128, 1e-5f);
        }, iter: 50);

    [Fact]
    public void A_rectangle_is_as_good_as_an_image_of_its_own()
    {
        var image = Noise.Image(31, 23, 1);
        using var sums = new SummedArea(image);
        var (part, alone) = (new float[3 * 8 * 8], new float[3 * 8 * 8]);
        sums.Resample(5, 4, 20, 17, new ImageSize(8, 8), part, 0, 1);
        var pixels = new byte[3 * 20 * 17];
        for (var y = 0; y < 17; y++) image.Pixels.AsSpan(3 * ((y + 4) * 31 + 5), 3 * 20).CopyTo(pixels.AsSpan(3 * 20 * y));
        using var other = new SummedArea(new FaceImage(20, 17, pixels));
        other.Resample(0, 0, 20, 17, new ImageSize(8, 8), alone, 0, 1);
        part.ShouldBe(alone);
    }

    [Fact]
    public void Sums_beyond_32_bits_wrap_around_and_back()
    {
        // 17 million white pixels add up to more than 2³².
        const int Side = 4200;
        var white = new byte[3 * Side * Side];
        Array.Fill(white, (byte)255);
        using var sums = new SummedArea(new FaceImage(Side, Side, white));
        var values = new float[3 * 12 * 12];
        sums.Resample(0, 0, Side, Side, new ImageSize(12, 12), values, 0, 1);
        values.ShouldAllBe(v => v == 255);
    }
}
