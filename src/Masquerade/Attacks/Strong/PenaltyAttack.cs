using System.Numerics.Tensors;
using Masquerade.Attacks.Minimal;
using Masquerade.Imaging;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Masquerade.Attacks.Strong;

/// <summary>
/// Minimises half the squared norm of a perturbation plus a weight times how far the image still is from each boundary that it has to cross,
/// the verifier's and, where images may be refused, the detector's; the weight is searched pair by pair (Carlini and Wagner, S&amp;P 2017,
/// and AISec 2017 for detectors). Margins are divided by the length of their gradient, so that both are distances and one weight does for
/// both. Steps are small: a detector of changes sees those of a large one.
/// </summary>
/// <remarks>Under the 8-bit rule the perturbation is kept as computed; margins and gradients are of the rounded image.</remarks>
/// <param name="Steps">Steps with one weight.</param>
/// <param name="Rate">Share of the way to what the gradients ask for that a step goes.</param>
/// <param name="Looks">Most looks and gradients of a pair, the clean look included.</param>
/// <param name="MostCalls">Most passes of a pair: the limit behind a random defense or a detector, where a look costs several.</param>
public sealed record PenaltyAttack(int Steps = 40, double Rate = 0.1, int Looks = 160, int MostCalls = 2 * CallBudget.UsualMostCalls)
    : Attack(Norm.L2, Access.WhiteBox)
{
    private const double FirstWeight = 1.5; // of the linear forecast
    private const double Growth = 2;
    private const double Margin = 0.05; // how far beyond a boundary the penalty reaches, as a share of the forecast
    private const int ShrinkingLooks = 4;
    private const double ShrinkingGrowth = 1.02;
    private const double ShrinkingTolerance = 0.002;
    private const double Tolerance = 0.02;

    /// <inheritdoc/>
    public override bool Anytime => true;

    /// <inheritdoc/>
    protected override void Run(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        var budget = new CallBudget(problem, Looks, MostCalls);
        var size = (int)problem.Clean[0].numel();
        var walks = Enumerable.Range(0, problem.Count).Select(_ => new Walk(this, size)).ToArray();
        while (true)
        {
            problem.Retire([.. problem.Active.Select(p => walks[p].Done || budget.LooksLeft(p) < 2 + (walks[p].Best is null ? 0 : ShrinkingLooks))]);
            if (!problem.AnyActive) break;
            using var scope = NewDisposeScope();
            var (verifier, ofVerifier, detector, ofDetector) = problem.MarginsAndGradients();
            var margins = new[] { verifier, detector }.Select(m => m?.data<float>().ToArray()).ToArray();
            var hits = Judge(problem, margins, walks);
            var (verifierValues, detectorValues) = (ofVerifier.data<float>().ToArray(), ofDetector?.data<float>().ToArray());
            for (var i = 0; i < problem.Active.Count; i++)
            {
                var at = i * size;
                walks[problem.Active[i]].Step(
                    margins[0]![i], verifierValues.AsSpan(at, size), margins[1]?[i] ?? double.NegativeInfinity,
                    detectorValues is null ? default : detectorValues.AsSpan(at, size), hits[i]);
            }
            foreach (var pair in problem.Active.Where(p => walks[p].Stuck)) problem.Explain(pair, FailureReasons.ZeroGradient);
            problem.Retire([.. problem.Active.Select(p => walks[p].Stuck)]);
            if (!problem.AnyActive) break;
            var moved = problem.Clean.Plus(tensor(problem.Active.SelectMany(p => walks[p].Delta).ToArray(), problem.Clean.shape));
            problem.Place(problem.Storage == StorageRule.EightBit ? ImageTensors.RoundTo8Bit(moved.Clipped()) : moved);
        }
        Shrink(problem, walks, budget);
    }

    /// <summary>The gradient engine says which images may have crossed both boundaries; the engines that serve decide.</summary>
    private static bool[] Judge(AttackProblem problem, float[]?[] margins, Walk[] walks)
    {
        var hits = new bool[problem.Active.Count];
        int[] crossed = [.. Enumerable.Range(0, hits.Length).Where(i => margins.All(m => m is null || m[i] <= 0))];
        if (crossed.Length == 0) return hits;
        using var scope = NewDisposeScope();
        var judged = problem.Try(problem.Images.index_select(0, tensor(crossed.Select(i => (long)i).ToArray())), crossed);
        for (var k = 0; k < crossed.Length; k++)
        {
            hits[crossed[k]] = judged[k];
            if (judged[k]) walks[problem.Active[crossed[k]]].KeepBest(problem.BestL2(problem.Active[crossed[k]]));
        }
        return hits;
    }

    private static void Shrink(AttackProblem problem, Walk[] walks, CallBudget budget)
    {
        problem.ReturnToBest();
        if (!problem.AnyActive) return;
        problem.Retire([.. problem.Active.Select(p => walks[p].Best is null)]);
        if (!problem.AnyActive) return;
        using var scope = NewDisposeScope();
        var best = problem.Active.SelectMany(p => walks[p].Best!).ToArray();
        DirectionSearch.Run(
            problem, tensor(best, problem.Clean.shape), _ => AmplitudeSearch.Below(1, ShrinkingGrowth, ShrinkingTolerance), budget.LooksLeft);
    }

    /// <summary>One pair's perturbation and weight.</summary>
    private sealed class Walk(PenaltyAttack attack, int size)
    {
        private double _verifierScale;
        private double _detectorScale;
        private double _reach;
        private double _weight;
        private double _fails;
        private double _works = double.PositiveInfinity;
        private int _step;
        private bool _hit;
        private double _bestNorm = double.PositiveInfinity;

        public float[] Delta { get; } = new float[size];

        /// <summary>The perturbation of the best image, as computed; null before any.</summary>
        public float[]? Best { get; private set; }

        /// <summary>Whether the weight is known closely enough.</summary>
        public bool Done => _works <= _fails * (1 + Tolerance);

        /// <summary>Whether there is no gradient to follow.</summary>
        public bool Stuck { get; private set; }

        public void KeepBest(double norm)
        {
            if (norm >= _bestNorm) return;
            _bestNorm = norm;
            Best ??= new float[size];
            Delta.CopyTo(Best, 0);
        }

        /// <param name="margin">The verifier's margin at the image.</param>
        /// <param name="gradient">Its gradient.</param>
        /// <param name="excess">The detector's; −∞ without one.</param>
        /// <param name="ofExcess">Its gradient; empty without one.</param>
        /// <param name="hit">Whether the image is adversarial.</param>
        public void Step(double margin, ReadOnlySpan<float> gradient, double excess, ReadOnlySpan<float> ofExcess, bool hit)
        {
            if (_weight == 0 && !Begin(margin, gradient, excess, ofExcess)) return;
            _hit |= hit;
            if (hit || _step++ >= attack.Steps) ChangeWeight();
            Pull(1 - attack.Rate);
            Push(margin / _verifierScale, gradient);
            if (!ofExcess.IsEmpty && _detectorScale > 0) Push(excess / _detectorScale, ofExcess);
        }

        private bool Begin(double margin, ReadOnlySpan<float> gradient, double excess, ReadOnlySpan<float> ofExcess)
        {
            _verifierScale = TensorPrimitives.Norm(gradient);
            _detectorScale = ofExcess.IsEmpty ? 0 : TensorPrimitives.Norm(ofExcess);
            Stuck = !(_verifierScale > 0) || !double.IsFinite(_verifierScale);
            if (Stuck) return false;
            _reach = Math.Max(margin / _verifierScale, _detectorScale > 0 ? excess / _detectorScale : 0);
            _reach = Math.Max(_reach, 1e-3);
            _weight = FirstWeight * _reach;
            return true;
        }

        /// <summary>A success asks for a smaller weight at once; steps without one for a larger.</summary>
        private void ChangeWeight()
        {
            if (_hit) _works = Math.Min(_works, _weight);
            else _fails = Math.Max(_fails, _weight);
            _weight = double.IsInfinity(_works) ? _weight * Growth : _fails > 0 ? Math.Sqrt(_fails * _works) : _works / Growth;
            (_step, _hit) = (0, false);
        }

        private void Pull(double times) => TensorPrimitives.Multiply(Delta, (float)times, Delta);

        /// <summary>Pushes against a margin that is not negative enough.</summary>
        private void Push(double distance, ReadOnlySpan<float> gradient)
        {
            if (distance < -Margin * _reach) return;
            var length = Math.Max(1e-12f, TensorPrimitives.Norm(gradient));
            TensorPrimitives.MultiplyAdd(gradient, (float)(-attack.Rate * _weight / length), Delta, Delta);
        }
    }
}
