using Masquerade.Defenses;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses;

public class PurifierChainTests
{
    [Fact]
    public void Parts_follow_each_other_in_order()
    {
        using var scope = NewDisposeScope();
        using var chain = PurifierRegistry.Open("median:3+jpeg:75");
        using var median = PurifierRegistry.Open("median:3");
        using var jpeg = PurifierRegistry.Open("jpeg:75");
        var faces = Pictures.NoisyFaces(2, 6);
        Pictures.Difference(chain.Purify(faces), jpeg.Purify(median.Purify(faces))).ShouldBe(0);
        Pictures.Distance(chain.Purify(faces), median.Purify(jpeg.Purify(faces))).ShouldBeGreaterThan(0.1);
        (chain.Gradient, chain.IsRandom, chain.Samples).ShouldBe((PurifierGradient.StraightThrough, false, 1));
    }

    [Fact]
    public void A_part_without_a_gradient_leaves_the_others_theirs()
    {
        using var scope = NewDisposeScope();
        using var chain = PurifierRegistry.Open("mean:3+jpeg:75");
        using var mean = PurifierRegistry.Open("mean:3");
        var weights = Pictures.Gaussian(1, 20, 20, 1);
        Pictures.Difference(Gradient(chain), Gradient(mean)).ShouldBeLessThan(1e-5);

        Tensor Gradient(Purifier purifier)
        {
            var leaf = Pictures.Even(1, 20, 20, 2, 0.3f, 0.7f).requires_grad_();
            return autograd.grad([(purifier.PurifyForGradient(leaf) * weights).sum()], [leaf])[0];
        }
    }

    [Fact]
    public void The_gradient_goes_through_all_exact_parts()
    {
        using var scope = NewDisposeScope();
        using var chain = PurifierRegistry.Open("gmrf+noise:2+mean:2");
        chain.Gradient.ShouldBe(PurifierGradient.Exact);
        var (images, direction) = (Pictures.Even(1, 20, 24, 3, 0.3f, 0.7f), Pictures.Gaussian(1, 20, 24, 4));
        var (weights, draws, leaf) = (Pictures.Gaussian(1, 20, 24, 5), Pictures.Draws(1), images.clone().requires_grad_());
        var gradient = autograd.grad([(chain.PurifyForGradient(leaf, draws) * weights).sum()], [leaf])[0];
        // All of it is linear.
        var change = chain.Purify(images.Plus(direction, 0.01), draws) - chain.Purify(images, draws);
        var expected = (gradient * direction).sum().item<float>();
        ((change * weights).sum().item<float>() / 0.01).ShouldBe(expected, 1e-2 * gradient.norm().item<float>());
    }
}
