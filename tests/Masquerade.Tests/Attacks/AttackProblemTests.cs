using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Tests.Attacks;

public class AttackProblemTests
{
    private static readonly ImageSize Size = new(12, 10);

    public static TheoryData<string> Attacks => [.. AttackRegistry.All.Select(a => a.FullName)];

    /// <summary>Every attack, under every rule that it knows: the books agree with an independent look at the images.</summary>
    [Theory]
    [MemberData(nameof(Attacks))]
    public void Results_are_what_they_say(string name)
    {
        var attack = AttackRegistry.Resolve([name]).Single().Attack;
        StorageRule[] rules = attack.SearchesUnder8Bit ? [StorageRule.Float, StorageRule.EightBit] : [StorageRule.Float];
        foreach (var rule in rules)
        {
            using var scope = NewDisposeScope();
            using var embedder = new LinearEmbedder(Size, 8, seed: 3);
            var (probes, references, goals) = Pairs(embedder, 9);
            using var problem = new AttackProblem(
                new FaceVerifier(embedder, 1.3), probes, references, goals,
                [.. goals.Select((_, i) => $"p{i}")], new AttackSettings(5, rule));
            var results = attack.Execute(problem);

            var classifier = new PairClassifier(1.3);
            results.Count.ShouldBe(9);
            results.Sum(r => r.Forwards).ShouldBe(embedder.Calls.Forward);
            results.Sum(r => r.Backwards).ShouldBe(embedder.Calls.Gradient);
            results.Count(r => r.Success && !r.AlreadyWrong).ShouldBeGreaterThan(0);
            for (var i = 0; i < results.Count; i++)
            {
                var result = results[i];
                var same = goals[i] == AttackGoal.Anonymize;
                result.AlreadyWrong.ShouldBe(classifier.IsWrong(result.DistanceBefore, same));
                if (result.AlreadyWrong)
                {
                    (result.Success, result.L2, result.Forwards).ShouldBe((true, 0, 1));
                    continue;
                }
                if (!result.Success) continue;
                var image = tensor(result.Adversarial!, [1, 3, Size.Height, Size.Width]);
                image.min().item<float>().ShouldBeGreaterThanOrEqualTo(0);
                image.max().item<float>().ShouldBeLessThanOrEqualTo(1);
                if (rule == StorageRule.EightBit) (image - ImageTensors.RoundTo8Bit(image)).abs().max().item<float>().ShouldBe(0);
                var distance = (embedder.Embed(image) - references[i]).Squared().sum().item<float>();
                classifier.IsWrong(distance, same).ShouldBeTrue();
                ((double)distance).ShouldBe(result.DistanceAfter, 1e-5);
                var difference = image[0] - probes[i];
                result.L2.ShouldBe(difference.norm().item<float>(), 1e-4);
                result.Linf.ShouldBe(difference.abs().max().item<float>(), 1e-6);
            }
        }
    }

    /// <summary>The same draws and the same books whatever else is in the batch.</summary>
    [Theory]
    [MemberData(nameof(Attacks))]
    public void A_pair_fares_the_same_alone_and_in_a_batch(string name)
    {
        var attack = AttackRegistry.Resolve([name]).Single().Attack;
        using var scope = NewDisposeScope();
        using var embedder = new LinearEmbedder(Size, 8, seed: 3);
        var (probes, references, goals) = Pairs(embedder, 6);
        var together = Execute(0, 6);
        for (var i = 0; i < 6; i++)
        {
            var alone = Execute(i, 1)[0];
            alone.Success.ShouldBe(together[i].Success);
            alone.Forwards.ShouldBe(together[i].Forwards);
            if (alone.Success) alone.L2.ShouldBe(together[i].L2, 1e-9 + 1e-3 * together[i].L2);
        }

        IReadOnlyList<AttackResult> Execute(int at, int count)
        {
            using var problem = new AttackProblem(
                new FaceVerifier(embedder, 1.3), probes.narrow(0, at, count), references.narrow(0, at, count),
                [.. goals.Skip(at).Take(count)], [.. Enumerable.Range(at, count).Select(i => $"p{i}")], new AttackSettings(5));
            return attack.Execute(problem);
        }
    }

    [Fact]
    public void Same_photograph_twice_ends_with_zero_gradient()
    {
        using var scope = NewDisposeScope();
        using var embedder = new LinearEmbedder(Size, 8, seed: 3);
        var probe = embedder.ImagesAt(new float[,] { { 0.4f, 0.3f, 0, 0, 0, 0, 0, 0 } });
        foreach (var attack in AttackRegistry.All.Where(a => a.Attack.Access == Access.WhiteBox))
        {
            using var problem = new AttackProblem(
                new FaceVerifier(embedder, 1.3), probe, embedder.Embed(probe), [AttackGoal.Anonymize], ["p"], new AttackSettings());
            var result = attack.Attack.Execute(problem)[0];
            result.Success.ShouldBeFalse(attack.FullName);
            result.Reason.ShouldBe("zero-gradient", attack.FullName);
        }
    }

    [Fact]
    public void Interruption_stops_between_evaluations()
    {
        using var scope = NewDisposeScope();
        using var embedder = new LinearEmbedder(Size, 8, seed: 3);
        var (probes, references, goals) = Pairs(embedder, 4);
        using var stop = new CancellationTokenSource();
        var evaluations = 0;
        using var problem = new AttackProblem(
            new FaceVerifier(embedder, 1.3), probes, references, goals, ["a", "b", "c", "d"], new AttackSettings(),
            _ => { if (++evaluations == 3) stop.Cancel(); }, stop.Token);
        Should.Throw<OperationCanceledException>(() => AttackRegistry.Resolve(["foolbox-v1/uniform"])[0].Attack.Execute(problem));
        evaluations.ShouldBe(3);
    }

    private static (Tensor Probes, Tensor References, AttackGoal[] Goals) Pairs(LinearEmbedder embedder, int count)
    {
        var random = new Random(11);
        var coordinates = new float[count, embedder.EmbeddingSize];
        var references = new float[count, embedder.EmbeddingSize];
        for (var i = 0; i < count; i++)
        {
            for (var k = 0; k < embedder.EmbeddingSize; k++)
            {
                references[i, k] = (float)(random.NextDouble() - 0.5);
                // Every other pair starts near its reference.
                coordinates[i, k] = i % 2 == 0
                    ? references[i, k] + 0.2f * (float)(random.NextDouble() - 0.5)
                    : (float)(random.NextDouble() - 0.5);
            }
        }
        var probes = ImageTensors.RoundTo8Bit(embedder.ImagesAt(coordinates).Clipped());
        var unit = nn.functional.normalize(tensor(references), 2, 1);
        return (probes, unit, [.. Enumerable.Range(0, count).Select(i => i % 2 == 0 ? AttackGoal.Anonymize : AttackGoal.Impersonate)]);
    }
}
