using Masquerade.Defenses;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses;

/// <summary>What holds for every purifier that opens by its name alone.</summary>
public class PurifierContractTests
{
    private static readonly string[] Filters =
    [
        "mean", "median", "gaussian", "bilateral", "nlm", "tv", "wavelet", "gmrf", "bits", "jpeg", "resize-pad", "noise",
    ];

    // It jumps where a patch changes its component, which is everywhere within a step: its own tests differentiate it between jumps.
    private static readonly string[] Jumps = ["epll"];

    /// <summary>Others need a file, which only they know.</summary>
    public static TheoryData<string> Names => [.. PurifierRegistry.All.Select(p => p.Name).Where(Opens)];

    [Fact]
    public void The_filters_open_without_files() => Filters.ShouldBeSubsetOf(Names.Select(n => n.Data));

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_name_says_what_it_is(string name)
    {
        using var purifier = PurifierRegistry.Open(name);
        purifier.Name.ShouldStartWith(name);
        using var again = PurifierRegistry.Open(purifier.Name);
        again.Name.ShouldBe(purifier.Name);
        purifier.Samples.ShouldBe(purifier.IsRandom ? Purifier.UsualSamples : 1);
        if (Filters.Contains(name)) again.ShouldBe(purifier);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Images_keep_their_size_and_range(string name)
    {
        using var scope = NewDisposeScope();
        using var purifier = PurifierRegistry.Open(name);
        foreach (var (height, width) in new[] { (37, 53), (64, 48), (112, 112) })
        {
            // Extremes only: whatever goes too far is seen.
            var images = Pictures.Even(2, 33, 40, 1).round_();
            var before = images.clone();
            var purified = purifier.Purify(images, Pictures.Draws(2));
            purified.shape.ShouldBe(images.shape);
            purified.dtype.ShouldBe(ScalarType.Float32);
            purified.requires_grad.ShouldBeFalse();
            purified.isfinite().all().item<bool>().ShouldBeTrue();
            (purified.min().item<float>(), purified.max().item<float>()).ShouldSatisfyAllConditions(
                r => r.Item1.ShouldBeGreaterThanOrEqualTo(0), r => r.Item2.ShouldBeLessThanOrEqualTo(1));
            Pictures.Difference(images, before).ShouldBe(0);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_changes_a_face_but_not_beyond_recognition(string name)
    {
        using var scope = NewDisposeScope();
        using var purifier = PurifierRegistry.Open(name);
        var faces = Pictures.NoisyFaces(2, 3);
        var purified = purifier.Purify(faces, Pictures.Draws(2));
        // A shifted face is far from itself, pixel by pixel.
        var most = name == "resize-pad" ? 0.8 : 0.15;
        (Pictures.Distance(purified, faces) / faces.norm().item<float>()).ShouldBeInRange(1e-3, most);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_batch_is_its_images_one_by_one(string name)
    {
        using var scope = NewDisposeScope();
        using var purifier = PurifierRegistry.Open(name);
        var images = Pictures.Even(7, 45, 61, 2);
        var draws = Pictures.Draws(7);
        var together = purifier.Purify(images, draws);
        var alone = cat([.. Enumerable.Range(0, 7).Select(i => purifier.Purify(images.narrow(0, i, 1), [draws[i]]))]);
        Pictures.Difference(together, alone).ShouldBeLessThan(1e-5);
        // Images with gaps between their values in memory.
        var apart = purifier.Purify(images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2), draws);
        Pictures.Difference(together, apart).ShouldBeLessThan(1e-5);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Flat_images_stay_finite_and_so_do_their_gradients(string name)
    {
        using var scope = NewDisposeScope();
        using var purifier = PurifierRegistry.Open(name);
        foreach (var value in new[] { 0, 0.5, 1 })
        {
            var flat = Pictures.Flat(1, 40, 40, value).requires_grad_();
            var purified = purifier.PurifyForGradient(flat, Pictures.Draws(1));
            purified.isfinite().all().item<bool>().ShouldBeTrue();
            autograd.grad([purified.sum()], [flat])[0].isfinite().all().item<bool>().ShouldBeTrue();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_are_what_they_are_said_to_be(string name)
    {
        using var scope = NewDisposeScope();
        using var purifier = PurifierRegistry.Open(name);
        // Filters are of torch's operations alone: with doubles the step can be so small that it meets no kink.
        var (type, step, tolerance) = Filters.Contains(name) || name == "epll" ? (ScalarType.Float64, 1e-7, 1e-3) : (ScalarType.Float32, 1e-4, 0.05);
        // Within what is clipped, and with the noise of random purifiers still within it; no two values are alike.
        var face = Pictures.Faces(2).narrow(2, 40, 33).narrow(3, 35, 40).Times(0.3);
        var images = face.Plus(Pictures.Even(2, 33, 40, 3, 0.3f, 0.36f)).to(type);
        var draws = Pictures.Draws(2);
        var weights = Pictures.Gaussian(2, 33, 40, 4).to(type);
        var leaf = images.clone().requires_grad_();
        var purified = purifier.PurifyForGradient(leaf, draws);
        (purified - purifier.Purify(images, draws)).abs().max().to(ScalarType.Float32).item<float>().ShouldBeLessThan(1e-5f);
        var gradient = autograd.grad([(purified * weights).sum()], [leaf])[0];
        if (purifier.Gradient == PurifierGradient.StraightThrough)
        {
            gradient.eq(weights).all().item<bool>().ShouldBeTrue();
            return;
        }
        gradient.isfinite().all().item<bool>().ShouldBeTrue();
        if (Jumps.Contains(name)) return;
        var size = gradient.to(ScalarType.Float64).norm().item<double>();
        var steepest = gradient.Times(Math.Sqrt(gradient.numel()) / size);
        Tensor[] directions = [Pictures.Gaussian(2, 33, 40, 5), Pictures.Gaussian(2, 33, 40, 6), steepest];
        foreach (var direction in directions)
        {
            var (up, down) = (purifier.Purify(images.Plus(direction, step), draws), purifier.Purify(images.Plus(direction, -step), draws));
            var measured = ((up - down).to(ScalarType.Float64) * weights).sum().item<double>() / (2 * step);
            var expected = (gradient * direction).sum(ScalarType.Float64).item<double>();
            measured.ShouldBe(expected, tolerance * Math.Max(size, Math.Abs(expected)), name);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_leaves_no_tensor(string name)
    {
        using var purifier = PurifierRegistry.Open(name);
        using var images = Pictures.Even(5, 112, 112, 7);
        var draws = Pictures.Draws(5);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (purifier.Purify(images, draws)) DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(before + 1);
        using (var leaf = Pictures.Even(1, 112, 112, 8).requires_grad_())
        {
            using var purified = purifier.PurifyForGradient(leaf, Pictures.Draws(1));
            DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(before + 2);
        }
        DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(before);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Other_shapes_are_refused(string name)
    {
        using var scope = NewDisposeScope();
        using var purifier = PurifierRegistry.Open(name);
        Should.Throw<ArgumentException>(() => purifier.Purify(zeros(1, 1, 40, 40))).Message.ShouldContain("not [N,3,H,W]");
        if (!purifier.IsRandom) return;
        Should.Throw<ArgumentException>(() => purifier.Purify(zeros(2, 3, 40, 40), Pictures.Draws(1)))
            .Message.ShouldContain("1 draws for 2");
    }

    [Theory]
    [InlineData("mean:31")]
    [InlineData("median:15")]
    [InlineData("gaussian:4")]
    [InlineData("bilateral")]
    [InlineData("nlm")]
    [InlineData("wavelet")]
    public void Images_smaller_than_its_window_are_refused(string name)
    {
        using var scope = NewDisposeScope();
        using var purifier = PurifierRegistry.Open(name);
        Should.Throw<InputException>(() => purifier.Purify(zeros(1, 3, 30, 2))).Message.ShouldContain("2x30");
    }

    private static bool Opens(string name)
    {
        try
        {
            PurifierRegistry.Open(name).Dispose();
            return true;
        }
        catch (InputException)
        {
            return false;
        }
    }
}
