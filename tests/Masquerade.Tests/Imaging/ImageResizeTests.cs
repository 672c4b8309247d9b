using System.Security.Cryptography;
using CsCheck;
using Masquerade.Imaging;

namespace Masquerade.Tests.Imaging;

public class ImageResizeTests
{
    [Fact]
    public void The_same_size_is_the_same_image()
    {
        var image = Noise.Image(17, 9, 1);
        ImageResize.Bilinear(image, 0, 0, 17, 9, image.Size).Pixels.ShouldBe(image.Pixels);
    }

    [Fact]
    public void Twice_the_size_is_known_by_heart()
    {
        byte[] grey = [0, 100, 200, 50];
        byte[] expected = [0, 25, 75, 100, 50, 60, 78, 88, 150, 129, 85, 63, 200, 163, 88, 50];
        var image = new FaceImage(2, 2, [.. grey.SelectMany(v => new[] { v, v, v })]);
        var larger = ImageResize.Bilinear(image, 0, 0, 2, 2, new ImageSize(4, 4));
        larger.Pixels.Where((_, i) => i % 3 == 0).ShouldBe(expected);
    }

    // What Pillow 9.4 makes of images whose value at (x, y, channel) is 37x + 91y + 53c + 11xy mod 256.
    [Theory]
    [InlineData(37, 29, 160, 160, "d47f889a552d334ad253e3b488ed3918adb04fcfbfd9b708190b63f334a5605b")]
    [InlineData(300, 211, 160, 160, "1477cbc778a1d8d2f54fce26e255b2b15494edc4d5e0670731386bd4f1749e0f")]
    [InlineData(120, 400, 112, 96, "bcc346f8f64ba1ac14dccd1574ce432c9ac53c7298950954224808aaf8b9f768")]
    public void Pixels_are_Pillow_s(int width, int height, int columns, int rows, string sha256)
    {
        var pixels = new byte[3 * width * height];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (x, y, c) = (i / 3 % width, i / 3 / width, i % 3);
            pixels[i] = (byte)(37 * x + 91 * y + 53 * c + 11 * x * y);
        }
        var resized = ImageResize.Bilinear(new FaceImage(width, height, pixels), 0, 0, width, height, new ImageSize(columns, rows));
        Convert.ToHexStringLower(SHA256.HashData(resized.Pixels)).ShouldBe(sha256);
    }

    [Fact]
    public void Every_pixel_is_the_weighted_mean_that_the_definition_gives() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int).Sample((width, height, columns, rows, seed) =>
        {
            var image = Noise.Image(width + 3, height + 2, seed);
            var resized = ImageResize.Bilinear(image, 2, 1, width, height, new ImageSize(columns, rows));
            for (var i = 0; i < resized.Pixels.Length; i++)
            {
                var (x, y, c) = (i / 3 % columns, i / 3 / columns, i % 3);
                var (across, down) = (Triangle(x, width, columns), Triangle(y, height, rows));
                double sum = 0;
                for (var v = 0; v < height; v++)
                {
                    for (var u = 0; u < width; u++)
                        sum += across[u] * down[v] * image.Pixels[3 * ((v + 1) * image.Width + u + 2) + c];
                }
                // Two roundings: across and down.
                ((double)resized.Pixels[i]).ShouldBe(sum, 1.001);
            }
        }, iter: 30);

    [Fact]
    public void Shrinking_keeps_the_shape_and_averages()
    {
        ImageResize.ShrinkTo(Noise.Image(100, 50, 2), 100).ShouldBeNull();
        var halved = ImageResize.ShrinkTo(Noise.Image(100, 50, 2), 50).ShouldNotBeNull();
        halved.Size.ShouldBe(new ImageSize(50, 25));
        var image = Noise.Image(100, 50, 2);
        for (var i = 0; i < halved.Pixels.Length; i++)
        {
            var (x, y, c) = (i / 3 % 50, i / 3 / 50, i % 3);
            var sum = At(2 * x, 2 * y) + At(2 * x + 1, 2 * y) + At(2 * x, 2 * y + 1) + At(2 * x + 1, 2 * y + 1);
            halved.Pixels[i].ShouldBe((byte)((sum + 2) / 4));

            int At(int column, int row) => image.Pixels[3 * (row * 100 + column) + c];
        }
        ImageResize.ShrinkTo(Noise.Image(3000, 1, 3), 12).ShouldNotBeNull().Size.ShouldBe(new ImageSize(12, 1));
    }

    private static double[] Triangle(int i, int from, int to)
    {
        var scale = (double)from / to;
        var weights = Enumerable.Range(0, from)
            .Select(k => Math.Max(0, 1 - Math.Abs(k + 0.5 - (i + 0.5) * scale) / Math.Max(scale, 1))).ToArray();
        return [.. weights.Select(w => w / weights.Sum())];
    }
}
