using System.Globalization;
using System.Text;
using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Bench;

/// <summary>The page of transfer: how it is done, and what was measured.</summary>
internal static partial class TransferPage
{
    private const string Mapped = "mapped";
    private const string Pasted = "pasted";

    // What the study's second run measured of its service, anonymization and impersonation.
    private static readonly (string Name, string? Attack, string Published)[] Study =
    [
        ("no attack", null, ".986 / .877"), ("DeepFool", "deepfool", ".967 / .787"), ("FGSM", "fgsm", ".975 / .785"),
        ("uniform noise", "uniform", ".581 / –"), ("Gaussian noise", "gaussian", ".620 / .908"),
    ];

    /// <summary>Writes it.</summary>
    /// <param name="run">Two models attacked by <c>foolbox-v1</c> and <c>minimal</c>, each judging all images, mapped and pasted.</param>
    public static string Write(RunSummary run)
    {
        var models = run.Transfers.Select(t => t.Source.Model).Distinct().ToList();
        var text = new StringBuilder(Introduction);
        text.Append(CultureInfo.InvariantCulture, $"""


            # Measured: {models[0]} and {models[1]}

            Both models were attacked on the study's pairs, the first {run.Experiment.Take} of {run.Experiment.Sample} drawn from LFW's view 2 as the study drew them, and each
            judges the images that were made on the other, and its own. Written by

                bench transfer --models mobilefacenet.model.json,mobilefacenet-prelu.model.json --images lfw --pairs pairs.txt --landmarks landmarks.csv --work runs/transfer --out docs/transfer.md

            (`bench` stands for `dotnet run -c Release --project bench/Masquerade.Bench --`; interrupted, the same command goes on.) Each cell is anonymization /
            impersonation. Pairs are few: the intervals say how little a single number means.


            """);
        Findings(text, run, models);
        Beside(text, run, models);
        foreach (var source in models)
        {
            var target = models.First(m => m != source);
            text.Append(CultureInfo.InvariantCulture, $"## Images made on {source}, judged by {target}\n\n");
            Table(text, run, source, target, StorageNames.EightBit, Mapped, "Under the 8-bit rule");
            Table(text, run, source, target, StorageNames.Float, Mapped, "Searched for as floats, then rounded");
        }
        Rounding(text, run, models);
        Pasting(text, run, models);
        text.Append("## How to read the tables\n\n").Append(TransferText.Caption).Append(' ').Append(TransferText.Ways(run)).Append('\n');
        return text.ToString().ReplaceLineEndings("\n").TrimEnd() + "\n";
    }

    /// <summary>What came out, and what explains it: sentences with the run's numbers.</summary>
    private static void Findings(StringBuilder text, RunSummary run, List<string> models)
    {
        var small = Of(run, StorageNames.EightBit, Mapped, "fgsm", "deepfool").ToList();
        var noise = Of(run, StorageNames.EightBit, Mapped, "uniform", "gaussian").ToList();
        var (smallFooled, noiseFooled) = (Fooled(small), Fooled(noise));
        text.Append("## What came out\n\n");
        Line($"- Images of smallest norm {Transfers(smallFooled)}: of those that DeepFool and FGSM made under the 8-bit rule, {Share(smallFooled)} fool the other model, too. ");
        Line($"They stop just behind the boundary of the model that they were made on: its own confidence in the right answer falls by {OwnDrop(small):F3} on average, ");
        Line($"to one half or a little below, the other's by {Drop(small):F3}, which is {100 * Drop(small) / OwnDrop(small):F0} % of that.\n");
        Line($"- Noisy images {Transfers(noiseFooled)}: {Share(noiseFooled)} fool the other model. Noise has no direction that is one model's own, so it takes ");
        Line($"large norms (a mean of {Norm(noise):F1} against {Norm(small):F1} of DeepFool and FGSM), and what it does is done to any model: the other's confidence falls ");
        Line($"by {Drop(noise):F3}, the attacked one's by {OwnDrop(noise):F3}.\n");
        var loud = models.Select(m => (Model: m, Images: noise.Where(t => t.Source.Model == m).ToList())).OrderByDescending(m => Norm(m.Images)).ToList();
        Line($"- Noise made on {loud[0].Model} has a mean norm of {Norm(loud[0].Images):F1}, and {Share(Fooled(loud[0].Images))} of these images fool the other model; made on ");
        Line($"{loud[1].Model} it has {Norm(loud[1].Images):F1}, and {Share(Fooled(loud[1].Images))} do");
        Line(Fooled(loud[0].Images).Value > Fooled(loud[1].Images).Value
            ? (FormattableString)$": the model that takes more noise to be fooled makes the images that the other gives way to.\n" : $".\n");
        foreach (var (goal, word) in new[] { (AttackGoal.Anonymize, "hide somebody"), (AttackGoal.Impersonate, "pass for somebody else") })
        {
            var own = small.Where(t => t.Goal == goal).ToList();
            Line($"- Images that are to {word} do so before the other model, too: {Share(Fooled(own))} of DeepFool's and FGSM's, ");
            Line($"{Share(Fooled(noise.Where(t => t.Goal == goal)))} of the noisy ones.\n");
        }
        foreach (var model in models)
        {
            var clean = run.Transfers.Where(t => t.Target.Name == model && t.Target.Way == Mapped).DistinctBy(t => t.Goal).ToList();
            Line($"- Before any attack {model} is wrong of {clean.Sum(t => t.CleanErrors.Count)} of {clean.Sum(t => t.CleanErrors.Of)} pairs; they are in no success.\n");
        }
        text.Append('\n');

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture));

        static string Transfers(Rate rate) => rate.Value switch { null => "are not there", < 0.1 => "hardly transfer", < 0.5 => "transfer sometimes", _ => "transfer mostly" };

        double OwnDrop(IEnumerable<TransferSummary> transfers) => Weighted(transfers.Select(t => Own(run, t)), t => t.Drop?.Value);
    }

    /// <summary>The study's service beside both models.</summary>
    private static void Beside(StringBuilder text, RunSummary run, List<string> models)
    {
        text.Append("""
            ## Beside the study's service

            Mean confidence in the right answer over the adversarial images that exist. The study made its images with the attacks of `foolbox-v1` on FaceNet, stored them
            as 8-bit PNG files and showed them to a commercial service; no face found counts as 0. Here one model is shown what was made on the other: images of
            `foolbox-v1` rounded to 8 bits, as the study's were, and of `minimal` under the 8-bit rule.


            """);
        List<(string Header, Func<string, AttackGoal, (Estimate? Mean, int Images)> Value)> columns = [];
        foreach (var (family, storage) in new[] { ("foolbox-v1", StorageNames.Float), ("minimal", StorageNames.EightBit) })
        {
            foreach (var source in models)
            {
                var target = models.First(m => m != source);
                columns.Add(($"`{family}` on {source}, judged by {target}", (attack, goal) =>
                {
                    var own = run.Transfers.FirstOrDefault(t => t.Goal == goal && t.Source.Model == source && t.Source.Storage == storage
                        && t.Target.Name == target && t.Target.Way == Mapped && t.Attack == $"{family}/{(attack.Length > 0 ? attack : "fgsm")}");
                    return attack.Length == 0 ? (own?.Clean, own?.Pairs ?? 0) : (own?.Confidence, own?.Images ?? 0);
                }
                ));
            }
        }
        text.Append("| | the study's service |").AppendJoin("", columns.Select(c => $" {c.Header} |")).Append('\n');
        text.Append("|---|---|").Insert(text.Length, "---|", columns.Count).Append('\n');
        foreach (var (name, attack, published) in Study)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {published} |");
            foreach (var (_, value) in columns)
            {
                var cells = Enum.GetValues<AttackGoal>().Select(goal => value(attack ?? "", goal)).Select(c => TransferTables.Confidence(c.Mean, c.Images));
                text.Append(CultureInfo.InvariantCulture, $" {string.Join(" / ", cells)} |");
            }
            text.Append('\n');
        }
        text.Append("""

            **What explains the difference.** The levels are not on one scale: P(same) here is one half at the model's threshold and grows with the distance from it, and
            two clean photographs of one person seldom come near 1; a service that answers with a calibrated similarity sits at its end for most clean pairs.
            And the service looks for the faces itself: where it finds none, which noise of such norms may cause, its answer counts as 0; here the face is where it is known to be.
            What can be compared is what an attack takes away. {{pattern}}


            """);
        var hiding = run.Transfers.Where(t => !t.IsItself && t.Target.Way == Mapped && t.Goal == AttackGoal.Anonymize && t.Attack.StartsWith("foolbox-v1/", StringComparison.Ordinal)).ToList();
        var (little, much) = (Drop(hiding.Where(t => !IsNoise(t))), Drop(hiding.Where(IsNoise)));
        text.Replace("{{pattern}}", much > 2 * little
            ? "There it is as in the study, where images are to hide somebody: noise takes away much more from a verifier that was not attacked than images of smallest norm do."
            : "There it is not as in the study, where noise took away much more than images of smallest norm did: between two models of one architecture those transfer.");
        foreach (var (name, attack, _) in Study.Where(s => s.Attack is not null))
        {
            var falls = run.Transfers.Where(t => !t.IsItself && t.Target.Way == Mapped && t.Attack == $"foolbox-v1/{attack}" && t.Images > 0).ToList();
            text.Append(CultureInfo.InvariantCulture, $"- {name}: the study's service loses {Lost(name)}, the models here ");
            text.AppendJoin(" and ", Enum.GetValues<AttackGoal>().Select(goal => falls.Where(t => t.Goal == goal).ToList()).Where(g => g.Count > 0)
                .Select(g => Text($"{Drop(g):F3} ({(g[0].Goal == AttackGoal.Anonymize ? "anonymization" : "impersonation")}, n = {g.Sum(t => t.Images)})")));
            text.Append(".\n");
        }
        text.Append('\n');

        string Lost(string name)
        {
            var (clean, own) = (Study[0].Published.Split(" / "), Study.First(s => s.Name == name).Published.Split(" / "));
            return string.Join(" / ", clean.ZipExact(own).Select(p => double.TryParse(p.Second, NumberStyles.Float, CultureInfo.InvariantCulture, out var after)
                ? Text($"{double.Parse(p.First, CultureInfo.InvariantCulture) - after:F3}") : "–"));
        }
    }

    /// <summary>What other models make of attacks, by their names without family.</summary>
    private static IEnumerable<TransferSummary> Of(RunSummary run, string storage, string way, params string[] attacks) => run.Transfers.Where(t =>
        !t.IsItself && t.Source.Storage == storage && t.Target.Way == way && attacks.Any(a => t.Attack.EndsWith($"/{a}", StringComparison.Ordinal)));

    private static bool IsNoise(TransferSummary transfer) => transfer.Attack.EndsWith("/uniform", StringComparison.Ordinal)
        || transfer.Attack.EndsWith("/gaussian", StringComparison.Ordinal);

    /// <summary>The same images, as the attacked model judges them.</summary>
    private static TransferSummary? Own(RunSummary run, TransferSummary transfer) => run.Transfers.FirstOrDefault(t =>
        t.IsItself && t.Source == transfer.Source && t.Attack == transfer.Attack && t.Goal == transfer.Goal && t.Target.Way == transfer.Target.Way);

    private static Rate Fooled(IEnumerable<TransferSummary> transfers)
    {
        var all = transfers.ToList();
        return new Rate(all.Sum(t => t.Success.Count), all.Sum(t => t.Success.Of));
    }

    private static string Rate(Rate rate) => rate.Value is not { } share ? "–"
        : Text($"{rate.Count} of {rate.Of} ({100 * share:F0} %, {100 * rate.Interval!.Value.Low:F0}–{100 * rate.Interval.Value.High:F0})");

    /// <summary>Of several attacks on the same pairs, which are not independent: without an interval.</summary>
    private static string Share(Rate rate) => rate.Value is not { } share ? "none" : Text($"{rate.Count} of {rate.Of} ({100 * share:F0} %)");

    private static double Drop(IEnumerable<TransferSummary> transfers) => Weighted(transfers, t => t.Drop?.Value);

    private static double Norm(IEnumerable<TransferSummary> transfers) => Weighted(transfers, t => t.MeanL2);

    /// <summary>A mean over images of means over images.</summary>
    private static double Weighted(IEnumerable<TransferSummary?> transfers, Func<TransferSummary, double?> value)
    {
        var all = transfers.OfType<TransferSummary>().Where(t => value(t) is not null).ToList();
        return all.Sum(t => t.Images * value(t)!.Value) / Math.Max(1, all.Sum(t => t.Images));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
