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
/// <param name="MostTries">Most looks after the walk; twice as many under the 8-bit rule.</param>
/// <param name="MostCalls">Most passes of a pair; where it leaves no more, the walk ends early.</param>
public sealed record MinimalDeepFool(
    int Steps = 100, float Overshoot = 0.02f, int Projections = 1, double Tolerance = 0.004, int MostTries = 8,
    int MostCalls = CallBudget.UsualMostCalls)
    : Attack(Norm.L2, Access.WhiteBox)
{
    private const double Growth = 1.02;
    private const double EightBitGrowth = 1.3;
    private const double MostAmplitude = 100;
    private const float LeastMargin = 1e-4f;

    /// <inheritdoc/>
    protected override void Run(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        var budget = new CallBudget(problem, int.MaxValue, MostCalls);
        if (problem.Storage == StorageRule.EightBit)
        {
            WalkWithoutJudging(problem, budget);
            if (!problem.AnyActive) return;
            using var scope = NewDisposeScope();
            DirectionSearch.Run(
                problem, problem.Images - problem.Clean, _ => new AmplitudeSearch(1, MostAmplitude, EightBitGrowth, Tolerance),
                _ => 2 * MostTries);
            return;
        }
        Walk(problem, budget);
        var walked = Enumerable.Range(0, problem.Count).Select(p => problem.Cost(p).Forwards).ToArray();
        int Left(int pair) => MostTries - (int)(problem.Cost(pair).Forwards - walked[pair]) / problem.CallsPerLook;
        var shrunk = new double[problem.Count];
        Array.Fill(shrunk, double.PositiveInfinity);
        for (var round = 0; round < Projections; round++) Project(problem, shrunk, Left);
        Shrink(problem, shrunk, Left);
    }

    /// <summary>Projects the clean image onto the tangent at the best image so far, and searches along that direction.</summary>
    private void Project(AttackProblem problem, double[] shrunk, Func<int, int> triesLeft)
    {
        problem.ReturnToBest();
        if (!problem.AnyActive) return;
        using var scope = NewDisposeScope();
        var (margin, gradient) = problem.MarginAndGradient();
        if (!problem.AnyActive) return;
        // Where the tangent at the image is met on the way from the clean image along the gradient.
        var slope = ((problem.Clean - problem.Images) * gradient).flatten(1).sum(1);
        var directions = gradient * (margin.Plus(slope) / gradient.flatten(1).Squared().sum(1)).neg().PerImage();
        var pairs = problem.Active.ToArray();
        var before = pairs.Select(problem.BestL2).ToArray();
        // Beyond the norm in hand there is nothing to gain.
        var most = pairs.ZipExact(before.ZipExact(directions.Norms(), (best, norm) => best / norm)).ToDictionary(p => p.First, p => p.Second);
        DirectionSearch.Run(problem, directions, p => new AmplitudeSearch(1, most[p], Growth, Tolerance, accelerating: true), triesLeft);
        for (var i = 0; i < pairs.Length; i++)
            if (problem.BestL2(pairs[i]) < before[i]) shrunk[pairs[i]] = problem.BestL2(pairs[i]);
    }

    /// <summary>Shrinks what no search along a direction has brought onto the boundary yet.</summary>
    private void Shrink(AttackProblem problem, double[] shrunk, Func<int, int> triesLeft)
    {
        problem.ReturnToBest();
        if (!problem.AnyActive) return;
        problem.Retire([.. problem.Active.Select(p => problem.BestL2(p) >= shrunk[p])]);
        if (!problem.AnyActive) return;
        using var scope = NewDisposeScope();
        DirectionSearch.Run(problem, problem.Images - problem.Clean, _ => AmplitudeSearch.Below(1, Growth, Tolerance), triesLeft);
    }

    private void Walk(AttackProblem problem, CallBudget budget)
    {
        var kept = Projections + MostTries;
        for (var step = 0; step < Steps && problem.AnyActive; step++)
        {
            using var scope = NewDisposeScope();
            problem.Retire([.. problem.Active.Select(p => budget.LooksLeft(p) < kept + 2)]);
            if (!problem.AnyActive) break;
            var (margin, gradient) = problem.MarginAndGradient();
            if (!problem.AnyActive) break;
            // At the boundary the engines may differ on the side; the step goes on all the same, and never vanishes.
            problem.Move(problem.Images - Step(margin.abs().AtLeast(LeastMargin), gradient));
        }
    }

    /// <summary>
    /// Walks each pair until the gradient engine says that the boundary is crossed, or the walk has to end: rounding would undo steps this
    /// small. All stand there afterwards.
    /// </summary>
    private void WalkWithoutJudging(AttackProblem problem, CallBudget budget)
    {
        var kept = 2 * MostTries;
        var arrived = new SortedDictionary<int, float[]>();
        for (var step = 0; problem.AnyActive; step++)
        {
            using var scope = NewDisposeScope();
            bool[] ending = [.. problem.Active.Select(p => step == Steps || budget.LooksLeft(p) < kept + 1)];
            Leave(problem, ending, arrived);
            if (!problem.AnyActive) break;
            var (margin, gradient) = problem.MarginAndGradient();
            if (!problem.AnyActive) break;
            bool[] crossed = [.. margin.data<float>().Select(m => m <= 0)];
            Leave(problem, crossed, arrived);
            if (!problem.AnyActive) break;
            problem.Place(problem.Images - Step(margin.Keep(crossed).AtLeast(LeastMargin), gradient.Keep(crossed)));
        }
        problem.ReturnTo([.. arrived.Keys], p => arrived[p]);
    }

    private static void Leave(AttackProblem problem, bool[] leaving, SortedDictionary<int, float[]> arrived)
    {
        for (var i = 0; i < leaving.Length; i++)
        {
            if (!leaving[i]) continue;
            using var image = problem.Images[i];
            arrived[problem.Active[i]] = image.data<float>().ToArray();
        }
        problem.Retire(leaving);
    }

    private Tensor Step(Tensor margin, Tensor gradient) =>
        (margin.Times(1 + Overshoot) / gradient.flatten(1).Squared().sum(1)).PerImage() * gradient;
}
