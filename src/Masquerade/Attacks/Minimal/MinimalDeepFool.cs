using static TorchSharp.torch;

namespace Masquerade.Attacks.Minimal;

/// <summary>
/// DeepFool (Moosavi-Dezfooli et al., CVPR 2016) with a final shrink onto the decision boundary. Once the boundary is crossed, the clean
/// image is projected onto the boundary's tangent there (the idea of Abdollahpour et al., SuperDeepFool, 2023), and the amplitude along
/// that direction is bisected. Under the 8-bit rule the float boundary gives the direction and the search along it is of rounded images.
/// </summary>
/// <param name="Steps">Most steps towards the boundary; each costs a pair one forward and one backward pass.</param>
/// <param name="Overshoot">How far beyond the boundary a step goes, as a fraction of its length.</param>
/// <param name="Projections">How often the clean image is projected onto the tangent.</param>
/// <param name="Tolerance">How far above an amplitude that fails the one found may be, as a fraction.</param>
/// <param name="MostTries">Most forward passes of one search along a direction.</param>
public sealed record MinimalDeepFool(
    int Steps = 100, float Overshoot = 0.02f, int Projections = 1, double Tolerance = 0.004, int MostTries = 8)
    : Attack(Norm.L2, Access.WhiteBox)
{
    private const double FloatGrowth = 1.02;
    private const double EightBitGrowth = 1.3;
    private const double MostAmplitude = 100;
    private const float LeastMargin = 1e-4f;

    /// <inheritdoc/>
    protected override void Run(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        if (problem.Storage == StorageRule.EightBit)
        {
            WalkWithoutJudging(problem);
            SearchFromHere(problem, EightBitGrowth, 2 * MostTries);
            return;
        }
        Walk(problem);
        for (var round = 0; round < Projections; round++)
        {
            problem.ReturnToBest();
            if (!problem.AnyActive) return;
            using var scope = NewDisposeScope();
            var (margin, gradient) = problem.MarginAndGradient();
            if (!problem.AnyActive) return;
            // Where the tangent at the image is met on the way from the clean image along the gradient.
            var slope = ((problem.Clean - problem.Images) * gradient).flatten(1).sum(1);
            var length = (margin + slope) / gradient.flatten(1).square().sum(1);
            Search(problem, gradient * length.neg().PerImage(), FloatGrowth, MostTries);
        }
        if (Projections > 0) return;
        problem.ReturnToBest();
        SearchFromHere(problem, FloatGrowth, MostTries);
    }

    private void Walk(AttackProblem problem)
    {
        for (var step = 0; step < Steps && problem.AnyActive; step++)
        {
            using var scope = NewDisposeScope();
            var (margin, gradient) = problem.MarginAndGradient();
            if (!problem.AnyActive) break;
            // At the boundary the engines may differ on the side; the step goes on all the same, and never vanishes.
            problem.Move(problem.Images - Step(margin.abs().clamp_min(LeastMargin), gradient));
        }
    }

    /// <summary>Walks until the gradient engine says that the boundary is crossed: rounding would undo steps this small.</summary>
    private void WalkWithoutJudging(AttackProblem problem)
    {
        for (var step = 0; step < Steps && problem.AnyActive; step++)
        {
            using var scope = NewDisposeScope();
            var (margin, gradient) = problem.MarginAndGradient();
            if (!problem.AnyActive || (margin <= 0).all().item<bool>()) break;
            problem.Place(problem.Images - Step(margin.clamp_min(0), gradient));
        }
    }

    private Tensor Step(Tensor margin, Tensor gradient) =>
        ((1 + Overshoot) * margin / gradient.flatten(1).square().sum(1)).PerImage() * gradient;

    private void SearchFromHere(AttackProblem problem, double growth, int mostTries)
    {
        if (!problem.AnyActive) return;
        using var scope = NewDisposeScope();
        Search(problem, problem.Images - problem.Clean, growth, mostTries);
    }

    private void Search(AttackProblem problem, Tensor directions, double growth, int mostTries) =>
        DirectionSearch.Run(problem, directions, _ => new AmplitudeSearch(1, MostAmplitude, growth, Tolerance), mostTries);
}
