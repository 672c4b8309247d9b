using CsCheck;
using Masquerade.Verification;

namespace Masquerade.Tests.Verification;

public class PairClassifierTests
{
    private const double Threshold = 1.42;
    private readonly PairClassifier _classifier = new(Threshold);

    [Fact]
    public void Half_at_the_threshold_and_a_tie_is_same()
    {
        _classifier.Different(Threshold).ShouldBe(0.5);
        _classifier.IsWrong(Threshold, samePerson: true).ShouldBeFalse();
        _classifier.IsWrong(Threshold, samePerson: false).ShouldBeTrue();
        _classifier.Different(Threshold / 2).ShouldBe(0.25);
        _classifier.Different((Threshold + 4) / 2).ShouldBe(0.75);
    }

    [Fact]
    public void At_both_ends_probabilities_are_clipped_and_slopes_vanish()
    {
        foreach (var (distance, different) in new[] { (0.0, 1e-12), (4.0, 1 - 1e-12) })
        {
            _classifier.Different(distance).ShouldBe(different);
            foreach (var same in new[] { true, false })
            {
                double.IsFinite(_classifier.Loss(distance, same)).ShouldBeTrue();
                double.IsFinite(_classifier.Margin(distance, same)).ShouldBeTrue();
                _classifier.LossSlope(distance, same).ShouldBe(0);
                _classifier.MarginSlope(distance, same).ShouldBe(0);
            }
        }
        _classifier.Loss(0, samePerson: false).ShouldBe(-Math.Log(1e-12), 1e-9);
        _classifier.Loss(4, samePerson: true).ShouldBe(-Math.Log(1e-12), 1e-3);
    }

    [Fact]
    public void Slopes_are_derivatives() => Gen.Select(Gen.Double[0.01, 3.99], Gen.Bool).Sample((distance, same) =>
    {
        const double H = 1e-6;
        if (Math.Abs(distance - Threshold) < 2 * H) return;
        var loss = (_classifier.Loss(distance + H, same) - _classifier.Loss(distance - H, same)) / (2 * H);
        _classifier.LossSlope(distance, same).ShouldBe(loss, 1e-4 * Math.Max(1, Math.Abs(loss)));
        var margin = (_classifier.Margin(distance + H, same) - _classifier.Margin(distance - H, same)) / (2 * H);
        _classifier.MarginSlope(distance, same).ShouldBe(margin, 1e-4 * Math.Max(1, Math.Abs(margin)));
    });

    [Fact]
    public void Margin_is_negative_exactly_where_the_verifier_is_wrong() =>
        Gen.Select(Gen.Double[0, 4], Gen.Bool).Sample((distance, same) =>
        {
            if (distance == Threshold) return;
            (_classifier.Margin(distance, same) < 0).ShouldBe(_classifier.IsWrong(distance, same));
        });
}
