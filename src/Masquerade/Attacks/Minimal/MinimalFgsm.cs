using static TorchSharp.torch;

namespace Masquerade.Attacks.Minimal;

/// <summary>
/// The smallest step along the sign of one gradient that fools the verifier (the idea of Goodfellow et al., ICLR 2015): bracketed from the
/// linear forecast, then bisected. Under the 8-bit rule the step is a whole number of levels.
/// </summary>
/// <param name="Tolerance">How far above a step that fails the one found may be, as a fraction.</param>
/// <param name="MostForwards">Most looks at a pair's images, the clean one included.</param>
/// <param name="MostCalls">Most passes of a pair: the limit behind a random defense, where a look costs several.</param>
public sealed record MinimalFgsm(double Tolerance = 0.008, int MostForwards = 20, int MostCalls = CallBudget.UsualMostCalls)
    : Attack(Norm.Linf, Access.WhiteBox)
{
    private const double Growth = 1.5;
    private const double Start = 0.8; // of the linear forecast: below the boundary more often than not

    /// <inheritdoc/>
    protected override void Run(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        using var scope = NewDisposeScope();
        var budget = new CallBudget(problem, MostForwards + 1, MostCalls);
        var (margin, gradient) = problem.MarginAndGradient();
        if (!problem.AnyActive) return;
        var forecasts = (margin / gradient.abs().flatten(1).sum(1)).data<float>().ToArray();
        var start = problem.Active.ZipExact(forecasts).ToDictionary(p => p.First, p => Start * p.Second);
        var unit = problem.Storage == StorageRule.EightBit ? 1.0 / 255 : 0;
        DirectionSearch.Run(
            problem, gradient.sign().neg(), p => new AmplitudeSearch(start[p], 1, Growth, Tolerance, unit), budget.LooksLeft);
    }
}
