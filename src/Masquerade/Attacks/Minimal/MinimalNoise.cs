using static TorchSharp.torch;

namespace Masquerade.Attacks.Minimal;

/// <summary>
/// The smallest noise that fools the verifier: a draw gives a direction, its amplitude is bisected once, and further draws are tried a
/// little below the smallest amplitude so far. Where no amplitude of the first draw fools the verifier, further draws go through the
/// amplitudes in turn: then success is luck, and the number of draws is part of the result.
/// </summary>
/// <param name="Kind">The distribution.</param>
/// <param name="MostForwards">Most looks at a pair's images, the clean one included.</param>
/// <param name="MostWithoutHit">Most looks at a pair that nothing has fooled yet.</param>
/// <param name="Improvement">How far below the best amplitude the next draw is tried, as a fraction.</param>
/// <param name="MostCalls">Most passes of a pair: the limit behind a random defense, where a look costs several.</param>
public sealed record MinimalNoise(
    NoiseKind Kind, int MostForwards = 36, int MostWithoutHit = 14, double Improvement = 0.01, int MostCalls = CallBudget.UsualMostCalls)
    : Attack(Norm.L2, Access.Decision)
{
    private const double Start = 0.25;
    private const double Growth = 1.4;
    private const double Tolerance = 0.04;
    private static readonly double[] Ladder = [0.4, 0.2, 0.6, 0.1, 0.8, 0.3];

    /// <inheritdoc/>
    protected override void Run(AttackProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        var pairs = Enumerable.Range(0, problem.Count).Select(p => new Draws(problem.Random($"minimal/{Kind}", p))).ToArray();
        var looks = new CallBudget(problem, MostForwards, MostCalls).Looks;
        for (var tries = 1; tries < looks && problem.AnyActive; tries++)
        {
            using var scope = NewDisposeScope();
            var active = problem.Active.Select(p => pairs[p]).ToArray();
            var amplitudes = active.Select(a => a.Next(Improvement)).ToArray();
            var noise = Noise.Draw(Kind, [.. active.Select(a => (a.Random, a.Draw))], problem.Clean.shape.AsSpan(1));
            var hits = problem.Try(noise.mul_(Array.ConvertAll(amplitudes, a => (float)a).PerImage()).Plus_(problem.Clean));
            for (var i = 0; i < hits.Length; i++) active[i].Report(amplitudes[i], hits[i]);
            if (tries + 1 < Math.Min(MostWithoutHit, looks)) continue;
            var hopeless = problem.Active.Select(p => double.IsInfinity(problem.BestL2(p))).ToArray();
            for (var i = 0; i < hopeless.Length; i++)
                if (hopeless[i]) problem.Explain(problem.Active[i], $"none of {active[i].Draw} draws");
            problem.Retire(hopeless);
        }
    }

    /// <summary>One pair's draws.</summary>
    private sealed class Draws(CounterRandom random)
    {
        private readonly AmplitudeSearch _first = new(Start, 1, Growth, Tolerance);
        private double _best = double.PositiveInfinity;
        private bool _searching = true;
        private double _stride = 1;

        public CounterRandom Random => random;

        public int Draw { get; private set; }

        public double Next(double improvement)
        {
            if (_searching) return _first.Next;
            return double.IsFinite(_best) ? _best * (1 - improvement * _stride) : Ladder[Draw % Ladder.Length];
        }

        public void Report(double amplitude, bool hit)
        {
            if (hit) _best = Math.Min(_best, amplitude);
            // A draw that hits is followed further down, faster each time.
            _stride = hit && !_searching ? 2 * _stride : 1;
            if (_searching)
            {
                _first.Report(amplitude, hit);
                if (!_first.Done) return;
                _searching = false;
                Draw++;
            }
            else if (!hit)
            {
                Draw++;
            }
        }
    }
}
