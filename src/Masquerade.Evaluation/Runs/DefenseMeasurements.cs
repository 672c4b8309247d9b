using System.Diagnostics;
using Masquerade.Attacks;
using Masquerade.Defenses;
using Masquerade.Detection;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Networks;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Evaluation.Runs;

/// <summary>
/// What is measured of a run's defenses beside the attacks on them: their time, what an attacker's gradients through them are worth, and the
/// distances of clean pairs behind them.
/// </summary>
internal sealed class DefenseMeasurements(ExperimentPlan plan, RunLedger ledger, IReadOnlyDictionary<string, string> missing)
{
    private const int TimedBatch = 32;
    private const int TimedRounds = 5;
    private static readonly TimeSpan LongestTiming = TimeSpan.FromSeconds(1);

    private const int CheckedPairs = 8;
    // The steps on which a gradient is tried: what should move the distance by these shares of the threshold. Rounding, as of a JPEG,
    // undoes part of a short step; along a longer one the gradient turns. The one that keeps its promise better counts.
    private static readonly double[] TriedShares = [0.05, 0.2];

    private Dictionary<(string Model, string Defense), double> _costs = [];

    /// <summary>Measures what the ledger does not have yet, before anything is attacked.</summary>
    public void Measure(CancellationToken cancellation)
    {
        foreach (var model in plan.Models)
        {
            foreach (var (i, defense) in plan.Defenses.Index())
            {
                if (ledger.Defenses.Any(d => d.Model == model.Name && d.Defense == defense.Name)) continue;
                cancellation.ThrowIfCancellationRequested();
                var verifier = plan.Verifier(model, defense.Name);
                var (seconds, forward) = Time(model, verifier);
                ledger.Commit(
                    plan.Models.ToList().IndexOf(model) * plan.Defenses.Count + i,
                    new DefenseFact(
                        model.Name, defense.Name, defense.Gradient, verifier.Samples, defense.IsRandom, seconds, forward),
                    verifier.IsDifferentiable && plan.Experiment.Knowledge.Contains(KnowledgeNames.Perfect) ? Check(model, verifier) : []);
            }
        }
        _costs = ledger.Defenses.ToDictionary(d => (d.Model, d.Defense), d => 1 + d.SecondsPerImage / Math.Max(1e-9, d.SecondsPerForward));
    }

    /// <summary>What scoring all clean pairs costs, in forward passes of the bare model.</summary>
    public double Work => plan.Models.Sum(WorkOf);

    /// <summary>What scoring a model's clean pairs costs, in its bare forward passes.</summary>
    public double WorkOf(PlannedModel model) => 2 * plan.CleanPairs.Count * Verifiers(model).Sum(v => Cost(v, model));

    /// <summary>Scores the clean pairs that are not scored yet, bare and behind every defense.</summary>
    /// <param name="model">The model.</param>
    /// <param name="strict">Whether a damaged photograph ends the run.</param>
    /// <param name="progress">Told how much of <see cref="WorkOf"/> is done.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    public void ScoreClean(PlannedModel model, bool strict, Action<double> progress, CancellationToken cancellation)
    {
        var scored = Verifiers(model).ToDictionary(v => v.Defense, v => ledger.ScoredChunks(model.Name, v.Defense), StringComparer.Ordinal);
        var done = 0.0;
        foreach (var (number, pairs) in plan.CleanPairs.Chunk(TimedBatch).Index())
        {
            var open = Verifiers(model).Where(v => !scored[v.Defense].Contains(number)).ToList();
            using var chunk = open.Count > 0 ? PairChunk.Load(pairs, model, missing, strict) : null;
            foreach (var verifier in open)
            {
                cancellation.ThrowIfCancellationRequested();
                ledger.Commit(model.Name, verifier.Defense, number, number * TimedBatch, Score(model, verifier, chunk!));
            }
            done += 2 * pairs.Length * Verifiers(model).Sum(v => Cost(v, model));
            progress(done);
        }
    }

    private IEnumerable<DefendedVerifier> Verifiers(PlannedModel model) => plan.CleanPairs.Count == 0 ? []
        : plan.Defenses.Select(d => d.Name).Prepend("").Select(defense => plan.Verifier(model, defense));

    private double Cost(DefendedVerifier verifier, PlannedModel model) => _costs.GetValueOrDefault((model.Name, verifier.Defense), 1);

    private List<CleanScore> Score(PlannedModel model, DefendedVerifier verifier, PairChunk chunk)
    {
        if (chunk.Usable.Count == 0) return [];
        using var scope = NewDisposeScope();
        var references = chunk.References(verifier, plan.Experiment.Seed).data<float>().ToArray();
        var look = verifier.Look(chunk.Probes!, Draws(verifier, chunk, "clean probe", 0));
        var (probes, scores) = (look.Embeddings.data<float>().ToArray(), look.Scores?.data<float>().ToArray());
        var size = verifier.Bare.Embedder.EmbeddingSize;
        return [.. chunk.Usable.Select((pair, i) => new CleanScore(
            model.Name, verifier.Defense, pair.Id, pair.SamePerson,
            FaceVerifier.Distance(probes.AsSpan(i * size, size), references.AsSpan(i * size, size)), scores?[i],
            scores is not null && verifier.Refuses(scores[i])))];
    }

    private RandomDraw[]? Draws(DefendedVerifier verifier, PairChunk chunk, string purpose, int level) => !verifier.IsRandom ? null
        : [.. chunk.Usable.Select(p => new RandomDraw(new CounterRandom(plan.Experiment.Seed, purpose, p.Id), level))];

    private static (double Defense, double Forward) Time(PlannedModel model, DefendedVerifier verifier)
    {
        using var scope = NewDisposeScope();
        var size = model.Crops.Size;
        var images = tensor(ProbeImages.Create(size, TimedBatch), [TimedBatch, 3, size.Height, size.Width]);
        RandomDraw[]? draws = verifier.IsRandom
            ? [.. Enumerable.Range(0, TimedBatch).Select(i => new RandomDraw(new CounterRandom(0, "timing", ""), i))]
            : null;
        return (Seconds(Defend), Seconds(count => model.Model.Embedder.Embed(images.narrow(0, 0, count)).Dispose()));

        void Defend(int count)
        {
            verifier.Purifier?.Purify(images.narrow(0, 0, count), draws?[..count]).Dispose();
            verifier.Detector?.Scores(images.narrow(0, 0, count));
        }

        // The fastest of some rounds: the first ones compile, and other work on the machine only ever adds.
        static double Seconds(Action<int> work)
        {
            work(2);
            var (clock, best) = (Stopwatch.StartNew(), double.PositiveInfinity);
            for (var round = 0; round < TimedRounds && (round == 0 || clock.Elapsed < LongestTiming); round++)
            {
                var before = clock.Elapsed;
                work(TimedBatch);
                best = Math.Min(best, (clock.Elapsed - before).TotalSeconds / TimedBatch);
            }
            return best;
        }
    }

    /// <summary>Tries the gradients through a defense on the first pairs.</summary>
    private List<GradientCheck> Check(PlannedModel model, DefendedVerifier verifier)
    {
        using var chunk = PairChunk.Load([.. plan.Pairs.Where(p => !missing.ContainsKey(p.Id)).Take(CheckedPairs)], model, missing, false);
        if (chunk.Usable.Count == 0) return [];
        using var scope = NewDisposeScope();
        var references = chunk.References(verifier, plan.Experiment.Seed);
        var gradient = Gradient(0);
        var norms = gradient.Norms();
        double[] repeatability = verifier.IsRandom ? Cosines(gradient, Gradient(verifier.Samples)) : [.. norms.Select(_ => 1.0)];
        var before = Distances(chunk.Probes!);
        double[][] agreements = [.. TriedShares.Select(Agreement)];
        return [.. chunk.Usable.Select((pair, i) => new GradientCheck(
            model.Name, verifier.Defense, pair.Id, norms[i], repeatability[i], agreements.Select(a => a[i]).MinBy(a => Math.Abs(a - 1))))];

        double[] Agreement(double share)
        {
            using var inner = NewDisposeScope();
            // Down the distance for impersonation, up for anonymization.
            double[] wanted = [.. chunk.Usable.Select(pair => (pair.SamePerson ? 1 : -1) * share * verifier.Threshold)];
            float[] lengths = [.. norms.ZipExact(wanted, (n, w) => n > 0 ? (float)(w / (n * (double)n)) : 0)];
            var after = Distances(chunk.Probes!.Plus(lengths.PerImage() * gradient).Clipped());
            return [.. wanted.Select((w, i) => norms[i] > 0 ? (after[i] - before[i]) / w : 0)];
        }

        Tensor Gradient(int firstDraw)
        {
            using var inner = NewDisposeScope();
            var sum = zeros_like(chunk.Probes!);
            for (var draw = firstDraw; draw < firstDraw + verifier.Samples; draw++)
            {
                var images = chunk.Probes!.detach().requires_grad_(true);
                var embeddings = verifier.EmbedForGradient(images, Draws(verifier, chunk, "gradient check", draw));
                var distance = (embeddings - references).Squared().sum();
                if (distance.requires_grad) sum.Plus_(autograd.grad([distance], [images])[0]);
            }
            return sum.Times(1.0 / verifier.Samples).MoveToOuterDisposeScope();
        }

        double[] Distances(Tensor images)
        {
            var means = new double[chunk.Usable.Count];
            for (var draw = 0; draw < verifier.Samples; draw++)
            {
                using var inner = NewDisposeScope();
                var embeddings = verifier.Embed(images, Draws(verifier, chunk, "gradient check", draw));
                var distances = (embeddings - references).Squared().sum(1).data<float>().ToArray();
                for (var i = 0; i < means.Length; i++) means[i] += distances[i] / (double)verifier.Samples;
            }
            return means;
        }
    }

    private static double[] Cosines(Tensor a, Tensor b)
    {
        using var scope = NewDisposeScope();
        var products = (a * b).flatten(1).sum(1).data<float>().ToArray();
        return [.. products.ZipExact(a.Norms().ZipExact(b.Norms()), (p, n) => n.First > 0 && n.Second > 0 ? p / ((double)n.First * n.Second) : 0)];
    }
}
