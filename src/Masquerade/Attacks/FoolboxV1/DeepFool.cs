using static TorchSharp.torch;

namespace Masquerade.Attacks.FoolboxV1;

/// <summary>
/// Steps onto the linearised decision boundary until it is crossed, as Foolbox 2's v1 attack does it (Moosavi-Dezfooli et al., CVPR 2016).
/// </summary>
/// <param name="Steps">Most steps; each costs a pair one forward and one backward pass.</param>
/// <param name="Overshoot">How far beyond the boundary a step goes, as a fraction of its length.</param>
public sealed record DeepFool(int Steps = 100, float Overshoot = 0.05f) : Attack(Norm.L2, Access.WhiteBox)
{
    private const float Least = 1e-8f; // Foolbox adds it to the gradient's norm

    /// <inheritdoc/>
    public override bool SearchesUnder8Bit => false;

    /// <inheritdoc/>
    protected override void Run(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        for (var step = 0; step < Steps && problem.AnyActive; step++)
        {
            using var scope = NewDisposeScope();
            var (margin, gradient) = problem.MarginAndGradient();
            if (!problem.AnyActive) break;
            var length = margin.abs() / gradient.flatten(1).norm(1, false, 2f).Plus(Least).Squared();
            problem.Move(problem.Images - length.Times(1 + Overshoot).PerImage() * gradient);
        }
    }
}
