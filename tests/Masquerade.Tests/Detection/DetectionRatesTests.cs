using Masquerade.Detection;

namespace Masquerade.Tests.Detection;

public sealed class DetectionRatesTests
{
    [Theory]
    [InlineData(1, 1, 3)]
    [InlineData(40, 25, 4)] // many ties
    [InlineData(30, 50, 1000)]
    public void The_area_is_the_share_of_pairs_in_the_right_order(int clean, int attacked, int levels)
    {
        var random = new Random(clean);
        float[] Draw(int count, int shift) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.Next(levels) + shift) / levels)];
        var (innocent, adversarial) = (Draw(clean, 0), Draw(attacked, levels / 4));
        var pairs = (from i in innocent from a in adversarial select a > i ? 1 : a == i ? 0.5 : 0).Average();
        var rates = DetectionRates.Of(innocent, adversarial);
        rates.Auc.ShouldBe(pairs, 1e-12);
        (rates.Clean, rates.Adversarial).ShouldBe((clean, attacked));
        // And the other way round it is what is left.
        DetectionRates.Of(adversarial, innocent).Auc.ShouldBe(1 - pairs, 1e-12);
    }

    [Fact]
    public void The_interval_is_that_of_hanley_and_mcneil()
    {
        // 0.9 of 10 × 10 pairs: Q1 = 0.9/1.1, Q2 = 1.62/1.9, worked out by hand.
        float[] clean = [0, 1, 2, 3, 4, 5, 6, 7, 8, 20];
        float[] adversarial = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19];
        var rates = DetectionRates.Of(clean, adversarial);
        rates.Auc.ShouldBe(0.9);
        rates.AucError.ShouldBe(1.96 * Math.Sqrt((0.09 + 9 * (0.9 / 1.1 - 0.81) + 9 * (1.62 / 1.9 - 0.81)) / 100), 1e-12);
        DetectionRates.Of([0, 1], [2, 3]).AucError.ShouldBe(0);
        DetectionRates.Of([], [1]).Auc.ShouldBe(double.NaN);
        DetectionRates.Of([1], []).ShouldBe(new DetectionRates(1, 0, double.NaN, double.NaN));
    }

    [Fact]
    public void A_threshold_is_the_lowest_that_keeps_the_share()
    {
        var random = new Random(3);
        foreach (var count in new[] { 1, 2, 19, 20, 21, 99, 100, 500 })
        {
            foreach (var levels in new[] { 5, 100_000 })
            {
                float[] scores = [.. Enumerable.Range(0, count).Select(_ => (float)random.Next(levels))];
                foreach (var share in new[] { 0.001, 0.01, 0.05, 0.29, 0.5, 0.999 })
                {
                    var threshold = DetectionRates.Threshold(scores, share);
                    var above = scores.Count(s => s > threshold);
                    (above / (double)count).ShouldBeLessThanOrEqualTo(share, $"{count} scores, {share}");
                    var lower = scores.Where(s => s < threshold).DefaultIfEmpty(float.NaN).Max();
                    if (float.IsNaN(lower)) continue;
                    (scores.Count(s => s > lower) / (double)count).ShouldBeGreaterThan(share, $"{count} scores, {share}");
                }
            }
        }
    }
}
