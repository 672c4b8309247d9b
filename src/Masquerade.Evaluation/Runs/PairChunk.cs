using Masquerade.Attacks;
using Masquerade.Detection;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Evaluation.Runs;

/// <summary>
/// The pairs of a chunk as one model sees them: crops, probe tensor, reference embeddings. The tensors are its own.
/// </summary>
internal sealed class PairChunk : IDisposable
{
    private readonly Dictionary<string, (FaceImage Probe, FaceImage Reference)> _crops = new(StringComparer.Ordinal);

    private readonly Dictionary<string, Tensor> _references = new(StringComparer.Ordinal);

    private PairChunk(IReadOnlyList<VerificationPair> all) => All = all;

    /// <summary>Every pair of the chunk, in the order of the list.</summary>
    public IReadOnlyList<VerificationPair> All { get; }

    /// <summary>The pairs that can be attacked.</summary>
    public List<VerificationPair> Usable { get; } = [];

    /// <summary>Why the others cannot.</summary>
    public Dictionary<string, string> Skipped { get; } = new(StringComparer.Ordinal);

    /// <summary>[n,3,H,W] of the usable pairs; null if there is none.</summary>
    public Tensor? Probes { get; private set; }

    public IReadOnlyList<AttackGoal> Goals => [.. Usable.Select(p => Goal(p))];

    public static AttackGoal Goal(VerificationPair pair) => pair.SamePerson ? AttackGoal.Anonymize : AttackGoal.Impersonate;

    public FaceImage Crop(string pair, PairSide side) => side == PairSide.Probe ? _crops[pair].Probe : _crops[pair].Reference;

    /// <exception cref="InputException">A photograph is damaged, and <paramref name="strict"/> is set.</exception>
    public static PairChunk Load(
        IReadOnlyList<VerificationPair> pairs, PlannedModel model, IReadOnlyDictionary<string, string> missing, bool strict)
    {
        var chunk = new PairChunk(pairs);
        var loaded = new (FaceImage Probe, FaceImage Reference)?[pairs.Count];
        var problems = new InputException?[pairs.Count];
        Parallel.For(0, pairs.Count, i =>
        {
            if (missing.ContainsKey(pairs[i].Id)) return;
            try
            {
                loaded[i] = (model.Crops.Load(pairs[i].Probe), model.Crops.Load(pairs[i].Reference));
            }
            catch (InputException e)
            {
                problems[i] = e;
            }
        });
        for (var i = 0; i < pairs.Count; i++)
        {
            if (problems[i] is { } problem && strict) throw problem;
            if (loaded[i] is { } crops)
            {
                chunk.Usable.Add(pairs[i]);
                chunk._crops[pairs[i].Id] = crops;
            }
            else
            {
                chunk.Skipped[pairs[i].Id] = problems[i]?.Message ?? missing[pairs[i].Id];
            }
        }
        if (chunk.Usable.Count == 0) return chunk;
        chunk.Probes = ImageTensors.ToTensor([.. chunk.Usable.Select(p => chunk._crops[p.Id].Probe)]).DetachFromDisposeScope();
        return chunk;
    }

    /// <summary>
    /// Embeddings of the usable pairs' references as a verifier has them, [n,D]; made once for each defense.
    /// </summary>
    public Tensor References(DefendedVerifier verifier, long seed)
    {
        if (_references.TryGetValue(verifier.Defense, out var known)) return known;
        using var images = ImageTensors.ToTensor([.. Usable.Select(p => Crop(p.Id, PairSide.Reference))]);
        // A photograph on file was cleaned once, when it was put there.
        var embeddings = verifier.Embed(
            images, verifier.IsRandom ? [.. Usable.Select(p => new RandomDraw(new CounterRandom(seed, "reference", p.Id), 0))] : null);
        return _references[verifier.Defense] = embeddings.DetachFromDisposeScope();
    }

    public void Dispose()
    {
        Probes?.Dispose();
        foreach (var embeddings in _references.Values) embeddings.Dispose();
    }
}
