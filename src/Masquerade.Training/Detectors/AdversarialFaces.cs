using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Imaging;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Training.Detectors;

/// <summary>
/// Attacks a verifier with people's faces under the 8-bit rule, and keeps what fools it. Every second face is to be hidden from another
/// photograph of its person, where there is one; the others are to pass for somebody else.
/// </summary>
/// <param name="verifier">Who is to be fooled.</param>
/// <param name="crops">The faces.</param>
/// <param name="seed">Of who is attacked how.</param>
/// <param name="strict">Ends at the first photograph that cannot be used.</param>
internal sealed class AdversarialFaces(FaceVerifier verifier, TrainingCrops crops, long seed, bool strict)
{
    private const int Chunk = 24;

    private sealed record Pair(int Place, string Id, AttackGoal Goal, FaceImage Probe, FaceImage Reference);

    /// <summary>Attacks faces until there are so many, or all are done.</summary>
    /// <param name="set">Where they go; what is there is not done again.</param>
    /// <param name="people">Whose faces: the first and how many.</param>
    /// <param name="faces">Most faces.</param>
    /// <param name="attacks">The attacks.</param>
    /// <param name="progress">Told how many faces are done, and how many there will be.</param>
    /// <param name="cancellation">Stops after the chunk at work.</param>
    public void Make(
        AdversarialSet set, (int First, int Count) people, int faces, IReadOnlyList<NamedAttack> attacks, Action<int, int> progress,
        CancellationToken cancellation)
    {
        int[] own = [.. Enumerable.Range(0, crops.Count).Where(i => crops.Person(i) >= people.First && crops.Person(i) < people.First + people.Count)];
        var others = own.GroupBy(crops.Person).ToDictionary(g => g.Key, g => g.ToArray());
        int[] order = [.. Shuffled(own).Take(faces)];
        string[] sources = [AdversarialSet.Clean, .. attacks.Select(a => a.Name)];
        var done = sources.Min(set.Done);
        progress(done, order.Length);
        while (done < order.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] chunk = [.. Enumerable.Range(done, Math.Min(Chunk, order.Length - done))];
            var pairs = new Pair?[chunk.Length];
            TorchWorkers.Run(chunk.Length, i => pairs[i] = Load(order[chunk[i]], chunk[i], own, others));
            List<Pair> usable = [.. pairs.OfType<Pair>()];
            HashSet<string> missing = [.. sources.Where(s => set.Done(s) <= done)];
            if (usable.Count > 0) Attack(set, usable, missing.Contains(AdversarialSet.Clean), [.. attacks.Where(a => missing.Contains(a.Name))], cancellation);
            done += chunk.Length;
            set.Commit(done, missing, missing.Contains(AdversarialSet.Clean) ? chunk.Length - usable.Count : 0);
            progress(done, order.Length);
        }
    }

    private Pair? Load(int probe, int at, int[] own, Dictionary<int, int[]> byPerson)
    {
        var random = SplitMix.For((ulong)seed, (ulong)probe);
        var person = crops.Person(probe);
        int[] same = [.. byPerson[person].Where(i => i != probe)];
        var hide = at % 2 == 0 && same.Length > 0;
        int[] from = hide ? same : [.. own.Where(i => crops.Person(i) != person)];
        if (from.Length == 0) return null;
        var reference = from[(int)random.Below(from.Length)];
        try
        {
            return new Pair(at, $"{probe} {reference}", hide ? AttackGoal.Anonymize : AttackGoal.Impersonate, crops.Load(probe), crops.Load(reference));
        }
        catch (InputException) when (!strict)
        {
            return null;
        }
    }

    private void Attack(AdversarialSet set, List<Pair> pairs, bool add, IReadOnlyList<NamedAttack> attacks, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var probes = ImageTensors.ToTensor([.. pairs.Select(p => p.Probe)]);
        var references = verifier.Embedder.Embed(ImageTensors.ToTensor([.. pairs.Select(p => p.Reference)]));
        var size = set.Size.Values;
        var values = probes.data<float>().ToArray();
        int[] faces = [.. pairs.Select((p, i) => add ? set.AddFace(values.AsSpan(i * size, size), p.Place) : set.FaceAt(p.Place))];
        foreach (var attack in attacks)
        {
            using var problem = new AttackProblem(
                verifier, probes, references, [.. pairs.Select(p => p.Goal)], [.. pairs.Select(p => p.Id)],
                new AttackSettings(seed, StorageRule.EightBit), cancellation: cancellation);
            foreach (var (face, result) in faces.ZipExact(attack.Attack.Execute(problem)))
                if (result.Adversarial is { } image) set.Add(attack.Name, face, image, result.L2);
        }
    }

    private int[] Shuffled(int[] own)
    {
        var random = SplitMix.For((ulong)seed, (ulong)own.Length);
        int[] order = [.. own];
        for (var i = order.Length - 1; i > 0; i--)
        {
            var other = (int)random.Below(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }
        return order;
    }
}
