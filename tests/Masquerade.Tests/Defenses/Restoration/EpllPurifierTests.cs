using Masquerade.Defenses;
using Masquerade.Defenses.Restoration;
using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses.Restoration;

public sealed class EpllPurifierTests(PaintedFaces painted) : IClassFixture<PaintedFaces>
{
    [Theory]
    [InlineData(5, 3, 6, 13, 10, 25)]
    [InlineData(2, 4, 45, 9, 14, 10)]
    [InlineData(1, 3, 8, 8, 8, 40)]
    public void It_is_the_papers(int components, int side, int rank, int height, int width, double sigma)
    {
        using var scope = NewDisposeScope();
        using var epll = new EpllPurifier(SmallPrior.Draw(components, side, rank), sigma);
        using var prior = SmallPrior.Draw(components, side, rank);
        var image = Image(1, height, width);
        var expected = LiteralEpll.Restore(
            prior, image.to(ScalarType.Float64).view(-1).data<double>().ToArray(), height, width, sigma / 255);
        var difference = epll.Purify(image).view(-1) - tensor(expected, ScalarType.Float32).Clipped();
        difference.abs().max().item<float>().ShouldBeLessThan(2e-5f);
    }

    [Fact]
    public void Under_one_gaussian_it_is_linear()
    {
        using var scope = NewDisposeScope();
        using var epll = new EpllPurifier(SmallPrior.Draw(1, 3, 8), 30);
        var images = Image(2, 12, 15);
        var mixed = images[0].Times(0.3).Plus(images[1].Times(0.7)).unsqueeze(0);
        var purified = epll.Purify(images);
        (epll.Purify(mixed) - purified[0].Times(0.3).Plus(purified[1].Times(0.7))).abs().max().item<float>().ShouldBeLessThan(1e-5f);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    public void Its_gradient_is_that_of_finite_differences(int components)
    {
        using var scope = NewDisposeScope();
        using var epll = new EpllPurifier(SmallPrior.Draw(components, 3, 8), 20);
        var image = Image(1, 11, 14).to(ScalarType.Float64).requires_grad_(true);
        var weights = Even(image.shape, 0).to(ScalarType.Float64);
        Tensor Loss(Tensor x) => (x * weights).sum();
        var gradient = autograd.grad([Loss(epll.PurifyForGradient(image))], [image])[0];
        using var inference = no_grad();
        var at = image.detach();
        // So small that no patch changes its component: the function is linear there.
        const double Step = 1e-7;
        for (var i = 0; i < 5; i++)
        {
            var direction = Even(at.shape, i + 1);
            var rise = (epll.Purify(at.Plus(direction, times: Step)) - epll.Purify(at.Plus(direction, times: -Step))) * weights;
            var expected = (gradient * direction).sum().item<double>();
            Math.Abs(expected).ShouldBeGreaterThan(0.1);
            (rise.sum().item<double>() / (2 * Step)).ShouldBe(expected, 1e-5 * Math.Abs(expected));
        }
    }

    [Fact]
    public void A_batch_is_as_one_by_one()
    {
        using var scope = NewDisposeScope();
        using var epll = new EpllPurifier(SmallPrior.Draw(4, 3, 8), 15);
        var images = Image(3, 16, 12).requires_grad_(true);
        var (together, gradient) = Both(images);
        for (var i = 0; i < 3; i++)
        {
            var (alone, own) = Both(images.narrow(0, i, 1).detach().requires_grad_(true));
            alone.view(-1).data<float>().ToArray().ShouldBe(together[i].view(-1).data<float>().ToArray());
            own.view(-1).data<float>().ToArray().ShouldBe(gradient[i].view(-1).data<float>().ToArray());
        }
        // Without a gradient each image has a thread of its own, which sums in another order.
        (epll.Purify(images) - together).abs().max().item<float>().ShouldBeLessThan(1e-5f);

        (Tensor, Tensor) Both(Tensor x)
        {
            var purified = epll.PurifyForGradient(x);
            return (purified.detach(), autograd.grad([purified.Squared().sum()], [x])[0]);
        }
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(5, 6)]
    [InlineData(7, 33)]
    [InlineData(40, 21)]
    public void Any_size_from_a_patch_on_keeps_its_shape_and_flat_images(int height, int width)
    {
        using var scope = NewDisposeScope();
        using var epll = new EpllPurifier(SmallPrior.Draw(3, 5, 10), 10);
        var purified = epll.Purify(Image(2, height, width));
        purified.shape.ShouldBe([2, 3, height, width]);
        purified.isfinite().all().item<bool>().ShouldBeTrue();
        var flat = tensor([0.2f, 0.5f, 0.8f]).view(1, 3, 1, 1).expand(1, 3, height, width).contiguous();
        (epll.Purify(flat) - flat).abs().max().item<float>().ShouldBeLessThan(1e-5f);
        Should.Throw<InputException>(() => epll.Purify(Image(1, height, 4))).Message
            .ShouldBe($"epll:10: images of 4x{height} are smaller than its patches of 5x5");
    }

    [Fact]
    public void More_sigma_changes_more_and_leaves_less_detail()
    {
        using var scope = NewDisposeScope();
        var noisy = Noisy(Faces(1), 25);
        (double Change, double Detail)[] strengths = [.. new double[] { 1, 5, 10, 20, 40, 80 }.Select(sigma =>
        {
            using var epll = new EpllPurifier(SmallPrior.Draw(4, 5, 20), sigma);
            var purified = epll.Purify(noisy);
            return ((double)(purified - noisy).Squared().mean().item<float>(), (double)purified.diff(1, 3).abs().mean().item<float>());
        })];
        strengths.ShouldBe([.. strengths.OrderBy(s => s.Change)]);
        strengths.ShouldBe([.. strengths.OrderByDescending(s => s.Detail)]);
    }

    [Fact]
    public void The_shipped_prior_takes_noise_off_painted_faces()
    {
        using var scope = NewDisposeScope();
        using var epll = PurifierRegistry.Open("epll:25");
        epll.Name.ShouldBe("epll:25");
        var clean = Faces(4);
        var noisy = Noisy(clean, 25);
        var gain = Psnr(clean, epll.Purify(noisy)) - Psnr(clean, noisy);
        gain.ShouldBeGreaterThan(9);
        // Less than the noise takes less of it off, but still some.
        using var weak = PurifierRegistry.Open("epll");
        weak.Name.ShouldBe("epll:10");
        (Psnr(clean, weak.Purify(noisy)) - Psnr(clean, noisy)).ShouldBeInRange(0.2, gain - 2);
        // And without noise little is lost.
        Psnr(clean, weak.Purify(clean)).ShouldBeGreaterThan(33);
    }

    private Tensor Faces(int count) => ImageTensors.ToTensor([.. Enumerable.Range(0, count).Select(i => painted.Faces.Crop(5 * i))]);

    private static Tensor Noisy(Tensor images, double sigma)
    {
        var noise = new float[images.NumberOfElements];
        new CounterRandom(3, "noise", "test").Gaussian(noise, 0);
        return images.Plus(tensor(noise, images.shape), times: sigma / 255).Clipped();
    }

    private static double Psnr(Tensor clean, Tensor other) => -10 * Math.Log10((clean - other).Squared().mean().item<float>());

    private static Tensor Even(long[] shape, int draw)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        new CounterRandom(4, "even", "test").Uniform(values, draw);
        return tensor(values, shape);
    }

    /// <summary>Smooth pictures with some noise, well inside of [0,1].</summary>
    private static Tensor Image(int count, int height, int width)
    {
        var values = new float[count * 3 * height * width];
        new CounterRandom(2, "image", "test").Uniform(values, 0);
        for (var i = 0; i < values.Length; i++) values[i] = 0.5f + 0.2f * MathF.Sin(i * 0.37f) + 0.1f * values[i];
        return tensor(values, [count, 3, height, width]);
    }
}
