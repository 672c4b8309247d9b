using CsCheck;
using Masquerade.Verification;

namespace Masquerade.Tests.Verification;

public sealed class ThresholdCalibrationTests
{
    [Fact]
    public void Best_accuracy_equals_the_first_best_of_every_threshold_tried_on_every_pair() => Scored.Any.Array[1, 60].Sample(pairs =>
    {
        var (best, bestRight) = (0.0, -1);
        for (var k = 0; k < 400; k++)
        {
            var right = pairs.Count(p => p.Distance <= k / 100.0 == p.Same);
            if (right > bestRight) (best, bestRight) = (k / 100.0, right);
        }
        var found = ThresholdCalibration.BestAccuracy(Scored.Pairs(pairs));
        found.Threshold.ShouldBe(best);
        found.Accuracy.ShouldBe(bestRight / (double)pairs.Length);
    }, iter: 500);

    [Fact]
    public void At_a_far_equals_the_largest_of_every_threshold_tried_on_every_pair() =>
        Gen.Select(Scored.Any.Array[1, 60], Gen.OneOf(Gen.Int[0, 20].Select(k => k / 20.0), Gen.Double[0, 1])).Sample((pairs, far) =>
        {
            pairs = [.. pairs, (1.5, false)];
            double different = pairs.Count(p => !p.Same);
            var best = Enumerable.Range(0, 4000).Select(k => k / 1000.0)
                .LastOrDefault(t => pairs.Count(p => !p.Same && p.Distance <= t) / different <= far);
            var found = ThresholdCalibration.AtFar(Scored.Pairs(pairs), far);
            found.Threshold.ShouldBe(best);
            found.Far.ShouldBe(pairs.Count(p => !p.Same && p.Distance <= best) / different);
            if (pairs.Any(p => p.Same))
                found.Tar.ShouldBe(pairs.Count(p => p.Same && p.Distance <= best) / (double)pairs.Count(p => p.Same));
            else
                found.Tar.ShouldBe(double.NaN);
        }, iter: 300);

    [Fact]
    public void A_far_that_pairs_meet_exactly_is_not_exceeded()
    {
        // 27 of 2,700 is 0.01 to the last digit: the multiplication 0.01 × 2,700 would be a hair more, 0.07 × 100 a hair too.
        var pairs = Enumerable.Range(0, 2700).Select(i => (i < 27 ? 0.5 : 3.0, false)).Append((0.1, true));
        ThresholdCalibration.AtFar(Scored.Pairs(pairs), 0.01).Threshold.ShouldBe(2.999);
        ThresholdCalibration.AtFar(Scored.Pairs(pairs), 0.00999).Threshold.ShouldBe(0.499);
    }

    [Fact]
    public void A_pair_at_the_threshold_is_accepted()
    {
        var found = ThresholdCalibration.BestAccuracy([Scored.Pair(1.37, true), Scored.Pair(1.38, false)]);
        found.Threshold.ShouldBe(1.37);
        found.Accuracy.ShouldBe(1);
    }

    [Fact]
    public void Pairs_all_at_the_largest_distance_are_never_accepted()
    {
        var found = ThresholdCalibration.AtFar([Scored.Pair(4, false), Scored.Pair(4, true)], 0);
        found.Threshold.ShouldBe(3.999);
        found.Tar.ShouldBe(0);
    }

    [Fact]
    public void What_cannot_be_calibrated_is_refused()
    {
        Should.Throw<InputException>(() => ThresholdCalibration.BestAccuracy([])).Message.ShouldContain("no pairs");
        Should.Throw<InputException>(() => ThresholdCalibration.AtFar([Scored.Pair(1, true)], 0.1))
            .Message.ShouldContain("no different-person pairs");
        Should.Throw<ArgumentOutOfRangeException>(() => ThresholdCalibration.AtFar([Scored.Pair(1, false)], double.NaN));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-0.001)]
    [InlineData(4.001)]
    [InlineData(double.PositiveInfinity)]
    public void A_distance_that_cannot_be_is_refused_with_its_pair(double distance) =>
        Should.Throw<InputException>(() => Scored.Pair(distance, true)).Message.ShouldStartWith("pair probe|reference: its distance is ");
}
