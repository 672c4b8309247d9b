using Masquerade.Defenses.Restoration;
using Masquerade.Training.PatchPriors;
using static TorchSharp.torch;

namespace Masquerade.Training.Tests.PatchPriors;

public sealed class PatchMixtureFitTests : IClassFixture<PaintedFaces>
{
    private readonly PaintedFaces _painted;

    public PatchMixtureFitTests(PaintedFaces painted)
    {
        _painted = painted;
        set_num_threads(1); // small matrices: threads would only wait for each other
    }

    [Fact]
    public void Patches_are_drawn_from_the_crops_without_their_channels_means()
    {
        using var scope = NewDisposeScope();
        var random = new CounterRandom(1, "patches", "test");
        var crop = _painted.Faces.Crop(3);
        var patches = PatchSample.Draw([crop], 5, 5000, random);
        patches.shape.ShouldBe([5000, 75]);
        patches.view(5000, 3, 25).mean([2]).abs().max().item<float>().ShouldBeLessThan(1e-6f);
        PatchSample.Draw([crop], 5, 5000, random).Equals(patches).ShouldBeTrue();
        PatchSample.Draw([crop], 5, 100, random).Equals(patches.narrow(0, 0, 100)).ShouldBeTrue();

        // Each is one of the crop's, and nearly all places occur.
        var image = Masquerade.Imaging.ImageTensors.ToTensor([crop]);
        var all = PatchPrior.Centred(nn.functional.unfold(image, 5)[0].t().contiguous()).Left;
        var nearest = cdist(patches.narrow(0, 0, 500), all).min(1);
        nearest.values.max().item<float>().ShouldBeLessThan(5e-3f);
        var places = nearest.indexes.data<long>().ToArray();
        places.Select(p => p / 108).Distinct().Count().ShouldBeGreaterThan(70);
        places.Select(p => p % 108).Distinct().Count().ShouldBeGreaterThan(70);
    }

    [Fact]
    public void One_component_of_full_rank_becomes_the_patches_covariance()
    {
        using var scope = NewDisposeScope();
        var patches = Patches(2000, 3);
        using var first = PatchMixtureFit.First(patches, 1, 24);
        var (next, _) = PatchMixtureFit.Step(first, patches, Token);
        using var fitted = next;
        var expected = patches.t().matmul(patches).Over(2000.0);
        (SmallPrior.Covariance(fitted, 0) - expected).abs().max().item<double>().ShouldBeLessThan(1e-5);
        // Of a lower rank: the largest variances as they are, the mean of the others.
        using var low = PatchMixtureFit.First(patches, 1, 5);
        var (lower, _) = PatchMixtureFit.Step(low, patches, Token);
        using var approximate = lower;
        (approximate.Variances - fitted.Variances.narrow(1, 0, 5)).abs().max().item<float>().ShouldBeLessThan(1e-6f);
        approximate.Rest[0].item<float>().ShouldBe(fitted.Variances.narrow(1, 5, 19).mean().item<float>(), 1e-6f);
    }

    [Fact]
    public void A_step_is_that_of_the_textbook()
    {
        using var scope = NewDisposeScope();
        var patches = Patches(300, 2);
        using var prior = PatchMixtureFit.First(patches, 3, 9);
        var (next, likelihood) = PatchMixtureFit.Step(prior, patches, Token);
        using var fitted = next;

        var centre = eye(12, dtype: ScalarType.Float64) - SmallPrior.Centre(2);
        var x = patches.to(ScalarType.Float64);
        Tensor[] densities = [.. Enumerable.Range(0, 3).Select(k =>
        {
            var covariance = SmallPrior.Covariance(prior, k).Plus(centre);
            var quadratic = (x.matmul(linalg.inv(covariance)) * x).sum(1);
            var exponent = quadratic.Plus(linalg.slogdet(covariance).Item2).Plus(9 * Math.Log(2 * Math.PI));
            return exponent.Times(-0.5).exp() * prior.Weights[k];
        })];
        var sum = densities[0].Plus(densities[1]).Plus(densities[2]);
        likelihood.ShouldBe(sum.log().mean().item<double>(), 1e-3);
        for (var k = 0; k < 3; k++)
        {
            var belongs = densities[k] / sum;
            fitted.Weights[k].item<float>().ShouldBe((float)belongs.mean().item<double>(), 1e-4f);
            var expected = (x * belongs.unsqueeze(1)).t().matmul(x) / belongs.sum();
            // But for variances that are raised to the least.
            var difference = (SmallPrior.Covariance(fitted, k) - expected).abs().max().item<double>();
            difference.ShouldBeLessThan(PatchMixtureFit.LeastVariance + 2e-3 * expected.abs().max().item<double>());
        }
    }

    [Theory]
    [InlineData(1, 12)]
    [InlineData(8, 12)]
    [InlineData(20, 3)]
    [InlineData(6, 72)]
    public void The_likelihood_rises(int components, int rank)
    {
        using var scope = NewDisposeScope();
        var patches = Patches(4000, 5);
        var prior = PatchMixtureFit.First(patches, components, rank);
        List<double> likelihoods = [];
        for (var i = 0; i < 12; i++)
        {
            var (next, likelihood) = PatchMixtureFit.Step(prior, patches, Token);
            PatchMixtureFit.Likelihood(prior, patches).ShouldBe(likelihood, 1e-3);
            prior.Dispose();
            prior = next;
            likelihoods.Add(likelihood);
        }
        prior.Dispose();
        for (var i = 1; i < likelihoods.Count; i++) likelihoods[i].ShouldBeGreaterThanOrEqualTo(likelihoods[i - 1] - 5e-3);
        likelihoods[^1].ShouldBeGreaterThan(likelihoods[0] + 1);
    }

    [Fact]
    public void A_mixture_is_found_again()
    {
        // Two kinds of patches that differ in one direction and in strength.
        using var scope = NewDisposeScope();
        using var truth = SmallPrior.Draw(2, 3, 2, seed: 7);
        var counts = new[] { 6000, 3000 };
        var patches = cat([.. Enumerable.Range(0, 2).Select(k =>
        {
            var values = new float[counts[k] * 27];
            new CounterRandom(k, "mixture", "test").Gaussian(values, 0);
            var (ascending, vectors) = linalg.eigh(SmallPrior.Covariance(truth, k));
            return (tensor(values, [counts[k], 27]).to(ScalarType.Float64) * ascending.AtLeast(0).sqrt()).matmul(vectors.t());
        })], 0).to(ScalarType.Float32).contiguous();
        var mixed = tensor(Enumerable.Range(0, 9000).Select(i => i * 7919L % 9000).ToArray());
        var prior = PatchMixtureFit.First(patches.index_select(0, mixed), 2, 2);
        for (var i = 0; i < 100; i++)
        {
            var (next, _) = PatchMixtureFit.Step(prior, patches, Token);
            prior.Dispose();
            prior = next;
        }
        using var found = prior;
        var larger = found.Weights[0].item<float>() > found.Weights[1].item<float>() ? 0 : 1;
        found.Weights[larger].item<float>().ShouldBe(2 / 3f, 0.03f);
        for (var k = 0; k < 2; k++)
        {
            var (was, now) = (SmallPrior.Covariance(truth, k), SmallPrior.Covariance(found, k == 0 ? larger : 1 - larger));
            ((now - was).norm() / was.norm()).item<double>().ShouldBeLessThan(0.1);
        }
    }

    [Fact]
    public void Flat_patches_do_no_harm_but_too_few_others_are_refused()
    {
        using var scope = NewDisposeScope();
        var busy = Patches(50, 3);
        var patches = cat([busy, zeros(450, 27)], 0);
        using var first = PatchMixtureFit.First(patches, 4, 6);
        var (next, _) = PatchMixtureFit.Step(first, patches, Token);
        using var fitted = next;
        foreach (var (name, value) in fitted.Tensors()) value.isfinite().all().item<bool>().ShouldBeTrue(name);
        fitted.Rest.min().item<float>().ShouldBeGreaterThanOrEqualTo((float)PatchMixtureFit.LeastVariance * 0.999f);
        Should.Throw<InputException>(() => PatchMixtureFit.First(zeros(500, 27), 4, 6)).Message
            .ShouldStartWith("0 of 500 patches show more than one colour, too few for 4 components");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Tensor Patches(int count, int side) =>
        PatchSample.Draw(_painted.Faces.Crops, side, count, new CounterRandom(0, "patches", "test"));
}
