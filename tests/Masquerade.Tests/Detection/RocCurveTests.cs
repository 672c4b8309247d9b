using Masquerade.Detection;

namespace Masquerade.Tests.Detection;

public sealed class RocCurveTests
{
    [Fact]
    public void Its_corners_are_what_is_refused_as_the_threshold_sinks()
    {
        var curve = RocCurve.Of([0.1f, 0.5f, 0.5f, 0.9f], [0.95f, 0.7f, 0.5f, 0.2f, 0.05f]);
        (curve.Clean, curve.Adversarial).ShouldBe((4, 5));
        curve.Corners().ShouldBe([(0, 0.2), (0.25, 0.4), (0.75, 0.8), (1, 1)]);
    }

    [Theory]
    [InlineData(0.01, 1)]
    [InlineData(0.24, 1)]
    [InlineData(0.25, 2)]
    [InlineData(0.5, 2)] // two clean scores are equal: both or none
    [InlineData(0.75, 4)]
    public void At_a_share_of_false_alarms_no_more_clean_images_are_refused(double falseAlarms, int detected) =>
        RocCurve.Of([0.9f, 0.1f, 0.5f, 0.5f], [0.2f, 0.95f, 0.7f, 0.5f, 0.05f]).DetectedAt(falseAlarms).ShouldBe(detected);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_area_under_it_is_the_auc(int seed)
    {
        var random = new Random(seed);
        // Few values, so that many are equal.
        float[] clean = [.. Enumerable.Range(0, 60).Select(_ => random.Next(12) / 10f)];
        float[] adversarial = [.. Enumerable.Range(0, 80).Select(_ => random.Next(12) / 10f + 0.2f)];
        var corners = RocCurve.Of(clean, adversarial).Corners();
        // From (0,0); equal scores are passed on a slope, as a tie counts half.
        var area = corners.Prepend((FalseAlarms: 0, Detected: 0)).Zip(corners, (a, b) => (b.FalseAlarms - a.FalseAlarms) * (a.Detected + b.Detected) / 2).Sum();
        area.ShouldBe(DetectionRates.Of(clean, adversarial).Auc, 1e-9);
    }

    [Fact]
    public void Without_images_there_is_none()
    {
        Should.Throw<ArgumentException>(() => RocCurve.Of([], [1]));
        Should.Throw<ArgumentException>(() => RocCurve.Of([1], []));
    }
}
