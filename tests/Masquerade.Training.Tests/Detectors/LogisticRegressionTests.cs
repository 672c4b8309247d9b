using Masquerade.Training.Detectors;
using static TorchSharp.torch;

namespace Masquerade.Training.Tests.Detectors;

public sealed class LogisticRegressionTests
{
    private const double Ridge = 1e-3;

    [Fact]
    public void Of_a_value_of_two_kinds_the_odds_are_those_of_the_counts()
    {
        // 30 of 100 rows at 0 are positive, 60 of 100 at 1; the ridge changes little.
        double[] values = [.. Enumerable.Range(0, 200).Select(i => i < 100 ? 0.0 : 1.0)];
        double[] positive = [.. Enumerable.Range(0, 200).Select(i => i < 30 || i is >= 100 and < 160 ? 1.0 : 0.0)];
        var (weights, bias) = Fit(values, 1, positive);
        bias.ShouldBe(Math.Log(30.0 / 70), 0.02);
        (bias + weights[0]).ShouldBe(Math.Log(60.0 / 40), 0.02);
    }

    [Theory]
    [InlineData(400, 3, 0.5, 0.5)]
    [InlineData(400, 4, 3, 0.5)]
    [InlineData(300, 2, 40, 0.5)] // told apart by far: the ridge alone keeps the weights finite
    [InlineData(1000, 4, 1, 0.01)] // few of one class
    [InlineData(1000, 4, 20, 0.99)]
    public void The_gradient_is_zero_where_it_ends(int count, int width, double apart, double share)
    {
        var random = new Random(count);
        double[] positive = [.. Enumerable.Range(0, count).Select(i => i < share * count ? 1.0 : 0.0)];
        // Scales and offsets that differ, so that standardising matters.
        double[] values = [.. positive.SelectMany(p => Enumerable.Range(0, width)
            .Select(c => Math.Pow(10, c) * (5 + random.NextDouble() - random.NextDouble() + p * apart * (c + 1) / 10)))];
        var (weights, bias) = Fit(values, width, positive);
        var columns = Enumerable.Range(0, width).Select(c => Enumerable.Range(0, count).Select(i => values[i * width + c])
            .ToArray()).ToArray();
        var means = columns.Select(c => c.Average()).ToArray();
        var deviations = columns.Select((c, k) => Math.Sqrt(c.Average(v => (v - means[k]) * (v - means[k])))).ToArray();
        var errors = Enumerable.Range(0, count).Select(i =>
            1 / (1 + Math.Exp(-bias - Enumerable.Range(0, width).Sum(c => weights[c] * values[i * width + c]))) - positive[i]).ToArray();
        errors.Average().ShouldBe(0, 1e-6);
        for (var c = 0; c < width; c++)
        {
            var gradient = errors.Select((e, i) => e * (columns[c][i] - means[c]) / deviations[c]).Average()
                + Ridge * weights[c] * deviations[c];
            gradient.ShouldBe(0, 1e-6, $"weight {c}");
        }
    }

    [Fact]
    public void A_value_that_is_always_the_same_gets_no_weight()
    {
        double[] positive = [0, 1, 0, 1, 1, 0];
        var (weights, _) = Fit([.. positive.SelectMany((p, i) => (double[])[p + 0.3 * i, 7])], 2, positive);
        weights[0].ShouldBeGreaterThan(0);
        weights[1].ShouldBe(0, 1e-6);
    }

    private static (double[] Weights, double Bias) Fit(double[] values, int width, double[] positive)
    {
        using var scope = NewDisposeScope();
        return LogisticRegression.Fit(tensor(values, [positive.Length, width]), tensor(positive));
    }
}
