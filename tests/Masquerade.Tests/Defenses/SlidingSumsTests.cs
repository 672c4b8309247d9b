using Masquerade.Defenses.Filters;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses;

public sealed class SlidingSumsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public void Uneven_weights_are_laid_the_right_way_round(int size)
    {
        const int height = 9, width = 11;
        double[] weights = [.. Enumerable.Range(0, size).Select(i => Math.Sin(3 * i + 1))];
        using var scope = NewDisposeScope();
        var images = Pictures.Even(2, height, width, 4);
        var values = Pictures.Values(images);
        foreach (var mirror in new[] { true, false })
        {
            var sums = Pictures.Values(new SlidingSums(weights, mirror).Of(images));
            for (var i = 0; i < 2 * 3 * height * width; i++)
            {
                var (n, c, y, x) = (i / (3 * height * width), i / (height * width) % 3, i / width % height, i % width);
                var sum = 0.0;
                for (var k = 0; k < size * size; k++)
                {
                    var (row, column) = (y + k / size - size / 2, x + k % size - size / 2);
                    if (mirror) (row, column) = (Pictures.Mirrored(row, height), Pictures.Mirrored(column, width));
                    if (row is >= 0 and < height && column is >= 0 and < width) sum += weights[k / size] * weights[k % size] * values[n, c, row, column];
                }
                sums[n, c, y, x].ShouldBe(sum, 1e-5, $"size {size}, mirror {mirror}, at {n},{c},{y},{x}");
            }
        }
    }

    [Fact]
    public void An_image_that_cannot_be_mirrored_so_far_is_refused()
    {
        using var scope = NewDisposeScope();
        var small = Pictures.Even(1, 4, 20, 1);
        Should.Throw<InputException>(() => new SlidingSums(new double[9], mirror: true).Of(small));
        new SlidingSums(new double[9], mirror: false).Of(small).shape.ShouldBe(small.shape);
    }
}
