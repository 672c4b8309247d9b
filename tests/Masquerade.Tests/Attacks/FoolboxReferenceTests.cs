using System.Text.Json;
using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Tests.Attacks;

/// <summary>Pair by pair against Foolbox 2.4 on a real network: 50 aligned pairs, threshold 1.42.</summary>
public sealed class FoolboxReferenceTests(FoolboxReferenceTests.Reference reference) : IClassFixture<FoolboxReferenceTests.Reference>
{
    private const int Pairs = 50;

    [Fact]
    public void Clean_distances_are_the_references()
    {
        var results = reference.Run("minimal/fgsm", Enumerable.Range(0, Pairs));
        for (var i = 0; i < Pairs; i++) results[i].DistanceBefore.ShouldBe(reference.CleanDistance(i), 2e-4, $"pair {i}");
    }

    [Fact]
    public void Fgsm_repeats_every_pair()
    {
        var results = reference.Run("foolbox-v1/fgsm", Enumerable.Range(0, Pairs));
        var sameForwards = 0;
        for (var i = 0; i < Pairs; i++)
        {
            var expected = reference.Expected("fgsm", i);
            results[i].Success.ShouldBe(expected.Success, $"pair {i}");
            // One level of the grid in force: of 1000, or a twentieth of a level's ε among the first twenty.
            var level = expected.Linf <= 0.02 ? Math.Ceiling(expected.Linf * 1000 - 1e-6) / 1000 / 20 : 0.001;
            results[i].Linf.ShouldBe(expected.Linf, 1e-6 + Math.Abs(level), $"pair {i}");
            Math.Abs(results[i].Forwards - expected.Forwards).ShouldBeLessThanOrEqualTo(20, $"pair {i}");
            if (results[i].Forwards == expected.Forwards && results[i].Backwards == expected.Gradients) sameForwards++;
        }
        sameForwards.ShouldBeGreaterThanOrEqualTo(47);
    }

    [Fact]
    public void DeepFool_repeats_every_pair()
    {
        var results = reference.Run("foolbox-v1/deepfool", Enumerable.Range(0, Pairs));
        var samePasses = 0;
        for (var i = 0; i < Pairs; i++)
        {
            var expected = reference.Expected("deepfool", i);
            results[i].Success.ShouldBe(expected.Success, $"pair {i}");
            results[i].L2.ShouldBe(expected.L2, 0.02 * expected.L2 + 1e-6, $"pair {i}");
            // Foolbox looks at the clean image twice more, and takes a gradient for each class and one at the end.
            var (forwards, gradients) = results[i].AlreadyWrong
                ? (results[i].Forwards, results[i].Backwards)
                : (results[i].Forwards + 2, 2 * results[i].Backwards + 1);
            if (forwards == expected.Forwards && gradients == expected.Gradients) samePasses++;
            else Math.Abs(forwards - expected.Forwards).ShouldBeLessThanOrEqualTo(1, $"pair {i}");
        }
        samePasses.ShouldBeGreaterThanOrEqualTo(47);
    }

    [Theory]
    [InlineData("uniform")]
    [InlineData("gaussian")]
    public void Noise_finds_what_the_reference_found_within_sampling_error(string attack)
    {
        // The pairs that the reference needed the fewest draws for; all of them take minutes.
        var pairs = Enumerable.Range(0, Pairs)
            .Where(i => reference.Goal(i) == AttackGoal.Anonymize && reference.Expected(attack, i) is { Success: true, L2: > 1 })
            .OrderBy(i => reference.Expected(attack, i).Forwards).Take(4).ToList();
        var results = reference.Run($"foolbox-v1/{attack}", pairs);
        results.ShouldAllBe(r => r.Success);
        results.Average(r => r.L2).ShouldBe(pairs.Average(i => reference.Expected(attack, i).L2), 0.1 * results.Average(r => r.L2));
    }

    [Theory]
    [InlineData("fgsm")]
    [InlineData("deepfool")]
    public void Minimal_gradient_attacks_are_never_worse_and_cost_little(string attack)
    {
        var results = reference.Run($"minimal/{attack}", Enumerable.Range(0, Pairs));
        for (var i = 0; i < Pairs; i++)
        {
            var expected = reference.Expected(attack, i);
            results[i].Success.ShouldBe(expected.Success, $"pair {i}");
            results[i].L2.ShouldBeLessThanOrEqualTo(expected.L2 * 1.01 + 1e-6, $"pair {i}");
            // Exact DeepFool's count is the reference's less two.
            results[i].Forwards.ShouldBeLessThanOrEqualTo(attack == "fgsm" ? 20 : Math.Max(1, expected.Forwards - 2) + 10, $"pair {i}");
        }
    }

    [Theory]
    [InlineData("uniform")]
    [InlineData("gaussian")]
    public void Minimal_noise_anonymizes_as_often_with_no_more_noise(string attack)
    {
        var pairs = Enumerable.Range(0, Pairs).Where(i => reference.Goal(i) == AttackGoal.Anonymize).ToList();
        var results = reference.Run($"minimal/{attack}", pairs);
        var expected = pairs.ConvertAll(i => reference.Expected(attack, i));
        results.Count(r => r.Success).ShouldBeGreaterThanOrEqualTo(expected.Count(e => e.Success));
        var common = Enumerable.Range(0, pairs.Count).Where(i => results[i].Success && expected[i].Success).ToList();
        common.Average(i => results[i].L2).ShouldBeLessThanOrEqualTo(1.03 * common.Average(i => expected[i].L2));
    }

    /// <summary>The reference's files and the model, loaded once.</summary>
    public sealed class Reference : IDisposable
    {
        private readonly Lazy<(FaceModel Model, List<JsonElement> Pairs, Tensor Probes, Tensor References)> _loaded = new(Load);

        internal IReadOnlyList<AttackResult> Run(string attack, IEnumerable<int> pairs)
        {
            const int Batch = 32;
            var (model, all, probes, references) = _loaded.Value;
            var chosen = pairs.ToArray();
            var results = new List<AttackResult>();
            foreach (var chunk in chosen.Chunk(Batch))
            {
                using var scope = NewDisposeScope();
                var index = tensor(chunk.Select(i => (long)i).ToArray());
                using var problem = new AttackProblem(
                    new FaceVerifier(model.Embedder, model.Descriptor.Threshold),
                    probes.index_select(0, index), references.index_select(0, index),
                    [.. chunk.Select(Goal)], [.. chunk.Select(i => all[i].GetProperty("probe").GetString()!)], new AttackSettings());
                results.AddRange(AttackRegistry.Resolve([attack]).Single().Attack.Execute(problem));
            }
            return results;
        }

        internal AttackGoal Goal(int pair) =>
            _loaded.Value.Pairs[pair].GetProperty("same_person").GetBoolean() ? AttackGoal.Anonymize : AttackGoal.Impersonate;

        internal double CleanDistance(int pair) => _loaded.Value.Pairs[pair].GetProperty("clean_distance").GetDouble();

        internal (bool Success, double L2, double Linf, long Forwards, long Gradients) Expected(string attack, int pair)
        {
            var e = _loaded.Value.Pairs[pair].GetProperty("attacks").GetProperty(attack);
            double Number(string name) =>
                e.GetProperty(name).ValueKind == JsonValueKind.Number ? e.GetProperty(name).GetDouble() : double.NaN;
            return (
                e.GetProperty("success").GetBoolean(), Number("l2"), Number("linf"),
                e.GetProperty("forwards").GetInt64(), e.GetProperty("gradients").GetInt64());
        }

        private static (FaceModel Model, List<JsonElement> Pairs, Tensor Probes, Tensor References) Load()
        {
            var folder = Shared.Path("reference", "foolbox-v1");
            var model = FaceModel.Load(Shared.Path("models", "mobilefacenet.model.json"), Environment.ProcessorCount, gradients: true);
            using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "results.json")));
            var pairs = json.RootElement.Clone().GetProperty("pairs").EnumerateArray().ToList();
            Tensor Images(string side) => ImageTensors.ToTensor(
                [.. pairs.Select(p => ImageFile.Read(Path.Combine(folder, "aligned", p.GetProperty(side).GetString()!)))]);
            using var scope = NewDisposeScope();
            var probes = Images("probe").DetachFromDisposeScope();
            var references = model.Embedder.Embed(Images("reference")).DetachFromDisposeScope();
            return (model, pairs, probes, references);
        }

        public void Dispose()
        {
            if (!_loaded.IsValueCreated) return;
            _loaded.Value.Probes.Dispose();
            _loaded.Value.References.Dispose();
            _loaded.Value.Model.Dispose();
        }
    }
}
