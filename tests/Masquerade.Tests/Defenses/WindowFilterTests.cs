using Masquerade.Defenses;
using Masquerade.Defenses.Filters;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses;

/// <summary>Filters against the loops that define them.</summary>
public class WindowFilterTests
{
    private const int Height = 19, Width = 14;

    /// <summary>What a filter makes of one value.</summary>
    private delegate double Rule(double[,,,] images, int image, int channel, int y, int x);

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(2)]
    [InlineData(10)]
    public void Mean(int size)
    {
        var (before, after) = (size / 2, (size - 1) / 2);
        Check(new MeanFilter(size), (images, n, c, y, x) => Around(y, x, before, after).Average(p => At(images, n, c, p.Y, p.X)));
        Check(new MeanFilter(size, MeanBorder.Inside), (images, n, c, y, x) => Around(y, x, before, after)
            .Where(p => p.Y is >= 0 and < Height && p.X is >= 0 and < Width).Average(p => images[n, c, p.Y, p.X]));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(9)]
    public void Median(int size) => Check(new MedianFilter(size), (images, n, c, y, x) =>
        Around(y, x, size / 2, size / 2).Select(p => At(images, n, c, p.Y, p.X)).Order().ElementAt(size * size / 2));

    [Fact]
    public void Median_of_images_that_are_laid_out_in_parts()
    {
        using var scope = NewDisposeScope();
        // 3·300·225 values a row: some rows at a time.
        var image = Pictures.Even(1, 120, 300, 5);
        var whole = new MedianFilter(15).Purify(image);
        var part = new MedianFilter(15).Purify(image.narrow(2, 40, 60));
        Pictures.Difference(whole.narrow(2, 47, 46), part.narrow(2, 7, 46)).ShouldBe(0);
    }

    [Theory]
    [InlineData(0.6, 2)]
    [InlineData(1.0, 3)]
    [InlineData(2.5, 8)]
    public void Gaussian(double sigma, int reach) => Check(new GaussianFilter(sigma), (images, n, c, y, x) => WeightedMean(
        Around(y, x, reach, reach),
        p => Math.Exp(-(Square(p.Y - y) + Square(p.X - x)) / (2 * sigma * sigma)),
        p => At(images, n, c, p.Y, p.X)));

    [Theory]
    [InlineData(1.5, 30, 3)]
    [InlineData(0.8, 80, 2)]
    [InlineData(3, 200, 6)]
    public void Bilateral(double space, double range, int reach) => Check(
        new BilateralFilter(space, range),
        (images, n, c, y, x) => WeightedMean(
            Around(y, x, reach, reach),
            p => Math.Exp(-(Square(p.Y - y) + Square(p.X - x)) / (2 * space * space)
                - Colours(images, n, y, x, p) / (2 * Square(range / 255))),
            p => At(images, n, c, p.Y, p.X)));

    [Theory]
    [InlineData(10)]
    [InlineData(60)]
    public void Non_local_means(double h) => Check(new NonLocalMeans(h), (images, n, c, y, x) => WeightedMean(
        Around(y, x, 5, 5),
        p => Math.Exp(-Around(0, 0, 2, 2).Average(d => Colours(images, n, y + d.Y, x + d.X, (p.Y + d.Y, p.X + d.X))) / 3 / Square(h / 255)),
        p => At(images, n, c, p.Y, p.X)), channels: 1);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    public void Bits(int bits)
    {
        var most = Math.Pow(2, bits) - 1;
        Check(new BitDepth(bits), (images, n, c, y, x) => Math.Round(images[n, c, y, x] * most) / most);
    }

    private static void Check(Purifier filter, Rule rule, int channels = 3)
    {
        using var scope = NewDisposeScope();
        // Colours near enough for weights to matter, and two images so that they could be confused.
        var images = Pictures.Even(2, Height, Width, 11, 0.3f, 0.6f);
        var (values, filtered) = (Pictures.Values(images), Pictures.Values(filter.Purify(images)));
        for (var n = 0; n < 2; n++)
        {
            for (var c = 0; c < channels; c++)
            {
                for (var y = 0; y < Height; y++)
                {
                    for (var x = 0; x < Width; x++)
                        filtered[n, c, y, x].ShouldBe(rule(values, n, c, y, x), 2e-6, $"{filter.Name} at {n},{c},{y},{x}");
                }
            }
        }
    }

    private static IEnumerable<(int Y, int X)> Around(int y, int x, int before, int after) =>
        from down in Enumerable.Range(-before, before + after + 1)
        from right in Enumerable.Range(-before, before + after + 1)
        select (y + down, x + right);

    private static double WeightedMean(
        IEnumerable<(int Y, int X)> places, Func<(int Y, int X), double> weight, Func<(int Y, int X), double> value)
    {
        var (sum, total) = (0.0, 0.0);
        foreach (var place in places)
        {
            var w = weight(place);
            (sum, total) = (sum + w * value(place), total + w);
        }
        return sum / total;
    }

    private static double Colours(double[,,,] images, int n, int y, int x, (int Y, int X) other) =>
        Enumerable.Range(0, 3).Sum(c => Square(At(images, n, c, y, x) - At(images, n, c, other.Y, other.X)));

    private static double At(double[,,,] images, int n, int c, int y, int x) =>
        images[n, c, Pictures.Mirrored(y, Height), Pictures.Mirrored(x, Width)];

    private static double Square(double value) => value * value;
}
