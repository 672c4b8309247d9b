using Masquerade.Attacks;
using Masquerade.Defenses;
using Masquerade.Detection;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Reporting;
using Masquerade.Evaluation.Reporting.Markdown;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Intervals;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Training.Detectors;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Evaluation.Tests.Runs;

/// <summary>Runs with detectors: a squeezing one, whose score is an embedding's distance that is easily had without it.</summary>
public sealed class DetectedRunTests : IDisposable
{
    private const string Squeezer = "mean:3";

    private readonly TinyRun _tiny = new();
    private readonly FaceModel _model;
    private readonly string _file;
    private readonly double _threshold;

    public DetectedRunTests()
    {
        _model = FaceModel.Load(_tiny.Model, threads: 1, gradients: false);
        double[] clean = [.. Directory.GetFiles(_tiny.Images, "*.png").Select(f => Score(Image(f))).Order()];
        // Two of three clean probes pass.
        _threshold = clean[clean.Length * 2 / 3];
        _file = _tiny["squeeze.onnx"];
        new DetectorFile(
            new DetectorCard
            {
                Kind = DetectorKind.Squeeze,
                Model = _model.Descriptor.Name,
                ModelSha256 = Detector.ModelHash(_model.Descriptor),
                Width = TinyRun.Size.Width,
                Height = TinyRun.Size.Height,
                Purifiers = [Squeezer],
                Data = "none",
                CalibrationFaces = clean.Length,
                Thresholds = [new DetectorThreshold(0.25, _threshold)],
            },
            DetectorHeads.Squeeze(1).Build()).Write(_file);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void The_outcome_is_that_of_the_whole()
    {
        using var run = _tiny.Run(Detected(), "run", cancellation: Cancellation);
        var bare = run.Rows.Where(r => r.Defense.Length == 0).ToDictionary(r => (r.Family, r.Attack, r.Pair));
        foreach (var row in run.Rows.Where(r => r.Defense.Length > 0))
        {
            (row.Defense, row.Detector).ShouldBe(("squeeze", "squeeze"));
            var names = row.Pair.Split('|');
            var (probe, reference) = (Image(Photograph(names[0])), Image(Photograph(names[1])));
            var hides = row.Goal == AttackGoal.Anonymize;
            row.AlreadyWrong.ShouldBe(Wins(probe, reference, hides));
            if (row.AlreadyWrong) continue;
            if (row.Knowledge == KnowledgeNames.Zero)
            {
                if (run.Adversarial(bare[(row.Family, row.Attack, row.Pair)]) is not { } image) continue;
                row.Score!.Value.ShouldBe(Score(image), 1e-5);
                row.Refused.ShouldBe(Score(image) > _threshold);
                row.Success.ShouldBe(Wins(image, reference, hides));
            }
            else if (row.Success)
            {
                // Who knows the detector fools the verifier and is not refused.
                var image = run.Adversarial(row)!;
                row.Refused.ShouldBe(false);
                Score(image).ShouldBeLessThanOrEqualTo(_threshold + 1e-6);
                new PairClassifier(TinyRun.Threshold).IsWrong(Distance(image, reference), hides).ShouldBeTrue();
            }
        }
        run.Rows.Count(r => r.Refused == true).ShouldBeGreaterThan(0);
        run.Rows.Count(r => r is { Knowledge: KnowledgeNames.Perfect, Success: true, AlreadyWrong: false }).ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Clean_refusals_are_a_cost()
    {
        using var run = _tiny.Run(Detected() with { Knowledge = ["zero"] }, "run", cancellation: Cancellation);
        var scores = run.CleanScores.Where(s => s.Defense == "squeeze").ToList();
        foreach (var score in scores)
        {
            score.Score!.Value.ShouldBe(Score(Image(Photograph(score.Pair.Split('|')[0]))), 1e-5);
            score.Refused.ShouldBe(score.Score.Value > _threshold);
        }
        var cost = RunSummary.Of(run).CleanCosts.Single(c => c.Defense == "squeeze");
        cost.Detects.ShouldBeTrue();
        cost.Refused.Count.ShouldBe(scores.Count(s => s.Refused));
        var right = scores.Count(s => s.SamePerson ? !s.Refused && s.Distance <= TinyRun.Threshold : s.Refused || s.Distance > TinyRun.Threshold);
        cost.Accuracy.Count.ShouldBe(right);
    }

    [Fact]
    public void What_a_detector_does_by_itself_is_told()
    {
        using var run = _tiny.Run(Detected(), "run", cancellation: Cancellation);
        var summary = RunSummary.Of(run);
        summary.DefenseMatrices.Count.ShouldBe(2);
        summary.DefenseMatrices.ShouldAllBe(m => m.Rows.Select(r => r.Defense).SequenceEqual(new[] { "", "squeeze" }));
        DefenseMarkdown.Write(summary).ShouldContain("What the detectors see");
        summary.Detections.Count.ShouldBe(4); // two attacks, two goals
        foreach (var detection in summary.Detections)
        {
            var rows = run.Rows.Where(r => r.Defense == "squeeze" && $"{r.Family}/{r.Attack}" == detection.Attack && r.Goal == detection.Goal).ToList();
            var shown = rows.Where(r => r is { Knowledge: KnowledgeNames.Zero, Score: not null }).ToList();
            detection.Refused!.Value.Count.ShouldBe(shown.Count(r => r.Refused == true));
            detection.Refused.Value.Of.ShouldBe(shown.Count);
            (detection.RefusedSmaller!.Value.Of + detection.RefusedLarger!.Value.Of).ShouldBe(shown.Count);
            var tried = rows.Where(r => r is { Knowledge: KnowledgeNames.Perfect, AlreadyWrong: false }).ToList();
            detection.Evaded!.Value.ShouldBe(new Rate(tried.Count(r => r.Success), tried.Count));
            var roc = detection.Roc.ShouldNotBeNull();
            (roc.Clean, roc.Adversarial).ShouldBe((run.CleanScores.Count(s => s.Score is not null), shown.Count));
            // No clean probe of so few may be refused.
            roc.DetectedAt(0.01).ShouldBe(shown.Count(r => r.Score > run.CleanScores.Max(s => s.Score)));
        }
    }

    [Fact]
    public void Reports_show_the_curve()
    {
        using var run = _tiny.Run(Detected() with { Knowledge = ["zero"] }, "run", cancellation: Cancellation);
        var summary = RunExporter.Export(run, _tiny["run"]);
        var picture = ImageFile.Read(_tiny["run/figures/roc-tiny.png"]);
        (picture.Width, picture.Height).ShouldBe((1280, 684));
        File.ReadAllText(_tiny["run/report.html"]).ShouldContain("Adversarial images refused against false alarms. Detectors: Tiny");
        DefenseMarkdown.Write(summary).ShouldContain("![Adversarial images refused against false alarms: Tiny](figures/roc-tiny.png)");
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllText(_tiny["run/summary.json"]));
        foreach (var (written, own) in json.RootElement.GetProperty("detections").EnumerateArray().Zip(summary.Detections))
        {
            foreach (var (at, share) in written.GetProperty("at_false_alarms").EnumerateArray().Zip((double[])[0.01, 0.05]))
            {
                at.GetProperty("false_alarms").GetDouble().ShouldBe(share);
                at.GetProperty("detected").GetDouble().ShouldBe(own.Roc!.DetectedAt(share) / (double)own.Roc.Adversarial, 1e-9);
            }
        }
    }

    [Fact]
    public void A_stack_sees_cleaned_images_or_those_that_come()
    {
        using var run = _tiny.Run(
            Detected() with { Detectors = [], Stacks = [$"mean:2,{_file}", $"{_file},mean:2"], Knowledge = ["zero"], CleanPairs = 6 }, "run",
            cancellation: Cancellation);
        run.Defenses.Select(d => d.Defense).ShouldBe(["mean:2,squeeze", "squeeze,mean:2"]);
        using var purifier = PurifierRegistry.Open("mean:2");
        foreach (var score in run.CleanScores.Where(s => s.Score is not null))
        {
            using var scope = NewDisposeScope();
            var image = Image(Photograph(score.Pair.Split('|')[0]));
            if (score.Defense == "mean:2,squeeze") image = [.. purifier.Purify(tensor(image, [1, 3, TinyRun.Size.Height, TinyRun.Size.Width])).data<float>()];
            score.Score!.Value.ShouldBe(Score(image), 1e-5);
        }
    }

    [Theory]
    [InlineData("mean:3", "name one purifier and one detector")]
    [InlineData("a.onnx,b.onnx", "name one purifier and one detector")]
    [InlineData("meen:3,a.onnx", "did you mean")]
    public void Impossible_stacks_are_refused(string stack, string problem) =>
        Should.Throw<InputException>(() => (Detected() with { Stacks = [stack] }).Validate("spec")).Message.ShouldContain(problem);

    [Fact]
    public void A_threshold_that_a_detector_has_not_is_refused() =>
        Should.Throw<InputException>(() => _tiny.Run(Detected() with { FalseAlarms = 0.01 }, "run", cancellation: Cancellation))
            .Message.ShouldContain("no threshold is known for 1 %");

    [Fact]
    public void Specs_hold_detectors()
    {
        var experiment = Detected() with { Stacks = [$"mean:3,{_file}"] };
        var back = ExperimentFile.Parse(ExperimentFile.Write(experiment), "spec").ToExperiment("spec");
        back.Detectors.ShouldBe(experiment.Detectors);
        back.Stacks.ShouldBe(experiment.Stacks);
        back.FalseAlarms.ShouldBe(experiment.FalseAlarms);
    }

    public void Dispose()
    {
        _model.Dispose();
        _tiny.Dispose();
    }

    private Experiment Detected() => _tiny.Experiment("minimal/deepfool", "strong/fmn") with
    {
        Detectors = [_file],
        FalseAlarms = 0.25,
        Storage = ["8bit"],
        CleanPairs = 6,
    };

    private string Photograph(string name) => Path.Combine(_tiny.Images, name + ".png");

    private static float[] Image(string file)
    {
        var values = new float[TinyRun.Size.Values];
        ImageTensors.WritePlanar(ImageFile.Read(file), values);
        return values;
    }

    private bool Wins(float[] probe, float[] reference, bool hides)
    {
        var (wrong, refused) = (new PairClassifier(TinyRun.Threshold).IsWrong(Distance(probe, reference), hides), Score(probe) > _threshold);
        return hides ? wrong || refused : wrong && !refused;
    }

    /// <summary>How far the embedding moves when the image, in 8 bits, is squeezed.</summary>
    private double Score(float[] image)
    {
        using var scope = NewDisposeScope();
        using var squeezer = PurifierRegistry.Open(Squeezer);
        var stored = ImageTensors.RoundTo8Bit(tensor(image, [1, 3, TinyRun.Size.Height, TinyRun.Size.Width]));
        return Distance([.. stored.data<float>()], [.. squeezer.Purify(stored).data<float>()]);
    }

    private double Distance(float[] one, float[] other)
    {
        var embeddings = new float[2 * _model.Embedder.EmbeddingSize];
        _model.Embedder.Embed((float[])[.. one, .. other], 2, embeddings);
        var half = _model.Embedder.EmbeddingSize;
        return embeddings[..half].Zip(embeddings[half..], (a, b) => (double)(a - b) * (a - b)).Sum();
    }
}
