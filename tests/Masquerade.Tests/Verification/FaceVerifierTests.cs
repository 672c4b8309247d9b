using Masquerade.Verification;

namespace Masquerade.Tests.Verification;

public sealed class FaceVerifierTests
{
    [Fact]
    public void Distances_of_unit_vectors_are_squared_and_lie_between_0_and_4()
    {
        float[] x = [1, 0], y = [0, 1], back = [-1, 0], diagonal = [MathF.Sqrt(0.5f), MathF.Sqrt(0.5f)];
        FaceVerifier.Distance(x, x).ShouldBe(0);
        FaceVerifier.Distance(x, y).ShouldBe(2, 1e-6);
        FaceVerifier.Distance(x, diagonal).ShouldBe(2 - Math.Sqrt(2), 1e-6);
        FaceVerifier.Distance(x, back).ShouldBe(4);
        float[] rounded = [-1.0000001f, 0];
        FaceVerifier.Distance(x, rounded).ShouldBe(4);
    }

    [Fact]
    public void A_distance_at_the_threshold_is_the_same_person()
    {
        using var embedder = new ColourEmbedder();
        var verifier = new FaceVerifier(embedder, 1.42);
        verifier.IsSame(1.42).ShouldBeTrue();
        verifier.IsSame(Math.BitIncrement(1.42)).ShouldBeFalse();
        verifier.IsSame(double.NaN).ShouldBeFalse();
    }

    [Fact]
    public void Crops_are_compared_by_their_embeddings()
    {
        using var embedder = new ColourEmbedder();
        var verifier = new FaceVerifier(embedder, 1);
        var red = ColourEmbedder.Plain(200, 0, 0);
        verifier.Compare(red, ColourEmbedder.Plain(90, 0, 0)).ShouldBe(0, 1e-6);
        verifier.Compare(red, ColourEmbedder.Plain(0, 7, 0)).ShouldBe(2, 1e-6);
        verifier.Compare(red, ColourEmbedder.Plain(50, 50, 0)).ShouldBe(2 - Math.Sqrt(2), 1e-6);
        Should.Throw<ArgumentException>(() => verifier.Compare(red, ColourEmbedder.Plain(1, 1, 1, side: 5)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void An_impossible_threshold_is_refused(double threshold)
    {
        using var embedder = new ColourEmbedder();
        Should.Throw<InputException>(() => new FaceVerifier(embedder, threshold)).Message.ShouldContain("between 0 and 4");
    }
}
