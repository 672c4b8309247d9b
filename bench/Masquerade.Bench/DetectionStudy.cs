using System.Globalization;
using System.Text;
using System.Text.Json;
using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Detection;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Reporting.Markdown;
using Masquerade.Evaluation.Statistics;
using Masquerade.Models;
using Masquerade.Training;
using Masquerade.Training.Detectors;

namespace Masquerade.Bench;

/// <summary>
/// Writes the page of detectors: makes one of each kind for a model, and two that know one attack only, and attacks the model behind them on
/// the study's pairs. Each step goes on where it was interrupted; the page is written anew from what they left.
/// </summary>
internal static class DetectionStudy
{
    private static readonly string[] Learned = ["minimal/fgsm", "minimal/deepfool"];
    private static readonly string[] Unseen = ["minimal/uniform", "minimal/gaussian", "strong/fmn"];

    public const string Usage = "--model FILE --images FOLDER --landmarks FILE --people-list FILE --pairs pairs.txt --work FOLDER [--out docs/detection.md] "
        + "[--kinds cnn,residual,…] [--faces N] [--validation-people N] [--epochs N] [--take N] [--clean-pairs N] [--fold-pairs N] [--threads N]";

    /// <summary>A detector to make.</summary>
    /// <param name="Name">Its file's name.</param>
    /// <param name="Kind">What it looks at.</param>
    /// <param name="Attacks">What it learns from.</param>
    private sealed record Wanted(string Name, DetectorKind Kind, IReadOnlyList<string> Attacks);

    public static void Run(BenchOptions options)
    {
        Directory.CreateDirectory(options.Text("work"));
        var (work, page, threads) = (options.Text("work"), options.Optional("out"), options.Number("threads", Environment.ProcessorCount));
        var data = new TrainingData
        {
            Images = Path.GetFullPath(options.Text("images")),
            Landmarks = Path.GetFullPath(options.Text("landmarks")),
            PeopleList = Path.GetFullPath(options.Text("people-list")),
            Pairs = Path.GetFullPath(options.Text("pairs")),
        };
        var settings = new DetectorTrainingSettings
        {
            Kind = DetectorKind.Cnn,
            Attacks = [],
            Faces = options.Number("faces", 2000),
            ValidationPeople = options.Number("validation-people", 300),
            Epochs = options.Number("epochs", 20),
            AttackedFolder = Path.Combine(work, "attacked"),
            Threads = threads,
        };
        var kinds = options.Optional("kinds")?.Split(',').Select(k => Enum.Parse<DetectorKind>(k, ignoreCase: true)).ToList() ?? [.. Enum.GetValues<DetectorKind>()];
        Wanted[] wanted = [.. kinds.Select(k => new Wanted($"{k}".ToLowerInvariant(), k, Learned)),
            .. Learned.Select(a => new Wanted($"{kinds[0]}-{a.Split('/')[1]}".ToLowerInvariant(), kinds[0], [a]))];
        var experiment = new Experiment
        {
            Models = [options.Text("model")],
            Images = data.Images,
            Pairs = data.Pairs,
            Landmarks = data.Landmarks,
            Sample = StudyPairs.Sample,
            Take = options.Number("take", 50),
            Attacks = ["minimal", "strong/fmn", "joint"],
            Storage = [StorageNames.EightBit],
            Detectors = [.. wanted.Take(kinds.Count).Select(w => File(work, w))],
            Stacks = [$"median:3,{File(work, wanted[0])}", $"{File(work, wanted[0])},median:3"],
            CleanPairs = options.Number("clean-pairs", 500),
            Batch = 25,
            Threads = threads,
            KeepImages = KeepImages.Examples,
        };
        var folds = experiment with
        {
            Pairs = StudyPairs.Write(data.Pairs, options.Number("fold-pairs", 500), Path.Combine(work, "fold-pairs.csv")),
            Sample = null,
            Take = null,
            Attacks = [.. Learned, "strong/fmn"],
            Stacks = [],
            // Who knows the detectors is seen on the study's pairs already, and takes many times as long.
            Knowledge = [KnowledgeNames.Zero],
            Batch = 50,
        };
        options.RequireAllUsed();
        List<(Wanted Wanted, IReadOnlyList<AttackDetection> Attacks)> made = [.. wanted.Select(w => (w, Make(w, settings, data, experiment.Models[0], work)))];
        var study = StudyRun.Finish(experiment, Path.Combine(work, "run"));
        var more = StudyRun.Finish(folds, Path.Combine(work, "folds"));
        if (page is null) return;
        // Beside the page, and said to be so in it.
        var figures = Path.GetDirectoryName(Path.GetFullPath(page))!;
        foreach (var (name, run) in new[] { ("study", "run"), ("folds", "folds") })
        {
            foreach (var roc in Directory.GetFiles(Path.Combine(work, run, "figures"), "roc-*.png"))
                System.IO.File.Copy(roc, Path.Combine(figures, $"detection-{name}.png"), overwrite: true);
        }
        System.IO.File.WriteAllText(page, Page(made, study, more));
        Console.WriteLine($"{page} is written");
    }

    private static string File(string work, Wanted wanted) => Path.GetFullPath(Path.Combine(work, wanted.Name + ".onnx"));

    /// <summary>Makes a detector, or reads what came of it.</summary>
    private static IReadOnlyList<AttackDetection> Make(Wanted wanted, DetectorTrainingSettings settings, TrainingData data, string descriptor, string work)
    {
        var (file, judged) = (File(work, wanted), Path.Combine(work, wanted.Name + ".json"));
        if (System.IO.File.Exists(file) && System.IO.File.Exists(judged))
            return JsonSerializer.Deserialize<List<AttackDetection>>(System.IO.File.ReadAllText(judged)) ?? [];
        System.IO.File.Delete(file);
        using var model = FaceModel.Load(descriptor, settings.Threads, gradients: true);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var trained = new DetectorTrainer(model, settings with
        {
            Kind = wanted.Kind,
            Attacks = Named(wanted.Attacks),
            Unseen = Named(Unseen.Concat(Learned).Except(wanted.Attacks)),
        }, data, data.Open(AlignmentKinds.Parse(model.Descriptor.Alignment), model.Descriptor.InputSize), file).Train();
        Console.WriteLine(Text($"{wanted.Name}: {clock.Elapsed.TotalMinutes:F1} min, {trained.Skipped} photographs left out"));
        System.IO.File.WriteAllText(judged, JsonSerializer.Serialize(trained.Attacks));
        return trained.Attacks;

        static NamedAttack[] Named(IEnumerable<string> names) => [.. AttackRegistry.Resolve([.. names]).Select(a => new NamedAttack(a.FullName, a.Attack))];
    }

    private static string Page(List<(Wanted Wanted, IReadOnlyList<AttackDetection> Attacks)> made, RunSummary run, RunSummary folds)
    {
        var text = new StringBuilder();
        text.Append("""
            # Detectors, measured

            What [detectors](detectors.md) in front of a face verifier are worth: against attackers who do not know of them, and against those who
            attack verifier and detector together. Written by

                bench detectors --model mobilefacenet.model.json --images lfw --landmarks landmarks.csv --people-list people-outside-view2.txt --pairs pairs.txt --work runs/detectors --out docs/detection.md

            (`bench` stands for `dotnet run -c Release --project bench/Masquerade.Bench --`; interrupted, the same command goes on.) The model is a
            MobileFaceNet, photographs are LFW's. Detectors learn from people who are in no pair of view 2, and are attacked on the study's pairs. All
            images are of 8 bits.

            {{use}}

            ## On people kept from learning

            Area under the ROC curve, ± half of its 95 % interval, and how many adversarial images are refused at 1 % and at 5 % false alarms. *Not
            learned*: attacks that the detector never saw.


            """);
        text.Replace("{{use}}", Use(run));
        string[] attacks = [.. made.SelectMany(m => m.Attacks.Select(a => a.Attack)).Distinct()];
        text.Append("| detector | learned from |").AppendJoin("", attacks.Select(a => $" `{a}` |")).Append("\n|---|---|").Insert(text.Length, "---|", attacks.Length).Append('\n');
        foreach (var (wanted, judged) in made)
        {
            text.Append(Text($"| `{wanted.Name}` | {(wanted.Kind == DetectorKind.Squeeze ? "clean faces only" : string.Join(", ", wanted.Attacks.Select(a => $"`{a}`")))} |"));
            foreach (var attack in attacks)
                text.Append(judged.FirstOrDefault(j => j.Attack == attack) is { Rates.Adversarial: > 0 } found ? Cell(found) : " – |");
            text.Append('\n');
        }
        text.Append('\n').AppendJoin(' ', Learned.Select(a => LeftOut(made, a))).Append("\n\n");
        text.Append(Text($"## On {folds.Rows.DistinctBy(r => r.Pair).Count()} pairs of folds 1 to 8\n\n"));
        text.Append("Images by attackers who do not know of the detectors.\n\n");
        text.Append("![Adversarial images refused against false alarms](detection-folds.png)\n\n");
        text.Append(DefenseMarkdown.Write(folds, figures: null, level: 3)).Append('\n');
        text.Append(Text($"## On the study's first {run.Experiment.Take} pairs\n\n"));
        text.Append("![Adversarial images refused against false alarms](detection-study.png)\n\n");
        text.Append(DefenseMarkdown.Write(run, figures: null, level: 3));
        return text.ToString().ReplaceLineEndings("\n").TrimEnd() + "\n";
    }

    /// <summary>What it costs a detector not to have learned from an attack.</summary>
    private static string LeftOut(List<(Wanted Wanted, IReadOnlyList<AttackDetection> Attacks)> made, string attack)
    {
        var all = made[0];
        var less = made.First(m => m.Wanted.Kind == all.Wanted.Kind && m.Wanted.Attacks.Count == 1 && m.Wanted.Attacks[0] != attack);
        var (with, without) = (Of(all), Of(less));
        return Text($"Leaving `{attack}` out: `{less.Wanted.Name}` refuses {without.Refused:F0} % of its images at 1 % false alarms where `{all.Wanted.Name}` refuses ")
            + Text($"{with.Refused:F0} % (AUC {without.Auc:F3} and {with.Auc:F3}).");

        (double Refused, double Auc) Of((Wanted Wanted, IReadOnlyList<AttackDetection> Attacks) detector)
        {
            var judged = detector.Attacks.First(a => a.Attack == attack);
            return (100.0 * judged.Detected[0] / Math.Max(1, judged.Rates.Adversarial), judged.Rates.Auc);
        }
    }

    /// <summary>What detectors are good for, as the run has it.</summary>
    private static string Use(RunSummary run)
    {
        var detectors = run.Detections.Where(d => d.Goal == AttackGoal.Impersonate && !d.Defense.Contains(',', StringComparison.Ordinal))
            .GroupBy(d => d.Defense).Select(own => (
                Name: own.Key,
                Refused: 100 * own.Sum(d => d.Refused?.Count ?? 0) / Math.Max(1.0, own.Sum(d => d.Refused?.Of ?? 0)),
                Evaded: 100 * own.Max(d => d.Evaded?.Value ?? 0))).OrderByDescending(d => d.Refused).ToList();
        if (detectors.Count == 0) return "";
        var (least, most) = (detectors.Min(d => d.Evaded), detectors.Max(d => d.Evaded));
        return "**What to use a detector for**: to be told of images made by attackers who do not know of it. Of theirs that are to pass for somebody else, "
            + string.Join(", ", detectors.Select(d => Text($"`{d.Name}` refuses {d.Refused:F0} %"))) + ". Attackers who know a detector pass it, with the attack that does best, in "
            + (least >= 100 ? "all pairs" : least == most ? Text($"{most:F0} % of the pairs") : Text($"{least:F0} to {most:F0} % of the pairs"))
            + ": it is an alarm, no lock. Who wants not to be recognised is not hindered at all: a refusal is what they want.";
    }

    private static string Cell(AttackDetection found) => Text(
        $" {found.Rates.Auc:F3} ± {found.Rates.AucError:F3}{(found.Learned ? "" : " (not learned)")}; {string.Join(", ", found.Detected.Select(d => Text($"{100.0 * d / found.Rates.Adversarial:F0} %")))} |");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
