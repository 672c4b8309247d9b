using Masquerade.Attacks;
using Masquerade.Defenses;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Evaluation.Tests.Runs;

public class DefendedRunTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Zero_knowledge_shows_the_bare_verifiers_images_to_the_defended_one()
    {
        using var tiny = new TinyRun();
        using var run = tiny.Run(Defended(tiny, "mean:3", "mean:2"), "run", cancellation: Cancellation);
        using var judge = new Judge(tiny);
        var bare = run.Rows.Where(r => r.Defense.Length == 0 && r.Storage == "8bit").ToDictionary(r => (r.FullName(), r.Pair));
        var zero = run.Rows.Where(r => r.Knowledge == KnowledgeNames.Zero).ToList();
        zero.Count.ShouldBe(2 * bare.Count);
        foreach (var row in zero)
        {
            var (clean, reference) = judge.Clean(row);
            row.DistanceBefore!.Value.ShouldBe(judge.Distance(row.Defense, clean, reference), 1e-5);
            row.AlreadyWrong.ShouldBe(judge.IsWrong(row, row.DistanceBefore.Value));
            var attacked = bare[(row.FullName(), row.Pair)];
            if (row.AlreadyWrong)
            {
                (row.Success, row.L2).ShouldBe((true, 0));
                continue;
            }
            var image = run.Adversarial(attacked);
            (image is null).ShouldBe(attacked.AlreadyWrong || !attacked.Success);
            if (image is null)
            {
                row.Success.ShouldBeFalse();
                row.Reason.ShouldStartWith("no image: ");
                continue;
            }
            run.Adversarial(row).ShouldBe(image);
            var distance = judge.Distance(row.Defense, image, reference);
            row.Success.ShouldBe(judge.IsWrong(row, distance));
            row.L2.ShouldBe(row.Success ? attacked.L2 : null);
            if (row.Success) row.DistanceAfter!.Value.ShouldBe(distance, 1e-5);
        }
        zero.Count(r => r is { Success: true, AlreadyWrong: false }).ShouldBeGreaterThan(1);
        zero.Count(r => !r.Success).ShouldBeGreaterThan(2);
    }

    [Fact]
    public void Perfect_knowledge_fools_the_defended_verifier()
    {
        using var tiny = new TinyRun();
        using var run = tiny.Run(Defended(tiny, "mean:3"), "run", cancellation: Cancellation);
        using var judge = new Judge(tiny);
        var perfect = run.Rows.Where(r => r.Knowledge == KnowledgeNames.Perfect).ToList();
        foreach (var row in perfect.Where(r => r is { Success: true, AlreadyWrong: false }))
        {
            var (clean, reference) = judge.Clean(row);
            var image = run.Adversarial(row)!;
            image.ShouldAllBe(v => Math.Abs(v * 255 - MathF.Round(v * 255)) < 1e-3);
            var distance = judge.Distance(row.Defense, image, reference);
            row.DistanceAfter!.Value.ShouldBe(distance, 1e-5);
            judge.IsWrong(row, distance).ShouldBeTrue();
            Math.Sqrt(image.Zip(clean, (a, b) => (double)(a - b) * (a - b)).Sum()).ShouldBe(row.L2!.Value, 1e-4);
            run.Purified(row)!.ShouldBe(judge.Purified(row.Defense, image));
        }
        perfect.Count(r => r is { Success: true, AlreadyWrong: false }).ShouldBeGreaterThan(4);
        var zero = run.Rows.Where(r => r.Knowledge == KnowledgeNames.Zero && r.Attack == "deepfool").Count(r => r.Success);
        perfect.Where(r => r.Attack == "deepfool").Count(r => r.Success).ShouldBeGreaterThan(zero);
    }

    [Fact]
    public void Killed_at_any_moment_a_run_with_defenses_ends_with_the_same_rows_and_scores()
    {
        using var tiny = new TinyRun(9);
        var experiment = Defended(tiny, "mean:3", "mean:3:inside") with { CleanPairs = 7, EotSamples = 2 };
        var (evaluations, copies) = (0, 0);
        using var whole = tiny.Run(experiment, "whole", _ =>
        {
            if (evaluations++ % 23 == 0) ResumeTests.Copy(tiny["whole"], tiny[$"copy{copies++}"]);
        }, cancellation: Cancellation);
        copies.ShouldBeGreaterThan(6);
        whole.CleanScores.Count.ShouldBe(3 * 7);
        var cells = whole.Rows.Select(r => (r.Defense, r.Knowledge, r.Storage)).Distinct();
        cells.ShouldBe(
        [
            ("", "", "float"), ("", "", "8bit"), ("mean:3", "zero", "8bit"), ("mean:3", "perfect", "8bit"),
            ("mean:3:inside", "zero", "8bit"), ("mean:3:inside", "perfect", "8bit"),
        ]);
        for (var copy = 0; copy < copies; copy++)
        {
            using var resumed = tiny.Run(experiment, $"copy{copy}", cancellation: Cancellation);
            TinyRun.Timeless(resumed).ShouldBe(TinyRun.Timeless(whole));
            resumed.CleanScores.ShouldBe(whole.CleanScores);
            resumed.GradientChecks.ShouldBe(whole.GradientChecks);
            resumed.Defenses.Select(d => d.Defense).ShouldBe(["mean:3", "mean:3:inside"]);
        }
    }

    [Fact]
    public void Clean_pairs_are_scored_bare_and_behind_each_defense()
    {
        using var tiny = new TinyRun();
        using var run = tiny.Run(Defended(tiny, "mean:3") with { Take = 2, CleanPairs = 5, Knowledge = ["zero"] }, "run", cancellation: Cancellation);
        using var judge = new Judge(tiny);
        run.CleanScores.GroupBy(s => s.Defense).Select(g => (g.Key, g.Count())).ShouldBe([("", 5), ("mean:3", 5)], ignoreOrder: true);
        foreach (var score in run.CleanScores)
        {
            var names = score.Pair.Split('|');
            score.Distance.ShouldBe(judge.Distance(score.Defense, judge.Image(names[0]), judge.Image(names[1])), 1e-5);
        }
        run.GradientChecks.ShouldBeEmpty();
    }

    [Fact]
    public void Gradients_are_checked_through_each_defense()
    {
        using var tiny = new TinyRun();
        using var run = tiny.Run(Defended(tiny, "mean:3") with { CleanPairs = 0 }, "run", cancellation: Cancellation);
        run.CleanScores.ShouldBeEmpty();
        run.GradientChecks.Count.ShouldBe(8);
        run.GradientChecks.ShouldAllBe(c => c.Defense == "mean:3" && c.Norm > 0 && c.Repeatability == 1);
        // A small step does what the gradient promises, but for the bend.
        run.GradientChecks.Select(c => c.Agreement).Order().ElementAt(4).ShouldBeInRange(0.6, 1.4);
    }

    [Fact]
    public void Behind_a_random_defense_success_is_being_fooled_in_half_of_fresh_draws()
    {
        using var tiny = new TinyRun();
        var experiment = Defended(tiny, "noise:12") with { CleanPairs = 3, EotSamples = 3, KeepImages = KeepImages.All };
        using var run = tiny.Run(experiment, "run", cancellation: Cancellation);
        using var judge = new Judge(tiny);
        run.Defenses.ShouldHaveSingleItem().ShouldSatisfyAllConditions(d => d.IsRandom.ShouldBeTrue(), d => d.Samples.ShouldBe(3));
        run.GradientChecks.ShouldContain(c => c.Repeatability < 1);
        foreach (var row in run.Rows.Where(r => r.Defense.Length > 0 && !r.AlreadyWrong))
        {
            if (row.FooledShare is not { } share)
            {
                row.Success.ShouldBeFalse();
                continue;
            }
            row.Success.ShouldBe(share >= 0.5);
            if (row.Knowledge == KnowledgeNames.Perfect && !row.Success) row.Reason.ShouldStartWith("luck: fooled");
            // Draws of the test's own find about the same share.
            using var scope = NewDisposeScope();
            using var purifier = PurifierRegistry.Open(row.Defense);
            var (_, reference) = judge.Clean(row);
            var draws = Enumerable.Range(0, 60).Select(i => new RandomDraw(new CounterRandom(99, "test", row.Pair), i)).ToArray();
            float[] Purified(float[] image, int draw) => purifier.Purify(tensor(image, [1, 3, 16, 16]), [draws[draw]]).data<float>().ToArray();
            var image = run.Adversarial(row)!;
            var purifiedReference = purifier.Purify(tensor(reference, [1, 3, 16, 16]), [new(new CounterRandom(0, "reference", row.Pair), 0)]).data<float>().ToArray();
            var fooled = draws.Index().Count(d => judge.IsWrong(row, judge.Distance("", Purified(image, d.Index), purifiedReference)));
            (fooled / 60.0).ShouldBe(share, 0.45);
        }
        run.Rows.Count(r => r.FooledShare is not null && !r.AlreadyWrong).ShouldBeGreaterThan(5);
        // Every look costs as many passes as there are draws.
        run.Rows.Where(r => r.Knowledge == KnowledgeNames.Perfect).ShouldAllBe(r => r.Forwards % 3 == 0 && r.Backwards % 3 == 0);
        using var otherwise = tiny.Run(experiment with { Batch = 3 }, "otherwise", cancellation: Cancellation);
        foreach (var (row, other) in run.Rows.Zip(otherwise.Rows))
        {
            if ((row.Reason + other.Reason).Contains("near-threshold", StringComparison.Ordinal)) continue;
            (other.Pair, other.Success, other.FooledShare).ShouldBe((row.Pair, row.Success, row.FooledShare));
            if (row.Success) other.L2!.Value.ShouldBe(row.L2!.Value, 1e-3);
        }
    }

    [Theory]
    [InlineData("""defenses: [maen]""", "spec: no defense 'maen'; did you mean mean?; known are mean")]
    [InlineData("""defenses: ["mean:1"]""", "spec: defense 'mean:1': size '1' is not possible; a whole number from 2 to 31 (mean[:SIZE[:mirror|inside]])")]
    [InlineData("""defenses: ["mean:3:edge"]""", "spec: defense 'mean:3:edge': border 'edge' is not possible; mirror or inside")]
    [InlineData("""defenses: ["mean:3:inside:4"]""", "spec: defense 'mean:3:inside:4': '4' is one parameter too many")]
    [InlineData("""defenses: [""]""", "spec: no defense ''")]
    [InlineData("""defenses: ["mean+"]""", "spec: no defense 'mean+'")]
    [InlineData("defenses: [mean]\nstorage: [float]", "spec: defenses are judged by 8-bit images: add 8bit to storage")]
    [InlineData("defenses: [mean]\nknowledge: [some]", "spec: no knowledge 'some'; known are zero, perfect")]
    [InlineData("defenses: [mean]\nknowledge: []", "spec: nothing says what attackers know; known are zero, perfect")]
    [InlineData("defenses: [mean]\neotSamples: 0", "spec: eotSamples 0 is not possible; 1 to 64")]
    [InlineData("defenses: [mean]\ncleanPairs: -1", "spec: cleanPairs -1 is not possible; 0 to 100000")]
    [InlineData("knowledge: [zero]", "spec: knowledge, eotSamples and cleanPairs say how defenses are judged, and none are named (--defenses)")]
    public void What_cannot_be_is_told_in_a_line(string yaml, string problem) =>
        Should.Throw<InputException>(() => ExperimentFile.Parse($"models: [m]\nimages: i\npairs: p\n{yaml}", "spec").ToExperiment("spec"))
            .Message.ShouldStartWith(problem);

    [Fact]
    public void With_defenses_strong_attacks_and_both_storage_rules_are_usual()
    {
        var experiment = ExperimentFile.Parse("models: [m]\nimages: i\npairs: p\ndefenses: [mean, 'mean:5+mean:3']", "spec").ToExperiment("spec");
        experiment.Attacks.ShouldBe(["minimal", "strong"]);
        experiment.Storage.ShouldBe(["float", "8bit"]);
        experiment.Knowledge.ShouldBe(["zero", "perfect"]);
        var back = ExperimentFile.Parse(ExperimentFile.Write(experiment), "spec").ToExperiment("spec");
        ExperimentFile.Write(back).ShouldBe(ExperimentFile.Write(experiment));
        back.Defenses.ShouldBe(["mean", "mean:5+mean:3"]);
    }

    private static Experiment Defended(TinyRun tiny, params string[] defenses) => tiny.Experiment("minimal/fgsm", "minimal/deepfool") with
    {
        Defenses = defenses,
        Storage = ["float", "8bit"],
        CleanPairs = 4,
    };

    /// <summary>Judges images without the code under test: an embedder, a purifier, a subtraction.</summary>
    private sealed class Judge(TinyRun tiny) : IDisposable
    {
        private readonly FaceModel _model = FaceModel.Load(tiny.Model, threads: 1, gradients: false);

        public float[] Image(string name)
        {
            var values = new float[TinyRun.Size.Values];
            ImageTensors.WritePlanar(ImageFile.Read(Path.Combine(tiny.Images, name + ".png")), values);
            return values;
        }

        public (float[] Probe, float[] Reference) Clean(AttackRow row)
        {
            var names = row.Pair.Split('|');
            return (Image(names[0]), Image(names[1]));
        }

        public bool IsWrong(AttackRow row, double distance) =>
            new PairClassifier(TinyRun.Threshold).IsWrong(distance, row.Goal == AttackGoal.Anonymize);

        public float[] Purified(string defense, float[] image)
        {
            using var scope = NewDisposeScope();
            using var purifier = defense.Length > 0 ? PurifierRegistry.Open(defense) : null;
            var images = tensor(image, [1, 3, TinyRun.Size.Height, TinyRun.Size.Width]);
            return purifier is null ? image : purifier.Purify(images).data<float>().ToArray();
        }

        public double Distance(string defense, float[] probe, float[] reference)
        {
            var embeddings = new float[2 * _model.Embedder.EmbeddingSize];
            _model.Embedder.Embed((float[])[.. Purified(defense, probe), .. Purified(defense, reference)], 2, embeddings);
            var half = _model.Embedder.EmbeddingSize;
            return embeddings[..half].Zip(embeddings[half..], (a, b) => (double)(a - b) * (a - b)).Sum();
        }

        public void Dispose() => _model.Dispose();
    }
}

file static class Rows
{
    public static string FullName(this AttackRow row) => $"{row.Family}/{row.Attack}";
}
