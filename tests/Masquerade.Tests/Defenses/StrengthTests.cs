using Masquerade.Defenses;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses;

/// <summary>More strength goes further.</summary>
public class StrengthTests
{
    [Theory]
    [InlineData("mean:3", "mean:5", "mean:9", "mean:15")]
    // Of an even size it is half a pixel aside.
    [InlineData("mean:2", "mean:4", "mean:10")]
    [InlineData("mean:3:inside", "mean:5:inside", "mean:9:inside")]
    [InlineData("median:3", "median:5", "median:9", "median:15")]
    [InlineData("gaussian:0.5", "gaussian:1", "gaussian:2", "gaussian:4")]
    [InlineData("bilateral:0.8:30", "bilateral:1.5:30", "bilateral:3:30")]
    [InlineData("bilateral:1.5:10", "bilateral:1.5:30", "bilateral:1.5:100")]
    [InlineData("nlm:3", "nlm:6", "nlm:12", "nlm:30")]
    [InlineData("tv:1", "tv:5", "tv:20", "tv:80")]
    [InlineData("wavelet:0.5", "wavelet:1", "wavelet:2", "wavelet:4")]
    [InlineData("gmrf:3", "gmrf:10", "gmrf:30")]
    [InlineData("gmrf:10:40", "gmrf:10:10", "gmrf:10:3")]
    public void Smoother_and_further_away(params string[] names)
    {
        using var scope = NewDisposeScope();
        var faces = Pictures.NoisyFaces(2, 4);
        var (variation, distance) = (Pictures.Variation(faces), 0.0);
        foreach (var name in names)
        {
            using var purifier = PurifierRegistry.Open(name);
            var purified = purifier.Purify(faces);
            Pictures.Variation(purified).ShouldBeLessThan(variation, name);
            Pictures.Distance(purified, faces).ShouldBeGreaterThan(distance, name);
            (variation, distance) = (Pictures.Variation(purified), Pictures.Distance(purified, faces));
        }
    }

    [Theory]
    [InlineData("bits:8", "bits:6", "bits:4", "bits:2", "bits:1")]
    [InlineData("jpeg:100", "jpeg:90", "jpeg:75", "jpeg:40", "jpeg:10")]
    [InlineData("resize-pad:0.95", "resize-pad:0.8", "resize-pad:0.5")]
    [InlineData("noise:1", "noise:8", "noise:50")]
    public void Further_away(params string[] names)
    {
        using var scope = NewDisposeScope();
        var faces = Pictures.NoisyFaces(2, 4).repeat(4, 1, 1, 1);
        var distance = 0.0;
        foreach (var name in names)
        {
            using var purifier = PurifierRegistry.Open(name);
            var purified = purifier.Purify(faces, Pictures.Draws(8));
            Pictures.Distance(purified, faces).ShouldBeGreaterThan(distance, name);
            distance = Pictures.Distance(purified, faces);
        }
    }
}
