using Masquerade.Attacks;
using static TorchSharp.torch;

namespace Masquerade.Training.Verifiers;

/// <summary>The attack inside adversarial training: projected gradient ascent on a loss in an L2 ball (Madry et al., ICLR 2018).</summary>
/// <param name="steps">Gradient steps, at least 1.</param>
internal sealed class AdversarialBatch(int steps)
{
    private const double Reach = 1.5; // the steps together, as a multiple of the radius

    /// <summary>Attacks a batch with one radius for all.</summary>
    /// <inheritdoc cref="Attack(Tensor, Tensor, CounterRandom, int, Func{Tensor, Tensor})"/>
    public Tensor Attack(Tensor images, double radius, CounterRandom random, int draw, Func<Tensor, Tensor> loss)
    {
        using var same = tensor((float)radius);
        return Attack(images, same, random, draw, loss);
    }

    /// <summary>Attacks a batch.</summary>
    /// <param name="images">[N,3,H,W] in [0,1].</param>
    /// <param name="radius">Largest L2 norm of a perturbation: a scalar, or one an image, [N,1,1,1].</param>
    /// <param name="random">Draws the starts.</param>
    /// <param name="draw">Which draw of it.</param>
    /// <param name="loss">What is to be made large: a scalar that sums over images.</param>
    /// <returns>[N,3,H,W] in [0,1], owned by the caller's scope.</returns>
    public Tensor Attack(Tensor images, Tensor radius, CounterRandom random, int draw, Func<Tensor, Tensor> loss)
    {
        using var scope = NewDisposeScope();
        var values = new float[images.NumberOfElements];
        random.Gaussian(values, draw);
        var delta = Scaled(tensor(values, images.shape), radius.Over(2));
        for (var step = 0; step < steps; step++)
        {
            using var inner = NewDisposeScope();
            var at = images.Plus(delta).Clipped().detach().requires_grad_(true);
            var gradient = autograd.grad([loss(at)], [at])[0];
            using var inference = no_grad();
            var next = (at.detach() - images).Plus(Scaled(gradient, radius.Times(Reach / steps)));
            var norms = Norms(next);
            var moved = next * (norms.minimum(radius) / norms);
            delta.Dispose();
            delta = moved.MoveToOuterDisposeScope();
        }
        return images.Plus(delta).Clipped().detach().MoveToOuterDisposeScope();
    }

    private static Tensor Scaled(Tensor direction, Tensor length) => direction * (length / Norms(direction));

    private static Tensor Norms(Tensor images) => images.flatten(1).norm(1, false, 2f).AtLeast(1e-12).view(-1, 1, 1, 1);
}
