using System.Runtime.InteropServices;
using Masquerade.Attacks;
using Masquerade.Imaging;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Training.Verifiers;

/// <summary>How good a network is on people that it never saw.</summary>
/// <param name="Threshold">The most accurate threshold on these pairs.</param>
/// <param name="Accuracy">Share of right decisions there.</param>
/// <param name="Tar">True accept rate at a false accept rate of 10⁻³, on these pairs.</param>
/// <param name="UnderAttack">Share of right decisions while every pair is attacked; null where nothing is attacked.</param>
public sealed record ValidationScores(double Threshold, double Accuracy, double Tar, double? UnderAttack) : ITrainingScores
{
    /// <inheritdoc/>
    public double Score => UnderAttack is { } attacked ? (Accuracy + attacked) / 2 : Accuracy;
}

/// <summary>Judges a network on people kept from training: as many pairs of the same as of different people.</summary>
internal sealed class VerifierValidation
{
    private const double FalseAcceptRate = 1e-3;
    private const int Batch = 64;
    private const int MostPairsOfAPerson = 20;
    private const int AttackedPairs = 128;
    private const int AttackSteps = 10;

    private readonly TrainingFaces _faces;
    private readonly List<(VerificationPair Pair, int Probe, int Reference)> _pairs = [];
    private readonly AdversarialSettings? _attack;
    private readonly ulong _seed;

    public VerifierValidation(TrainingFaces faces, AdversarialSettings? attack, ulong seed)
    {
        (_faces, _attack, _seed) = (faces, attack, seed);
        var random = SplitMix.For(seed, (ulong)faces.Count);
        foreach (var group in Enumerable.Range(0, faces.Count).GroupBy(faces.Person))
        {
            int[] own = [.. group];
            var others = faces.Count - own.Length;
            var added = 0;
            for (var i = 0; i < own.Length && added < MostPairsOfAPerson; i++)
            {
                for (var j = i + 1; j < own.Length && added < MostPairsOfAPerson; j++, added++)
                {
                    Add(own[i], own[j], true);
                    // Anybody who is not the person: crops of a person lie together.
                    var other = (int)random.Below(others);
                    Add(own[i], other < own[0] ? other : other + own.Length, false);
                }
            }
        }
    }

    public ValidationScores Judge(VerifierNetwork network)
    {
        network.eval();
        var embeddings = Embed(network);
        var scored = _pairs.Select(p => new ScoredPair(p.Pair, Distance(embeddings, p.Probe, p.Reference))).ToList();
        var best = ThresholdCalibration.BestAccuracy(scored);
        var tar = ThresholdCalibration.AtFar(scored, FalseAcceptRate).Tar;
        return new ValidationScores(best.Threshold, best.Accuracy, tar, _attack is null ? null : UnderAttack(network, embeddings, best.Threshold));
    }

    private void Add(int probe, int reference, bool same) =>
        _pairs.Add((new VerificationPair($"{probe}|{reference}", $"{probe}", $"{reference}", same), probe, reference));

    private float[] Embed(VerifierNetwork network)
    {
        using var inference = no_grad();
        var all = new float[_faces.Count * VerifierNetwork.EmbeddingSize];
        for (var start = 0; start < _faces.Count; start += Batch)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(Batch, _faces.Count - start);
            var embedded = network.forward(ImageTensors.ToTensor([.. Enumerable.Range(start, count).Select(_faces.Crop)]));
            MemoryMarshal.Cast<byte, float>(embedded.bytes).CopyTo(all.AsSpan(start * VerifierNetwork.EmbeddingSize));
        }
        return all;
    }

    private static Span<float> Row(float[] embeddings, int i) =>
        embeddings.AsSpan(i * VerifierNetwork.EmbeddingSize, VerifierNetwork.EmbeddingSize);

    private static double Distance(float[] embeddings, int a, int b) => FaceVerifier.Distance(Row(embeddings, a), Row(embeddings, b));

    /// <summary>Some pairs, evenly taken, each probe pushed over the threshold as far as the training's radius allows.</summary>
    private double UnderAttack(VerifierNetwork network, float[] embeddings, double threshold)
    {
        var stride = Math.Max(1, _pairs.Count / AttackedPairs) | 1; // odd: same and different alternate
        var chosen = _pairs.Where((_, i) => i % stride == 0).ToArray();
        var attack = new AdversarialBatch(AttackSteps);
        var right = 0;
        foreach (var part in chosen.Chunk(Batch))
        {
            using var scope = NewDisposeScope();
            var references = tensor(part.SelectMany(p => Row(embeddings, p.Reference).ToArray()).ToArray(), [part.Length, VerifierNetwork.EmbeddingSize]);
            var directions = tensor(part.Select(p => p.Pair.SamePerson ? 1f : -1f).ToArray());
            var images = ImageTensors.ToTensor([.. part.Select(p => _faces.Crop(p.Probe))]);
            Tensor Distances(Tensor x) => (network.forward(x) - references).Squared().sum(1);
            var attacked = attack.Attack(images, _attack!.Epsilon, new CounterRandom((long)_seed, "validation", part[0].Pair.Id), 0,
                x => (Distances(x) * directions).sum());
            using var inference = no_grad();
            var distances = Distances(attacked).data<float>().ToArray();
            for (var i = 0; i < part.Length; i++)
                if (new DecisionRule(threshold).IsSame(distances[i]) == part[i].Pair.SamePerson) right++;
        }
        return right / (double)chosen.Length;
    }
}
