using System.Globalization;
using System.Text;
using Masquerade.Attacks;
using Masquerade.Defenses;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Reporting.Markdown;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Bench;

/// <summary>
/// Writes the page of defenses: every purifier in front of a model on the study's pairs, and the filters on more pairs of LFW, enough to rank
/// them. Two runs, each of which goes on where it was interrupted; the page is written anew from what they left.
/// </summary>
internal static class DefenseStudy
{

    // The study's filters of finished images mirror the border; the one that its attacks were made through averages inside.
    private static readonly string[] Study = ["mean:3", "mean:5", "mean:10", "mean:3:inside"];

    private static readonly string[] Filters =
    [
        "mean:3", "mean:5", "mean:10", "median:3", "gaussian:1", "bilateral", "nlm", "tv", "wavelet", "bits:4", "jpeg:75", "resize-pad",
        "noise:8",
    ];

    private static readonly string[] Others = ["gmrf", "epll", "dncnn", "median:3+jpeg:75"];

    // What the second run of the study found left of its successes at zero knowledge, of 26 anonymizations.
    private static readonly (string Defense, string Attack, string Published)[] Published =
    [
        ("mean:3", "minimal/uniform", "7.7 %"), ("mean:3", "minimal/gaussian", "11.5 %"), ("mean:5", "minimal/uniform", "19.2 %"),
        ("mean:10", "minimal/uniform", "38.5 %"),
    ];

    public const string Usage = "--model FILE --images FOLDER --pairs pairs.txt --landmarks FILE --work FOLDER [--out docs/defenses.md] "
        + "[--defenses NAMES] [--filters NAMES|none] [--attacks NAMES] [--take N] [--filter-pairs N] [--threads N]";

    public static void Run(BenchOptions options)
    {
        var (work, page) = (options.Text("work"), options.Optional("out"));
        var (images, pairs, landmarks) = (options.Text("images"), options.Text("pairs"), options.Text("landmarks"));
        string[] filtered = options.Optional("filters") switch
        {
            null => Filters,
            "none" => [],
            var names => names.Split(','),
        };
        var experiment = new Experiment
        {
            Models = [options.Text("model")],
            Images = images,
            Pairs = pairs,
            Landmarks = landmarks,
            Sample = StudyPairs.Sample,
            Take = options.Number("take", 50),
            Attacks = options.Optional("attacks")?.Split(',') ?? ["minimal", "strong"],
            Storage = [StorageNames.Float, StorageNames.EightBit],
            Defenses = options.Optional("defenses")?.Split(',') ?? [.. Study, .. Filters.Except(Study), .. Others],
            CleanPairs = 200,
            Batch = 25,
            Threads = options.Number("threads", Environment.ProcessorCount),
            KeepImages = KeepImages.Examples,
        };
        var filterPairs = options.Number("filter-pairs", 500);
        Directory.CreateDirectory(work);
        var filters = experiment with
        {
            Pairs = StudyPairs.Write(pairs, filterPairs, Path.Combine(work, "filter-pairs.csv")),
            Sample = null,
            Take = null,
            Attacks = ["quick/fmn"],
            Storage = [StorageNames.EightBit],
            Defenses = filtered,
            CleanPairs = filterPairs,
            Batch = 50,
        };
        var study = StudyRun.Finish(experiment, Path.Combine(work, "study"));
        var ranked = filtered.Length > 0 ? StudyRun.Finish(filters, Path.Combine(work, "filters")) : null;
        if (page is null) return;
        var given = ((string[])["defenses", "filters", "attacks", "take", "filter-pairs"])
            .Where(o => options.Optional(o) is not null).Select(o => $" --{o} {options.Optional(o)}");
        File.WriteAllText(page, Page(study, ranked, string.Concat(given)));
        Console.WriteLine($"{page} is written");
    }

    private static string Page(RunSummary study, RunSummary? filters, string options)
    {
        var text = new StringBuilder();
        text.Append(Text($"""
            # Defenses, measured

            What purifiers in front of a face verifier are worth: against attackers who do not know of them (*zero* knowledge: the images were made
            against the bare verifier) and against those who attack through them (*perfect* knowledge). [Purifiers](purifiers.md) says what each
            one does. Written by

                bench defenses --model mobilefacenet.model.json --images lfw --pairs pairs.txt --landmarks landmarks.csv --work runs/defenses --out docs/defenses.md{options}

            (`bench` stands for `dotnet run -c Release --project bench/Masquerade.Bench --`; interrupted, the same command goes on.) Photographs are
            LFW's. The model is a MobileFaceNet. Images are made and judged under the 8-bit rule: what is stopped by a defense here was not stopped by
            rounding.


            """));
        text.Append(StudysFindings(study));
        text.Append(Text($"## Every purifier, on the study's first {study.Experiment.Take} pairs\n\n"));
        text.Append(DefenseMarkdown.Write(study, figures: null, level: 3)).Append('\n');
        if (filters is not null)
        {
            text.Append(Text($"## Filters on {filters.Rows.DistinctBy(r => r.Pair).Count()} pairs of folds 1 to 8\n\n"));
            text.Append("""
                To rank them, with one attack that costs little: the fast minimum-norm attack with fewer steps. Behind a random defense each of its looks
                costs several passes, so that few are left: where a warning says that it failed, the defense's place is owed to that, and what all attacks
                together reach in the section above is what counts.


                """);
            text.Append(DefenseMarkdown.Write(filters, figures: null, level: 3));
        }
        // A path would be one of the machine that measured.
        foreach (var file in study.Experiment.Defenses.Concat(filters?.Experiment.Defenses ?? []).SelectMany(d => PurifierRegistry.Files(d)))
            text.Replace($"{Path.GetDirectoryName(file)}{Path.DirectorySeparatorChar}", "");
        return text.ToString().ReplaceLineEndings("\n").TrimEnd() + "\n";
    }

    /// <summary>What the study of 2019 found of mean filters, beside ours.</summary>
    private static string StudysFindings(RunSummary run)
    {
        var text = new StringBuilder();
        text.Append("""
            ## The study's findings, in this setting

            The study of 2019 put a mean filter before FaceNet, after the attack. In per cent of all anonymizations, what was left at zero knowledge of the
            study's (26 pairs, images as floats) and of ours; and what attacks through the filter reach. Of its impersonations nothing was left.

            | filter | attack | study: left | here, zero knowledge | here, perfect knowledge | median ‖Δ‖ bare | through the filter |
            |---|---|---|---|---|---|---|

            """);
        foreach (var (defense, attack, published) in Published)
        {
            text.Append(Text($"| `{defense}` | `{attack}` | {published} | {Share(run, defense, KnowledgeNames.Zero, attack)} "));
            text.Append(Text($"| {Share(run, defense, KnowledgeNames.Perfect, attack)} | {Norm(run, "", "", attack)} | {Norm(run, defense, KnowledgeNames.Perfect, attack)} |\n"));
        }
        foreach (var attack in (string[])["minimal/fgsm", "minimal/deepfool"])
        {
            text.Append(Text($"| `mean:3` | `{attack}` | – | {Share(run, "mean:3", KnowledgeNames.Zero, attack)} "));
            text.Append(Text($"| {Share(run, "mean:3:inside", KnowledgeNames.Perfect, attack)} | {Norm(run, "", "", attack)} | {Norm(run, "mean:3:inside", KnowledgeNames.Perfect, attack)} |\n"));
        }
        text.Append("""

            In brackets 95 % Wilson intervals. The study's attacks through the filter were stopped in 5 of 50 pairs (FGSM) and in none (DeepFool).


            """);
        return text.ToString();
    }

    private static AttackSummary? Find(RunSummary run, string defense, string knowledge, string attack) => run.Attacks.FirstOrDefault(
        a => a.Setting.Storage == StorageNames.EightBit && a.Setting.Defense == defense && a.Setting.Knowledge == knowledge
            && a.FullName == attack && a.Goal == AttackGoal.Anonymize);

    private static string Share(RunSummary run, string defense, string knowledge, string attack) =>
        Find(run, defense, knowledge, attack)?.OutcomeExcludingAlreadyWrong.Success is { Value: { } value, Interval: { } interval }
            ? Text($"{100 * value:F1} % ({100 * interval.Low:F1}–{100 * interval.High:F1})") : "–";

    private static string Norm(RunSummary run, string defense, string knowledge, string attack) =>
        Find(run, defense, knowledge, attack)?.OutcomeExcludingAlreadyWrong.MedianL2 is { } median ? Text($"{median.Value:F2}") : "–";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
