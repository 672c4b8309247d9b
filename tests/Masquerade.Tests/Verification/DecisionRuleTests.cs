using Masquerade.Detection;
using Masquerade.Verification;

namespace Masquerade.Tests.Verification;

public class DecisionRuleTests
{
    private const double Threshold = 1.2;
    private static readonly DecisionRule Bare = new(Threshold);
    private static readonly DecisionRule Detecting = new(Threshold, MostScore: 0.5);

    [Fact]
    public void A_tie_is_the_same_person_and_is_let_pass()
    {
        Bare.IsSame(Threshold).ShouldBeTrue();
        Bare.IsSame(Math.BitIncrement(Threshold)).ShouldBeFalse();
        Bare.IsSame(double.NaN).ShouldBeFalse();
        Detecting.Refuses(0.5).ShouldBeFalse();
        Detecting.Refuses(Math.BitIncrement(0.5)).ShouldBeTrue();
        Bare.Refuses(double.PositiveInfinity).ShouldBeFalse("nothing is refused without a detector");
    }

    [Theory]
    [InlineData(1.2, 0.1, VerificationOutcome.Accepted)]
    [InlineData(1.3, 0.1, VerificationOutcome.Rejected)]
    [InlineData(1.0, 0.6, VerificationOutcome.Refused)]
    [InlineData(1.3, 0.6, VerificationOutcome.Refused)]
    public void The_detector_is_asked_first(double distance, double score, VerificationOutcome outcome) =>
        Detecting.Decide(distance, score).ShouldBe(outcome);

    // The table of the comment, row by row.
    [Theory]
    [InlineData(true, 1.0, 0.1, false, false)]
    [InlineData(true, 1.3, 0.1, true, true)]
    [InlineData(true, 1.0, 0.6, true, false)]
    [InlineData(true, 1.3, 0.6, true, false)]
    [InlineData(false, 1.0, 0.1, true, true)]
    [InlineData(false, 1.3, 0.1, false, false)]
    [InlineData(false, 1.0, 0.6, false, false)]
    [InlineData(false, 1.3, 0.6, false, false)]
    [InlineData(true, 1.2, 0.1, false, false)]
    [InlineData(false, 1.2, 0.1, true, true)]
    [InlineData(true, double.NaN, 0.1, false, false)]
    [InlineData(false, double.NaN, 0.1, false, false)]
    public void Who_has_won(bool samePerson, double distance, double score, bool anyhow, bool unseen)
    {
        Detecting.AttackerWins(samePerson, distance, score).ShouldBe(anyhow);
        Detecting.AttackerWins(samePerson, distance, score, unseen: true).ShouldBe(unseen);
    }

    [Fact]
    public void Verifier_and_classifier_agree_with_it_at_the_tie()
    {
        using var embedder = new ColourEmbedder();
        var verifier = new FaceVerifier(embedder, Threshold);
        foreach (var distance in new[] { 0, Math.BitDecrement(Threshold), Threshold, Math.BitIncrement(Threshold), 4 })
        {
            verifier.IsSame(distance).ShouldBe(Bare.IsSame(distance));
            foreach (var same in new[] { true, false })
                new PairClassifier(Threshold).IsWrong(distance, same).ShouldBe(Bare.AttackerWins(same, distance));
        }
        new DefendedVerifier(verifier).Rule.ShouldBe(Bare);
    }
}
