using Masquerade.Attacks.Minimal;
using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Attacks.Strong;

/// <summary>
/// Projected gradient descent on the verifier's margin in a ball (Madry et al., ICLR 2018) with restarts, its radius bisected pair by
/// pair until the smallest that succeeds is known: hard to hide from, and with the calls it takes by default, slow. A pair that succeeds
/// goes on at once with a smaller radius, so that the whole batch always works. In L2 steps go along the gradient, in L∞ along its sign.
/// </summary>
/// <remarks>
/// Under the 8-bit rule the perturbation is kept as computed; gradients, margins and norms are of the rounded image, and radii in L∞ are
/// whole levels. Where calls run out before the bracket has closed, the amplitude along the best perturbation is bisected with the last.
/// </remarks>
/// <param name="Norm">The norm of the ball.</param>
/// <param name="Steps">Gradient steps from one start; fewer where the budget would not do for several radii.</param>
/// <param name="Restarts">Starts at a radius before it counts as failed: the best direction so far, then random ones.</param>
/// <param name="Tolerance">How far above a radius that fails the norm found may be, as a fraction.</param>
/// <param name="Quick">
/// For small budgets: before any success a radius fails after one start, from which the next goes on, and after the first one radii shrink
/// by a tenth, not by half.
/// </param>
/// <param name="Looks">Most looks and gradients of a pair, the clean look included.</param>
/// <param name="MostCalls">Most passes of a pair: the limit behind a random defense, where a look costs several.</param>
public sealed record BisectedPgd(
    Norm Norm = Norm.L2, int Steps = 40, int Restarts = 5, double Tolerance = 0.03, bool Quick = false, int Looks = 8000,
    int MostCalls = 8000)
    : Attack(Norm, Access.WhiteBox)
{
    private const int LeastRadii = 6; // that the budget should do for
    private const int LeastSteps = 3;
    private const int ShrinkingLooks = 4;
    private const double ShrinkingGrowth = 1.02;
    private const double ShrinkingTolerance = 0.002;

    /// <inheritdoc/>
    public override bool Anytime => Norm == Norm.L2; // what is won late is measured in L2

    /// <inheritdoc/>
    protected override void Run(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        var budget = new CallBudget(problem, Looks, MostCalls);
        var steps = Math.Min(Steps, Math.Max(LeastSteps, budget.Looks / LeastRadii));
        var key = Norm == Norm.L2 ? "strong/pgd" : "strong/pgd-linf";
        var searches = Enumerable.Range(0, problem.Count)
            .Select(p => new PgdSearch(this, steps, problem.Storage, problem.Random(key, p), problem.Clean.shape[1..])).ToArray();
        while (true)
        {
            problem.Retire(
                [.. problem.Active.Select(p => searches[p].Done || budget.LooksLeft(p) < 2 + (searches[p].Found ? ShrinkingLooks : 0))]);
            if (!problem.AnyActive) break;
            using var scope = NewDisposeScope();
            var (margin, gradient) = problem.MarginAndGradient();
            if (!problem.AnyActive) break;
            var margins = margin.data<float>().ToArray();
            var slopes = Norm == Norm.L2 ? gradient.Norms() : gradient.abs().flatten(1).sum(1).data<float>().ToArray();
            var hits = Judge(problem, margins);
            var next = empty_like(problem.Clean);
            for (var i = 0; i < margins.Length; i++)
            {
                using var inner = NewDisposeScope();
                var pair = problem.Active[i];
                var clean = problem.Clean[i];
                var change = problem.Images[i] - clean;
                var norm = !hits[i] ? double.PositiveInfinity : Norm == Norm.L2 ? problem.BestL2(pair) : change.abs().max().item<float>();
                var moved = searches[pair].Next(clean, change, margins[i], gradient[i], slopes[i], norm);
                next[i].copy_(clean.Plus(moved));
            }
            problem.Place(problem.Storage == StorageRule.EightBit ? ImageTensors.RoundTo8Bit(next.Clipped()) : next);
        }
        Shrink(problem, searches, budget);
    }

    /// <summary>The gradient engine says which images may have crossed; the engine that serves decides.</summary>
    private static bool[] Judge(AttackProblem problem, float[] margins)
    {
        var hits = new bool[margins.Length];
        int[] crossed = [.. Enumerable.Range(0, margins.Length).Where(i => margins[i] <= 0)];
        if (crossed.Length == 0) return hits;
        using var scope = NewDisposeScope();
        var judged = problem.Try(problem.Images.index_select(0, tensor(crossed.Select(i => (long)i).ToArray())), crossed);
        for (var k = 0; k < crossed.Length; k++) hits[crossed[k]] = judged[k];
        return hits;
    }

    private static void Shrink(AttackProblem problem, PgdSearch[] searches, CallBudget budget)
    {
        problem.ReturnToBest();
        if (!problem.AnyActive) return;
        problem.Retire([.. problem.Active.Select(p => searches[p].Done || !searches[p].Found)]);
        if (!problem.AnyActive) return;
        using var scope = NewDisposeScope();
        var best = problem.Active.SelectMany(p => searches[p].Best!).ToArray();
        DirectionSearch.Run(
            problem, tensor(best, problem.Clean.shape), _ => AmplitudeSearch.Below(1, ShrinkingGrowth, ShrinkingTolerance),
            budget.LooksLeft);
    }
}
