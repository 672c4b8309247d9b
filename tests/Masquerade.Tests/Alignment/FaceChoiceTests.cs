using Masquerade.Alignment;
using Masquerade.Imaging;

namespace Masquerade.Tests.Alignment;

public class FaceChoiceTests
{
    private static readonly FiveLandmarks Anywhere = new(new(1, 1), new(2, 1), new(1.5, 2), new(1, 3), new(2, 3));

    [Fact]
    public void A_face_in_the_middle_wins_over_a_somewhat_larger_one_at_the_edge()
    {
        var middle = Face(75, 75, 175, 175, 0.8);
        var edge = Face(0, 0, 110, 110, 0.99);
        FaceChoice.Main([edge, middle], new ImageSize(250, 250)).ShouldBe(middle);
        // 110² − 2·(2·70²) against 60²: the middle's small face wins, until the other is large enough.
        FaceChoice.Main([edge, Face(95, 95, 155, 155, 0.8)], new ImageSize(250, 250)).Probability.ShouldBe(0.8);
        FaceChoice.Main([Face(0, 0, 180, 180, 0.99), Face(95, 95, 155, 155, 0.8)], new ImageSize(250, 250)).Probability.ShouldBe(0.99);
        FaceChoice.Ranked([edge, middle], new ImageSize(250, 250)).ShouldBe([middle, edge]);
    }

    private static DetectedFace Face(double left, double top, double right, double bottom, double probability) =>
        new(new FaceBox(left, top, right, bottom), probability, Anywhere);
}
