using System.Globalization;
using Masquerade.Alignment;
using Masquerade.Evaluation.Runs;
using Masquerade.Models;
using Masquerade.Verification;
using Spectre.Console;

namespace Masquerade.Cli.Output;

/// <summary>What <c>evaluate</c> prints for people.</summary>
internal static class EvaluationText
{
    private const int NamesShown = 10;

    public static void Print(IAnsiConsole console, ModelDescriptor model, PairList list, VerificationScores scores)
    {
        var folds = scores.Folds.Count;
        console.WriteLine(Text($"{model.Name} on {Path.GetFileName(list.Source)}: {scores.Pairs:N0} of {list.Pairs.Count:N0} pairs")
            + (folds > 0 ? $" in {folds} folds" : "; the list has no folds"));
        console.WriteLine();
        if (folds > 0)
        {
            Row(console, "accuracy", Text($"{scores.Accuracy:F4} ± {scores.AccuracyStd:F4}"), "mean and standard deviation over folds");
            Row(console, "thresholds", Range(scores.Thresholds, "F2"), "each the most accurate on the other folds");
            Row(console, Text($"at threshold {scores.OwnThreshold:0.###}"), Text($"{scores.AccuracyAtOwnThreshold:F4}"),
                $"accuracy over all pairs used; {Origin(model, scores.OwnThreshold)}");
        }
        else
        {
            Row(console, "accuracy", Text($"{scores.Accuracy:F4}"), "at the threshold below");
            Row(console, "threshold", Text($"{scores.OwnThreshold:0.####}"), Origin(model, scores.OwnThreshold));
            if (scores.BestOnSamePairs is { } best)
            {
                Row(console, "best accuracy", Text($"{best.Accuracy:F4}"),
                    Text($"at {best.Threshold:F2}, chosen on these very pairs: flattering"));
            }
        }
        var chosen = folds > 0 ? "chosen on the other folds" : "chosen on these very pairs";
        foreach (var tar in scores.TarAtFar)
        {
            Row(console, Text($"TAR at FAR {tar.Target}"), Text($"{tar.Tar:F4}"),
                Text($"attained FAR {tar.Far:F4}; threshold {Range(tar.Thresholds, "F3")}, {chosen}"));
        }
        Row(console, "AUC", Text($"{scores.Roc.Auc:F4}"), "over all pairs used");
        Row(console, "EER", Text($"{scores.Roc.Eer:F4}"), "over all pairs used");
        PrintLeftOut(console, list, scores);
    }

    private static void PrintLeftOut(IAnsiConsole console, PairList list, VerificationScores scores)
    {
        var missing = scores.Availability.MissingNames;
        if (missing.Count == 0 && scores.Unusable.Count == 0) return;
        console.WriteLine();
        if (missing.Count > 0)
        {
            var pairs = Count(scores.Availability.Missing.Count, "pair");
            console.WriteLine($"missing: {Count(missing.Count, "photograph")}, and with them {pairs}: "
                + string.Join(", ", missing.Take(NamesShown)) + More(missing.Count));
        }
        if (scores.Unusable.Count > 0)
        {
            var pairs = Count(scores.PairsUnusable, "pair");
            console.WriteLine($"unusable: {Count(scores.Unusable.Count, "photograph")}, and with them {pairs}:");
            foreach (var photograph in scores.Unusable.Take(NamesShown)) console.WriteLine($"  {photograph.Name}: {photograph.Reason}");
            if (scores.Unusable.Count > NamesShown) console.WriteLine($"  {More(scores.Unusable.Count)[2..]}");
        }
        if (scores.FoldsLeftOut.Count == 0) return;
        var usable = list.Pairs.Count - scores.Pairs - scores.PairsUnusable - scores.Availability.Missing.Count;
        var folds = (scores.FoldsLeftOut.Count == 1 ? "fold " : "folds ") + string.Join(", ", scores.FoldsLeftOut.Select(f => f + 1));
        console.WriteLine($"left out: {folds}, of which fewer than half the pairs can be used"
            + (usable > 0 ? $" ({Count(usable, "usable pair")})" : ""));
    }

    private static string Origin(ModelDescriptor model, double threshold) => threshold != model.Threshold ? "the threshold given"
        : model.ThresholdSource is { } source ? $"the model's own threshold, from: {source}"
        : "the model's own threshold; its descriptor does not say what it was fitted on";

    private static string Range(IReadOnlyList<double> values, string format)
    {
        var (least, most) = (Format(values.Min(), format), Format(values.Max(), format));
        return least == most ? least : $"{least} to {most}";
    }

    private static string Format(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string Count(int count, string what) => Text($"{count:N0} {what}{(count == 1 ? "" : "s")}");

    private static string More(int count) => count > NamesShown ? Text($", and {count - NamesShown:N0} more") : "";

    private static void Row(IAnsiConsole console, string name, string value, string remark) =>
        console.MarkupLine($"  {name,-18}{value,-18}[dim]{Markup.Escape(remark)}[/]");

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
