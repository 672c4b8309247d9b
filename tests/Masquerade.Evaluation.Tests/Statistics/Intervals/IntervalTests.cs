using CsCheck;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Tests.Statistics.Intervals;

public class IntervalTests
{
    private const double Z = 1.959963984540054;

    [Fact]
    public void Wilson_at_the_ends_is_its_closed_form()
    {
        var all = WilsonInterval.Of(26, 26);
        all.Low.ShouldBe(26 / (26 + Z * Z), 1e-12);
        all.High.ShouldBe(1);
        var none = WilsonInterval.Of(0, 24);
        none.Low.ShouldBe(0);
        none.High.ShouldBe(Z * Z / (24 + Z * Z), 1e-12);
    }

    /// <summary>Newcombe, Statistics in Medicine 1998, table I, method 3: the same proportions to four decimals.</summary>
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void Wilson_agrees_with_published_intervals(int successes, int trials, double low, double high)
    {
        var interval = WilsonInterval.Of(successes, trials);
        interval.Low.ShouldBe(low, 5.1e-5);
        interval.High.ShouldBe(high, 5.1e-5);
    }

    [Fact]
    public void Wilson_ends_are_where_the_score_test_just_rejects() =>
        (from n in Gen.Int[1, 6000] from k in Gen.Int[0, n] select (k, n)).Sample(sample =>
        {
            var interval = WilsonInterval.Of(sample.k, sample.n);
            var share = (double)sample.k / sample.n;
            foreach (var end in (double[])[interval.Low, interval.High])
            {
                end.ShouldBeInRange(0, 1);
                if (end is 0 or 1) continue;
                (Math.Abs(share - end) / Math.Sqrt(end * (1 - end) / sample.n)).ShouldBe(Z, 1e-6);
            }
            interval.Low.ShouldBeLessThanOrEqualTo(share);
            interval.High.ShouldBeGreaterThanOrEqualTo(share);
        }, iter: 500);

    [Fact]
    public void Wilson_refuses_impossible_counts()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => WilsonInterval.Of(0, 0));
        Should.Throw<ArgumentOutOfRangeException>(() => WilsonInterval.Of(3, 2));
        Should.Throw<ArgumentOutOfRangeException>(() => WilsonInterval.Of(-1, 2));
        new Rate(0, 0).Interval.ShouldBeNull();
        new Rate(0, 0).Value.ShouldBeNull();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(77)]
    public void Bootstrap_is_what_drawing_every_resample_gives(int count)
    {
        double[] values = [.. Enumerable.Range(0, count).Select(i => Math.Sin(i) * 10)];
        double[] sorted = [.. values.Order()];
        var random = new CounterRandom(0x6d617371, 0x626f6f74);
        var (means, medians) = (new List<double>(), new List<double>());
        for (var resample = 0; resample < 200; resample++)
        {
            var drawn = new List<double>();
            for (var block = 0; drawn.Count < count; block += 8)
            {
                var (a, b, c, d) = random.Philox(block, resample);
                foreach (var vector in new[] { a, b, c, d })
                {
                    for (var lane = 0; lane < 8; lane++) drawn.Add(sorted[(int)((ulong)vector[lane] * (ulong)count >> 32)]);
                }
            }
            double[] sample = [.. drawn.Take(count).Order()];
            means.Add(sample.Average());
            medians.Add(count % 2 == 1 ? sample[count / 2] : (sample[count / 2 - 1] + sample[count / 2]) / 2);
        }
        var (mean, median) = Bootstrap.MeanAndMedian(values, 200)!.Value;
        mean.Value.ShouldBe(values.Average(), 1e-12);
        median.Value.ShouldBe((sorted[(count - 1) / 2] + sorted[count / 2]) / 2, 1e-12);
        Check(mean, means);
        Check(median, medians);

        // The ends between the order statistics of 200 resamples: 0.025 × 199 = 4.975 and 0.975 × 199 = 194.025.
        static void Check(Estimate estimate, List<double> statistics)
        {
            statistics.Sort();
            estimate.Interval!.Value.Low.ShouldBe(statistics[4] + 0.975 * (statistics[5] - statistics[4]), 1e-12);
            estimate.Interval!.Value.High.ShouldBe(statistics[194] + 0.025 * (statistics[195] - statistics[194]), 1e-12);
        }
    }

    [Fact]
    public void Bootstrap_of_a_large_sample_is_close_to_its_theory()
    {
        double[] values = [.. Enumerable.Range(0, 1000).Select(i => (i * 0.6180339887) % 1)];
        var (mean, median) = Bootstrap.MeanAndMedian(values)!.Value;
        var deviation = Math.Sqrt(values.Average(v => v * v) - values.Average() * values.Average()) / Math.Sqrt(values.Length);
        mean.Interval!.Value.Low.ShouldBe(mean.Value - Z * deviation, 0.05 * deviation);
        mean.Interval!.Value.High.ShouldBe(mean.Value + Z * deviation, 0.05 * deviation);
        // The median of n values uniform on [0,1] has the standard error 1 / (2√n).
        median.Interval!.Value.Low.ShouldBe(0.5 - Z / (2 * Math.Sqrt(1000)), 0.002);
        median.Interval!.Value.High.ShouldBe(0.5 + Z / (2 * Math.Sqrt(1000)), 0.002);
    }

    [Fact]
    public void Bootstrap_does_not_depend_on_the_order_and_knows_its_limits()
    {
        double[] values = [3, 1, 4, 1, 5, 9, 2, 6];
        Bootstrap.MeanAndMedian(values).ShouldBe(Bootstrap.MeanAndMedian(values.Reverse()));
        Bootstrap.MeanAndMedian([]).ShouldBeNull();
        Bootstrap.MeanAndMedian([2.5]).ShouldBe((new Estimate(2.5, null), new Estimate(2.5, null)));
        Bootstrap.MeanAndMedian([2, 2, 2])!.Value.Mean.ShouldBe(new Estimate(2, new Interval(2, 2)));
        Should.Throw<ArgumentException>(() => Bootstrap.MeanAndMedian([1, double.NaN]));
    }

    /// <summary>The draws are part of what a report says: no runtime, machine or later version may change them unnoticed.</summary>
    [Fact]
    public void Bootstrap_intervals_stay_what_they_were()
    {
        var (mean, median) = Bootstrap.MeanAndMedian([3, 1, 4, 1, 5, 9, 2, 6])!.Value;
        mean.ShouldBe(new Estimate(3.875, new Interval(2.25, 5.75)));
        median.ShouldBe(new Estimate(3.5, new Interval(1, 6)));
    }
}
