using Masquerade.Defenses;
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

    /// <summary>The distance of each image to its pair's reference; of several draws the attacker's worst.</summary>
    /// <param name="images">[n,3,H,W] in [0,1].</param>
    /// <param name="pairs">The pair of each.</param>
    public double[] Distances(Tensor images, IReadOnlyList<int> pairs)
    {
        var distances = new double[pairs.Count];
        for (var sample = 0; sample < Samples; sample++)
        {
            using var embeddings = _verifier.Embed(images, Draws(pairs, _ => sample));
            var size = (int)embeddings.shape[1];
            var values = embeddings.data<float>().ToArray();
            for (var i = 0; i < pairs.Count; i++)
            {
                var distance = FaceVerifier.Distance(values.AsSpan(i * size, size), _referenceValues.AsSpan(pairs[i] * size, size));
                distances[i] = sample == 0 ? distance
                    : _goals[pairs[i]] == AttackGoal.Anonymize ? Math.Min(distances[i], distance) : Math.Max(distances[i], distance);
            }
        }
        return distances;
    }

    /// <summary>The distance of each image to its pair's reference, and its gradient; means over the draws.</summary>
    /// <param name="images">[n,3,H,W] in [0,1].</param>
    /// <param name="pairs">The pair of each.</param>
    /// <param name="spent">Gradients that a pair has cost so far: which draws come next.</param>
    /// <returns>n distances, and float32 [n,3,H,W], owned by the caller's scope.</returns>
    public (float[] Distances, Tensor Gradient) DistanceAndGradient(Tensor images, IReadOnlyList<int> pairs, Func<int, long> spent)
    {
        var distances = new float[pairs.Count];
        var gradient = zeros_like(images);
        // As many slices for every thread, and as alike in size, as can be.
        var threads = get_num_threads();
        var slices = Math.Max(1, (pairs.Count + GradientBatch * threads - 1) / (GradientBatch * threads) * threads);
        TorchWorkers.Run(slices, slice =>
        {
            var (from, to) = (slice * pairs.Count / slices, (slice + 1) * pairs.Count / slices);
            if (from == to) return;
            int[] own = [.. Enumerable.Range(from, to - from).Select(i => pairs[i])];
            var references = _references.index_select(0, tensor(own.Select(p => (long)p).ToArray()));
            var part = gradient.narrow(0, from, own.Length);
            for (var sample = 0; sample < Samples; sample++)
            {
                using var draw = NewDisposeScope();
                var at = images.narrow(0, from, own.Length).detach().requires_grad_(true);
                var draws = Draws(own, p => checked(FirstGradientDraw + (int)spent(p) + sample));
                var distance = (_verifier.EmbedForGradient(at, draws) - references).Squared().sum(1);
                var values = distance.detach().data<float>();
                for (var i = 0; i < own.Length; i++) distances[from + i] += values[i] / Samples;
                // A network whose output does not depend on its input has no gradient to ask for.
                if (distance.requires_grad) part.Plus_(autograd.grad([distance.sum()], [at])[0]);
            }
            if (Samples > 1) part.Times_(1.0 / Samples);
        });
        return (distances, gradient);
    }

    /// <inheritdoc/>
    public void Dispose() => _references.Dispose();

    private RandomDraw[]? Draws(IReadOnlyList<int> pairs, Func<int, int> level) =>
        _verifier.IsRandom ? [.. pairs.Select(p => new RandomDraw(_random[p], level(p)))] : null;
}
