using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Masquerade.Attacks.Minimal;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Masquerade.Attacks.Strong;

/// <summary>
/// Fast minimum norm in L2 (Pintor et al., NeurIPS 2021): direction and radius are decoupled. Each step goes a fraction of the radius
/// against the gradient of the margin, whatever the gradient's length, and back into a ball, whose radius shrinks after a hit and grows
/// after a miss; both changes are annealed along a cosine. Here the radius follows the linear forecast along the perturbation, within
/// those bounds. At the end the amplitude along the best perturbation is bisected.
/// </summary>
/// <remarks>Under the 8-bit rule the perturbation is kept as computed; gradients, margins and norms are of the rounded image.</remarks>
/// <param name="Looks">Most looks and gradients of a pair, the clean look included.</param>
/// <param name="MostCalls">Most passes of a pair: the limit behind a random defense, where a look costs several.</param>
/// <param name="Step">Length of the first steps, as a fraction of the radius.</param>
/// <param name="LastStep">Length of the last step.</param>
/// <param name="Change">Least change of the radius in the first steps, as a fraction; the most is eight times as large.</param>
/// <param name="LastChange">The same in the last step.</param>
/// <param name="Orthogonal">
/// Whether a step towards the verifier's boundary leaves the image where it is with respect to a detector's, and the other way round
/// (Bryniarski et al., ICLR 2022); of no effect where no image can be refused.
/// </param>
public sealed record FastMinimumNorm(
    int Looks = 60, int MostCalls = CallBudget.UsualMostCalls, double Step = 2, double LastStep = 0.01, double Change = 0.025,
    double LastChange = 0.0005, bool Orthogonal = false)
    : Attack(Norm.L2, Access.WhiteBox)
{
    private const int ShrinkingLooks = 4;
    private const double MostOverLeastChange = 8;
    private const double LeastCosine = 0.2; // between perturbation and gradient, for the forecast to be believed
    private const double LeastRadius = 1e-2;
    private const double Growth = 1.02;
    private const double Tolerance = 0.002;

    /// <inheritdoc/>
    public override bool Anytime => true;

    /// <inheritdoc/>
    protected override void Run(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        var budget = new CallBudget(problem, Looks, MostCalls);
        var size = (int)problem.Clean[0].numel();
        var walks = Enumerable.Range(0, problem.Count).Select(_ => new Walk(this, problem.Storage, size)).ToArray();
        while (true)
        {
            // A pair that nothing has fooled yet has nothing to shrink.
            problem.Retire([.. problem.Active.Select(p => budget.LooksLeft(p) < 2 + (walks[p].Found ? ShrinkingLooks : 0))]);
            if (!problem.AnyActive) break;
            using var scope = NewDisposeScope();
            var (margin, gradient) = Orthogonal ? problem.OrthogonalMarginAndGradient() : problem.MarginAndGradient();
            if (!problem.AnyActive) break;
            var margins = margin.data<float>().ToArray();
            var hits = Judge(problem, margins, walks);
            var next = empty_like(problem.Clean);
            for (var i = 0; i < margins.Length; i++)
            {
                var pair = problem.Active[i];
                walks[pair].Step(
                    Row(problem.Clean, i, size), Row(problem.Images, i, size), Row(gradient, i, size), Row(next, i, size), margins[i],
                    hits[i], problem.BestL2(pair), budget.Spent(pair));
            }
            problem.Place(next);
        }
        Shrink(problem, walks, budget);
    }

    /// <summary>
    /// The gradient engine says which images may have crossed, and the engine that serves decides; not about images that are no closer
    /// than the best.
    /// </summary>
    private static bool[] Judge(AttackProblem problem, float[] margins, Walk[] walks)
    {
        bool[] hits = [.. margins.Select(m => m <= 0)];
        var norms = (problem.Images - problem.Clean).Norms();
        int[] closer = [.. Enumerable.Range(0, hits.Length).Where(i => hits[i] && norms[i] < problem.BestL2(problem.Active[i]))];
        if (closer.Length == 0) return hits;
        var judged = problem.Try(problem.Images.index_select(0, tensor(closer.Select(i => (long)i).ToArray())), closer);
        for (var k = 0; k < closer.Length; k++)
        {
            hits[closer[k]] = judged[k];
            if (judged[k]) walks[problem.Active[closer[k]]].KeepBest();
        }
        return hits;
    }

    private static void Shrink(AttackProblem problem, Walk[] walks, CallBudget budget)
    {
        problem.ReturnToBest();
        if (!problem.AnyActive) return;
        using var scope = NewDisposeScope();
        var shape = problem.Clean.shape;
        var best = problem.Active.SelectMany(p => walks[p].Best).ToArray();
        DirectionSearch.Run(problem, tensor(best, shape), _ => AmplitudeSearch.Below(1, Growth, Tolerance), budget.LooksLeft);
    }

    private static Span<float> Row(Tensor images, int at, int size) =>
        MemoryMarshal.Cast<byte, float>(images.bytes).Slice(at * size, size);

    /// <summary>One pair's perturbation and radius.</summary>
    private sealed class Walk(FastMinimumNorm attack, StorageRule rule, int size)
    {
        private readonly Perturbation _perturbation = new(rule);
        private readonly float[] _delta = new float[size];
        private float[]? _best;
        private double _radius;

        public bool Found => _best is not null;

        /// <summary>The perturbation of the best image, as computed.</summary>
        public float[] Best => _best!;

        public void KeepBest()
        {
            _best ??= new float[size];
            _delta.CopyTo(_best, 0);
        }

        /// <param name="clean">The clean image.</param>
        /// <param name="image">Where the pair stands, as it is judged.</param>
        /// <param name="gradient">Of the margin, there.</param>
        /// <param name="next">Receives the next place.</param>
        /// <param name="margin">The margin there.</param>
        /// <param name="hit">Whether the verifier is fooled there.</param>
        /// <param name="best">Smallest norm so far.</param>
        /// <param name="spent">Share of the budget that is spent.</param>
        public void Step(
            ReadOnlySpan<float> clean, ReadOnlySpan<float> image, ReadOnlySpan<float> gradient, Span<float> next, double margin, bool hit,
            double best, double spent)
        {
            double slope = TensorPrimitives.Norm(gradient);
            var norm = Difference.L2(clean, image);
            TensorPrimitives.Subtract(image, clean, next);
            var along = norm > 0 ? -TensorPrimitives.Dot<float>(next, gradient) / norm : 0;
            var first = _radius == 0;
            var change = Annealed(attack.Change, attack.LastChange, spent);
            // Behind a random defense a clean image may look beaten in the gradient's draws and not be in those that judge.
            if (!Found) _radius = Math.Max(LeastRadius, Math.Max(norm + Math.Max(margin, 0) / slope, norm * (1 + change)));
            else _radius = Math.Min(Forecast(norm, margin, along, slope, hit, change), best * (1 - change));
            var step = Annealed(attack.Step, attack.LastStep, spent) * _radius / slope;
            TensorPrimitives.MultiplyAdd(gradient, (float)-step, _delta, _delta);
            // A first step that rounding would undo goes as far as the forecast asks for.
            var fit = _perturbation.Fit(clean, _delta, _radius, first ? double.MaxValue : 1, next);
            TensorPrimitives.Multiply(_delta, (float)fit, _delta);
            _perturbation.Apply(clean, _delta, 1, next);
            if (rule == StorageRule.Float) TensorPrimitives.Subtract(next, clean, _delta);
        }

        /// <summary>The norm at which the linear model along the perturbation crosses, within what a step may change.</summary>
        private static double Forecast(double norm, double margin, double along, double slope, bool hit, double change)
        {
            var most = MostOverLeastChange * change;
            var forecast = along > LeastCosine * slope ? norm + margin / along : norm;
            return hit
                ? Math.Clamp(forecast, norm * (1 - most), norm * (1 - change))
                : Math.Clamp(forecast, norm * (1 + change), norm * (1 + most));
        }

        private static double Annealed(double first, double last, double spent) =>
            last + (first - last) * (1 + Math.Cos(Math.PI * Math.Min(spent, 1))) / 2;
    }
}
