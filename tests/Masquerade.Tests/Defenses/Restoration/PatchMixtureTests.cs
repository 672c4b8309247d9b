using Masquerade.Defenses.Restoration;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses.Restoration;

public sealed class PatchMixtureTests
{
    [Theory]
    [InlineData(4, 3, 5, 0.0)]
    [InlineData(3, 4, 45, 0.01)]  // every direction has its own variance
    [InlineData(600, 2, 2, 1e-4)] // more patches and components than are worked on at once
    public void Scores_are_log_densities_of_dense_covariances(int components, int side, int rank, double noise)
    {
        using var scope = NewDisposeScope();
        using var prior = SmallPrior.Draw(components, side, rank);
        using var mixture = new PatchMixture(prior, noise);
        var patches = Patches(side, 300);
        var scores = mixture.Scores(patches);
        scores.shape.ShouldBe([300, components]);
        for (var k = 0; k < components; k += Math.Max(1, components / 5))
        {
            // The channels' means, which nothing is said about, are given a variance of 1: that changes no density of the rest.
            var covariance = Noisy(prior, k, noise);
            var quadratic = (linalg.solve(covariance, patches.to(ScalarType.Float64).t()) * patches.t()).sum([0]);
            var logDeterminant = linalg.slogdet(covariance).Item2;
            var expected = quadratic.Plus(logDeterminant).Plus((3 * side * side - 3) * Math.Log(2 * Math.PI)).Times(-0.5)
                .Plus(prior.Weights[k].log());
            ((scores.select(1, k) - expected) / expected.abs().Plus(1.0)).abs().max().item<double>().ShouldBeLessThan(1e-4);
        }
    }

    [Fact]
    public void The_filter_is_the_solution_of_the_normal_equations()
    {
        using var scope = NewDisposeScope();
        using var prior = SmallPrior.Draw(5, 3, 7);
        const double Noise = 2e-3;
        using var mixture = new PatchMixture(prior, Noise);
        var patches = Patches(3, 40);
        var chosen = tensor(Enumerable.Range(0, 40).Select(i => (long)(i * 3 % 4 + i % 2)).ToArray()); // mixed, some more than others
        var filtered = mixture.Filter(patches, chosen);
        for (var i = 0; i < 40; i++)
        {
            var k = (int)chosen[i].item<long>();
            var expected = SmallPrior.Covariance(prior, k).matmul(linalg.solve(Noisy(prior, k, Noise), patches[i].to(ScalarType.Float64)));
            (filtered[i] - expected).abs().max().item<double>().ShouldBeLessThan(1e-5);
        }
    }

    private static Tensor Noisy(PatchPrior prior, int component, double noise)
    {
        var centre = SmallPrior.Centre(prior.Side);
        var means = eye(prior.Values, dtype: ScalarType.Float64) - centre;
        return SmallPrior.Covariance(prior, component).Plus(centre.Times(noise)).Plus(means);
    }

    private static Tensor Patches(int side, int count)
    {
        var values = new float[count * 3 * side * side];
        new CounterRandom(1, "patches", "test").Gaussian(values, 0);
        return PatchPrior.Centred(tensor(values, [count, 3 * side * side]).Times(0.1)).Left;
    }
}
