using Masquerade.Defenses;
using Masquerade.Defenses.Filters;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses;

/// <summary>Filters that minimise or transform, against other ways to the same result.</summary>
public class RestorationTests
{
    [Theory]
    [InlineData("tv:10", 2.5)]
    [InlineData("nlm:12", 2.5)]
    [InlineData("wavelet", 1)]
    [InlineData("gmrf", 1)]
    [InlineData("bilateral", 1.5)]
    [InlineData("gaussian:0.7", 1)]
    public void Noise_on_a_face_goes(string name, double decibels)
    {
        using var scope = NewDisposeScope();
        var (clean, noisy) = (Pictures.Faces(2), Pictures.NoisyFaces(2, 12));
        using var purifier = PurifierRegistry.Open(name);
        (20 * Math.Log10(Pictures.Distance(noisy, clean) / Pictures.Distance(purifier.Purify(noisy), clean))).ShouldBeGreaterThan(decibels);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(40)]
    public void Total_variation_is_minimised(double level)
    {
        using var scope = NewDisposeScope();
        var image = Pictures.NoisyFaces(1, 8).narrow(1, 0, 1).narrow(2, 30, 50).narrow(3, 30, 60);
        var weight = level / 255;
        var noisy = Plane(image);
        var found = Plane(new TotalVariation(level).Purify(image.expand(1, 3, -1, -1)));
        var (down, right) = Dual(noisy, weight, 5000);
        // The dual value bounds the minimum from below, whatever the field is.
        var bound = DualValue(noisy, down, right, weight);
        var objective = Objective(found, noisy, weight);
        objective.ShouldBeGreaterThanOrEqualTo(bound * (1 - 1e-5));
        objective.ShouldBeLessThan(bound * 1.01);
        Distance(found, Primal(noisy, down, right, weight)).ShouldBeLessThan(0.5 / 255);
    }

    [Fact]
    public void Total_variation_of_two_halves_has_a_closed_form()
    {
        using var scope = NewDisposeScope();
        // Two flat halves come closer by w·border/area, each.
        var image = cat([Pictures.Flat(1, 16, 8, 0.2), Pictures.Flat(1, 16, 8, 0.8)], 3);
        var (weight, purified) = (20 / 255.0, new TotalVariation(20).Purify(image));
        Pictures.Difference(purified.narrow(3, 0, 8), Pictures.Flat(1, 16, 8, 0.2 + weight / 8)).ShouldBeLessThan(2e-3);
        Pictures.Difference(purified.narrow(3, 8, 8), Pictures.Flat(1, 16, 8, 0.8 - weight / 8)).ShouldBeLessThan(2e-3);
    }

    [Theory]
    [InlineData(10, 8)]
    [InlineData(3, 25)]
    public void A_Markov_field_is_the_solution_of_its_equations(double sigma, double deviation)
    {
        using var scope = NewDisposeScope();
        const int height = 7, width = 10, size = height * width;
        var image = Pictures.Even(1, height, width, 21, 0.2f, 0.8f);
        var equations = new double[size, size];
        for (var i = 0; i < size; i++)
        {
            equations[i, i] += 1 / (sigma * sigma);
            foreach (var j in new[] { i % width < width - 1 ? i + 1 : -1, i + width }.Where(j => j >= 0 && j < size))
            {
                var w = 1 / (deviation * deviation);
                (equations[i, i], equations[j, j]) = (equations[i, i] + w, equations[j, j] + w);
                (equations[i, j], equations[j, i]) = (equations[i, j] - w, equations[j, i] - w);
            }
        }
        var right = image.view(3, size).T.to(ScalarType.Float64).Over(sigma * sigma);
        var expected = linalg.solve(tensor(equations), right).T.view(1, 3, height, width).to(ScalarType.Float32);
        Pictures.Difference(new MarkovField(sigma, deviation).Purify(image), expected).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void The_wavelet_is_orthonormal()
    {
        var taps = WaveletShrinkage.Symlet;
        taps.Sum().ShouldBe(Math.Sqrt(2), 1e-10);
        for (var shift = 0; shift < taps.Count; shift += 2)
            Enumerable.Range(0, taps.Count - shift).Sum(i => taps[i] * taps[i + shift]).ShouldBe(shift == 0 ? 1 : 0, 1e-10);
        // Four vanishing moments.
        for (var moment = 0; moment < 4; moment++)
        {
            var sum = Enumerable.Range(0, taps.Count).Sum(k => (k % 2 == 0 ? 1 : -1) * Math.Pow(k, moment) * taps[taps.Count - 1 - k]);
            sum.ShouldBe(0, 1e-8);
        }
    }

    [Theory]
    [InlineData(8, 8)]
    [InlineData(9, 31)]
    [InlineData(50, 63)]
    [InlineData(112, 112)]
    [InlineData(160, 97)]
    public void Wavelets_give_back_what_is_not_shrunk(int height, int width)
    {
        using var scope = NewDisposeScope();
        var image = Pictures.Even(2, height, width, 22);
        Pictures.Difference(new WaveletShrinkage(0).Purify(image), image).ShouldBeLessThan(1e-5);
    }

    [Theory]
    [InlineData(24, 24, 1)]
    [InlineData(21, 34, 2.5)]
    public void Wavelet_shrinkage_is_what_its_loops_say(int height, int width, double strength)
    {
        using var scope = NewDisposeScope();
        var ramp = Pictures.Even(1, height, width, 24, 0.45f, 0.55f).cumsum(3).Over((double)width).Plus(0.2);
        var image = ramp.Plus(Pictures.Gaussian(1, height, width, 23), 0.05);
        var (values, purified) = (Pictures.Values(image), Pictures.Values(new WaveletShrinkage(strength).Purify(image)));
        for (var c = 0; c < 3; c++)
        {
            var plane = new double[height, width];
            for (var y = 0; y < height; y++) for (var x = 0; x < width; x++) plane[y, x] = values[0, c, y, x];
            var expected = Shrunk(plane, strength, null, 1);
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < width; x++) purified[0, c, y, x].ShouldBe(Math.Clamp(expected[y, x], 0, 1), 1e-5, $"{c},{y},{x}");
            }
        }
    }

    [Fact]
    public void Wavelet_shrinkage_flattens_what_is_nothing_but_noise()
    {
        using var scope = NewDisposeScope();
        var noise = Pictures.Gaussian(2, 112, 112, 25).Over(20.0).Plus(0.5);
        var purified = new WaveletShrinkage().Purify(noise);
        (purified.std().item<float>() / noise.std().item<float>()).ShouldBeLessThan(0.3f);
    }

    /// <summary>BayesShrink by loops, one plane.</summary>
    private static double[,] Shrunk(double[,] plane, double strength, double? noise, int level)
    {
        var (height, width, taps) = (plane.GetLength(0), plane.GetLength(1), WaveletShrinkage.Symlet);
        double[][] filters = [[.. taps], [.. Enumerable.Range(0, 8).Select(k => Math.Pow(-1, k) * taps[7 - k])]];
        // Coefficient n covers the values 2n−6 … 2n+1.
        var (rows, columns) = ((height + height % 2) / 2 + 3, (width + width % 2) / 2 + 3);
        var bands = new double[2, 2][,];
        foreach (var (i, j) in new[] { (1, 1), (0, 0), (0, 1), (1, 0) })
        {
            var band = new double[rows, columns];
            for (var r = 0; r < rows; r++)
            {
                for (var k = 0; k < columns; k++)
                {
                    for (var y = 0; y < 8; y++)
                    {
                        for (var x = 0; x < 8; x++)
                        {
                            var value = plane[Pictures.Mirrored(2 * r - 6 + y, height), Pictures.Mirrored(2 * k - 6 + x, width)];
                            band[r, k] += filters[i][y] * filters[j][x] * value;
                        }
                    }
                }
            }
            var all = band.Cast<double>().ToArray();
            var middle = all.Length / 10;
            if ((i, j) == (1, 1))
                noise ??= Math.Pow(all.Select(Math.Abs).Order().Skip((all.Length - middle) / 2).Take(middle).Average() / 0.6745, 2);
            if ((i, j) != (0, 0))
            {
                var own = Math.Sqrt(Math.Max(all.Average(v => v * v) - noise!.Value, 1e-12));
                var threshold = strength * noise!.Value / own;
                for (var r = 0; r < rows; r++)
                    for (var k = 0; k < columns; k++) band[r, k] = Math.Sign(band[r, k]) * Math.Max(Math.Abs(band[r, k]) - threshold, 0);
            }
            bands[i, j] = band;
        }
        if (level < 4 && Math.Min(rows, columns) >= 8) bands[0, 0] = Shrunk(bands[0, 0], strength, noise, level + 1);
        var sum = new double[height, width];
        for (var i = 0; i < 2; i++)
        {
            for (var j = 0; j < 2; j++)
            {
                for (var y = 0; y < height; y++)
                {
                    for (var x = 0; x < width; x++)
                    {
                        for (var r = 0; r < rows; r++)
                        {
                            for (var k = 0; k < columns; k++)
                            {
                                var (a, b) = (y + 6 - 2 * r, x + 6 - 2 * k);
                                if (a is >= 0 and < 8 && b is >= 0 and < 8) sum[y, x] += filters[i][a] * filters[j][b] * bands[i, j][r, k];
                            }
                        }
                    }
                }
            }
        }
        return sum;
    }

    private static double[,] Plane(Tensor images)
    {
        var values = Pictures.Values(images);
        var plane = new double[values.GetLength(2), values.GetLength(3)];
        for (var y = 0; y < plane.GetLength(0); y++) for (var x = 0; x < plane.GetLength(1); x++) plane[y, x] = values[0, 0, y, x];
        return plane;
    }

    private static double Objective(double[,] image, double[,] noisy, double weight)
    {
        var (height, width, sum) = (image.GetLength(0), image.GetLength(1), 0.0);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var down = y + 1 < height ? image[y + 1, x] - image[y, x] : 0;
                var right = x + 1 < width ? image[y, x + 1] - image[y, x] : 0;
                sum += Math.Pow(image[y, x] - noisy[y, x], 2) / 2 + weight * Math.Sqrt(down * down + right * right);
            }
        }
        return sum;
    }

    /// <summary>½‖y‖² − ½‖y + w·div p‖².</summary>
    private static double DualValue(double[,] noisy, double[,] down, double[,] right, double weight) =>
        (noisy.Cast<double>().Sum(v => v * v) - Primal(noisy, down, right, weight).Cast<double>().Sum(v => v * v)) / 2;

    private static double[,] Primal(double[,] noisy, double[,] down, double[,] right, double weight)
    {
        var primal = (double[,])noisy.Clone();
        for (var y = 0; y < noisy.GetLength(0); y++)
        {
            for (var x = 0; x < noisy.GetLength(1); x++)
                primal[y, x] += weight * (down[y, x] - (y > 0 ? down[y - 1, x] : 0) + right[y, x] - (x > 0 ? right[y, x - 1] : 0));
        }
        return primal;
    }

    /// <summary>Chambolle's fixed point (2004): another way to the dual field.</summary>
    private static (double[,] Down, double[,] Right) Dual(double[,] noisy, double weight, int steps)
    {
        var (height, width) = (noisy.GetLength(0), noisy.GetLength(1));
        var (down, right) = (new double[height, width], new double[height, width]);
        for (var step = 0; step < steps; step++)
        {
            var primal = Primal(noisy, down, right, weight);
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < width; x++)
                {
                    var u = y + 1 < height ? primal[y + 1, x] - primal[y, x] : 0;
                    var v = x + 1 < width ? primal[y, x + 1] - primal[y, x] : 0;
                    var t = 0.248 / weight;
                    var length = 1 + t * Math.Sqrt(u * u + v * v);
                    (down[y, x], right[y, x]) = ((down[y, x] + t * u) / length, (right[y, x] + t * v) / length);
                }
            }
        }
        return (down, right);
    }

    private static double Distance(double[,] a, double[,] b) =>
        Math.Sqrt(a.Cast<double>().Zip(b.Cast<double>(), (u, v) => (u - v) * (u - v)).Average());
}
