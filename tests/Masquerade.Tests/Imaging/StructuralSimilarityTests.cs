using CsCheck;
using Masquerade.Imaging;

namespace Masquerade.Tests.Imaging;

public class StructuralSimilarityTests
{
    [Fact]
    public void It_is_what_the_definition_says() =>
        (from width in Gen.Int[11, 20]
         from height in Gen.Int[11, 20]
         from a in Gen.Float[0, 1].Array[3 * width * height]
         from b in Gen.Float[0, 1].Array[3 * width * height]
         from share in Gen.OneOf(Gen.Const(0f), Gen.Const(0.001f), Gen.Const(0.1f), Gen.Const(1f))
         select (a, b: a.Zip(b, (x, y) => x + share * (y - x)).ToArray(), size: new ImageSize(width, height)))
        .Sample(x => Math.Abs(StructuralSimilarity.Compute(x.a, x.b, x.size) - Definition(x.a, x.b, x.size)) < 1e-5, iter: 50);

    [Fact]
    public void Small_differences_are_not_lost_in_rounding()
    {
        // Bright and flat: where variances as differences of large squares would go wrong.
        var size = new ImageSize(32, 24);
        var random = new Random(1);
        var a = Enumerable.Range(0, size.Values).Select(_ => 0.98f + 1e-4f * random.NextSingle()).ToArray();
        var b = Array.ConvertAll(a, v => v + 1e-3f * (random.NextSingle() - 0.5f));
        var expected = 1 - Definition(a, b, size);
        (1 - StructuralSimilarity.Compute(a, b, size)).ShouldBe(expected, 0.01 * expected);
    }

    [Fact]
    public void Equal_images_have_1_and_opposite_ones_less_than_0()
    {
        var size = new ImageSize(16, 16);
        var a = Enumerable.Range(0, size.Values).Select(i => i % 2 == 0 ? 0.2f : 0.8f).ToArray();
        StructuralSimilarity.Compute(a, a, size).ShouldBe(1);
        StructuralSimilarity.Compute(a, Array.ConvertAll(a, v => 1 - v), size).ShouldBeLessThan(0);
    }

    [Fact]
    public void It_needs_a_window_of_pixels()
    {
        Should.Throw<ArgumentException>(() => StructuralSimilarity.Compute(new float[330], new float[330], new ImageSize(10, 11)));
        Should.Throw<ArgumentException>(() => StructuralSimilarity.Compute(new float[363], new float[362], new ImageSize(11, 11)));
    }

    /// <summary>The paper's formula, window by window, in double.</summary>
    private static double Definition(float[] a, float[] b, ImageSize size)
    {
        const double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
        var weights = Enumerable.Range(-5, 11).Select(i => Math.Exp(-i * i / 4.5)).ToArray();
        var total = weights.Sum();
        var similarities = new List<double>();
        for (var plane = 0; plane < 3; plane++)
        {
            for (var y = 0; y + 11 <= size.Height; y++)
            {
                for (var x = 0; x + 11 <= size.Width; x++)
                {
                    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
                    for (var v = 0; v < 11; v++)
                    {
                        for (var u = 0; u < 11; u++)
                        {
                            var w = weights[u] * weights[v] / (total * total);
                            var at = (plane * size.Height + y + v) * size.Width + x + u;
                            double p = a[at], q = b[at];
                            (ma, mb, aa, bb, ab) = (ma + w * p, mb + w * q, aa + w * p * p, bb + w * q * q, ab + w * p * q);
                        }
                    }
                    var (va, vb) = (aa - ma * ma, bb - mb * mb);
                    similarities.Add((2 * ma * mb + c1) * (2 * (ab - ma * mb) + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2)));
                }
            }
        }
        return similarities.Average();
    }
}
