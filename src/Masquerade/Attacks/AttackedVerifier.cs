using Masquerade.Detection;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Attacks;

/// <summary>
/// What an attacker sees of a verifier: how far images are from the references of their pairs, and in which direction that changes. Behind a
/// random defense it looks several times: always with the same draws to judge, with other ones for every gradient (EOT).
/// </summary>
internal sealed class AttackedVerifier : IDisposable
{
    // Larger batches are no faster, and what autograd keeps of them is what a run's peak memory is made of.
    private const int GradientBatch = 6;

    // Draws of a pair's defense: the same for every look at an image, other ones for every gradient.
    private const int FirstGradientDraw = 10_000;

    private readonly DefendedVerifier _verifier;
    private readonly IReadOnlyList<AttackGoal> _goals;
    private readonly CounterRandom[] _random;
    private readonly Tensor _references;
    private readonly float[] _referenceValues;

    /// <param name="verifier">The verifier, perhaps with a defense; it stays the caller's.</param>
    /// <param name="references">Unit embeddings of the references as this verifier has them, float32 [N,D]; copied.</param>
    /// <param name="goals">The goal of each pair.</param>
    /// <param name="pairs">The id of each pair.</param>
    /// <param name="seed">The run's seed.</param>
    public AttackedVerifier(
        DefendedVerifier verifier, Tensor references, IReadOnlyList<AttackGoal> goals, IReadOnlyList<string> pairs, long seed)
    {
        (_verifier, _goals) = (verifier, goals);
        _random = verifier.IsRandom ? [.. pairs.Select(p => Random(seed, p))] : [];
        using var scope = NewDisposeScope();
        _references = references.detach().clone().DetachFromDisposeScope();
        _referenceValues = _references.data<float>().ToArray();
    }

    /// <summary>The generator of the draws that a random defense makes on a pair's images while it is attacked.</summary>
    public static CounterRandom Random(long seed, string pair) => new(seed, "defense", pair);

    /// <summary>Whether gradients can be had.</summary>
    public bool IsDifferentiable => _verifier.IsDifferentiable;

    /// <summary>Passes that one look at an image, or one gradient, costs.</summary>
    public int Samples => _verifier.Samples;

    /// <summary>Whether images may be refused.</summary>
    public bool Detects => _verifier.Detector is not null;

    /// <summary>Passes back through the networks that one gradient costs: where images may be refused, one for each boundary.</summary>
    public int BackwardsPerGradient => Samples * (Detects ? 2 : 1);

    /// <summary>How the verifier decides.</summary>
    public DecisionRule Rule => _verifier.Rule;

    /// <summary>How far a score is above what is refused; not positive where an image is let pass.</summary>
    public double Excess(double score) => score - (_verifier.Detector?.Threshold ?? double.PositiveInfinity);

    /// <summary>How a verifier sees images; of several draws the attacker's worst.</summary>
    /// <param name="images">[n,3,H,W] in [0,1].</param>
    /// <param name="pairs">The pair of each.</param>
    public Sight[] Look(Tensor images, IReadOnlyList<int> pairs)
    {
        using var scope = NewDisposeScope();
        var sights = new Sight[pairs.Count];
        for (var sample = 0; sample < Samples; sample++)
        {
            using var inner = NewDisposeScope();
            var look = _verifier.Look(images, Draws(pairs, _ => sample));
            var size = (int)look.Embeddings.shape[1];
            var values = look.Embeddings.data<float>().ToArray();
            var scores = look.Scores?.data<float>().ToArray();
            for (var i = 0; i < pairs.Count; i++)
            {
                var distance = FaceVerifier.Distance(values.AsSpan(i * size, size), _referenceValues.AsSpan(pairs[i] * size, size));
                var sight = new Sight(distance, scores?[i] ?? double.NegativeInfinity);
                sights[i] = sample == 0 ? sight : new Sight(
                    _goals[pairs[i]] == AttackGoal.Anonymize ? Math.Min(sights[i].Distance, distance) : Math.Max(sights[i].Distance, distance),
                    Math.Max(sights[i].Score, sight.Score));
            }
        }
        return sights;
    }

    /// <summary>How a verifier sees images, and the gradients; means over the draws.</summary>
    /// <param name="images">[n,3,H,W] in [0,1].</param>
    /// <param name="pairs">The pair of each.</param>
    /// <param name="spent">Gradients that a pair has cost so far: which draws come next.</param>
    /// <returns>
    /// Of each image what is seen; float32 [n,3,H,W] of the distances, and of the scores where images may be refused; owned by the
    /// caller's scope.
    /// </returns>
    public (Sight[] Sights, Tensor Distance, Tensor? Score) Differentiate(Tensor images, IReadOnlyList<int> pairs, Func<int, long> spent)
    {
        var (distances, scores) = (new double[pairs.Count], new double[pairs.Count]);
        var (ofDistance, ofScore) = (zeros_like(images), Detects ? zeros_like(images) : null);
        // As many slices for every thread, and as alike in size, as can be.
        var threads = get_num_threads();
        var slices = Math.Max(1, (pairs.Count + GradientBatch * threads - 1) / (GradientBatch * threads) * threads);
        TorchWorkers.Run(slices, slice =>
        {
            var (from, to) = (slice * pairs.Count / slices, (slice + 1) * pairs.Count / slices);
            if (from == to) return;
            int[] own = [.. Enumerable.Range(from, to - from).Select(i => pairs[i])];
            var references = _references.index_select(0, tensor(own.Select(p => (long)p).ToArray()));
            for (var sample = 0; sample < Samples; sample++)
            {
                using var draw = NewDisposeScope();
                var at = images.narrow(0, from, own.Length).detach().requires_grad_(true);
                var look = _verifier.LookForGradient(at, Draws(own, p => checked(FirstGradientDraw + (int)spent(p) + sample)));
                var distance = (look.Embeddings - references).Squared().sum(1);
                Add(distance, ofDistance, distances, keep: look.Scores is not null);
                if (look.Scores is { } score) Add(score, ofScore!, scores, keep: false);

                void Add(Tensor value, Tensor gradient, double[] values, bool keep)
                {
                    var seen = value.detach().data<float>();
                    for (var i = 0; i < own.Length; i++) values[from + i] += seen[i] / (double)Samples;
                    // A network whose output does not depend on its input has no gradient to ask for.
                    if (!value.requires_grad) return;
                    var part = autograd.grad([value.sum()], [at], retain_graph: keep)[0];
                    gradient.narrow(0, from, own.Length).Plus_(Samples > 1 ? part.Times(1.0 / Samples) : part);
                }
            }
        });
        return ([.. distances.ZipExact(scores, (d, s) => new Sight(d, Detects ? s : double.NegativeInfinity))], ofDistance, ofScore);
    }

    /// <inheritdoc/>
    public void Dispose() => _references.Dispose();

    private RandomDraw[]? Draws(IReadOnlyList<int> pairs, Func<int, int> level) =>
        _verifier.IsRandom ? [.. pairs.Select(p => new RandomDraw(_random[p], level(p)))] : null;
}

/// <summary>What a verifier sees of an image.</summary>
/// <param name="Distance">Squared distance to the pair's reference.</param>
/// <param name="Score">The detector's score; −∞ without a detector.</param>
internal readonly record struct Sight(double Distance, double Score);
