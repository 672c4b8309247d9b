using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;
using Masquerade.Models;

namespace Masquerade.Cli.Output;

/// <summary>What a run comes to, on standard output.</summary>
internal static class RunText
{
    /// <summary>What must be known first, the study's tables, and where the report is.</summary>
    public static void Print(CommandHost host, RunSummary summary, string folder)
    {
        foreach (var line in SkippedPairs.Of(summary.Rows).Select(SkippedText)) host.Error.WriteLine($"note: {TableText.Printable(line)}");
        foreach (var warning in TrustText.Lines(summary)) host.Output.WriteLine($"warning: {TableText.Printable(warning)}");
        if (summary.TrustWarnings.Count > 0) host.Output.WriteLine();
        foreach (var table in StudyTable.Of(summary).Concat(StudyTable.SideBySide(summary)).Concat(StudyTable.Published(summary)))
        {
            host.Output.WriteLine(table.Title);
            host.Output.WriteLine();
            host.Output.WriteLine(TableText.Plain(table));
        }
        host.Output.WriteLine("First lines: anonymization, second lines: impersonation; in brackets 95 % intervals.");
        Defenses(host, summary);
        if (summary.Transfers.Count > 0)
        {
            host.Output.WriteLine();
            TransferTextOutput.Tables(host, summary);
        }
        if (summary.ModelComparisons.Count > 0)
            host.Output.WriteLine("Side by side: of the pairs that every model judged right at first; ∞ where most of them withstood.");
        if (summary.PublishedComparisons.Count > 0) host.Output.WriteLine(ReportText.Agreement(summary));
        host.Output.WriteLine($"report: {Path.Combine(folder, "report.html")}");
    }

    /// <summary>How many pairs of a model were left out, and why.</summary>
    public static string SkippedText(SkippedPairs skipped) =>
        $"{skipped.Model}: {skipped.Pairs} of {ReportText.Count(skipped.Total, "pair")} {(skipped.Pairs == 1 ? "is" : "are")} left out: {skipped.Reasons}";

    /// <summary>What became of each defense.</summary>
    private static void Defenses(CommandHost host, RunSummary summary)
    {
        if (!summary.HasDefenses) return;
        host.Output.WriteLine();
        foreach (var table in DefenseTables.Compact(summary))
        {
            host.Output.WriteLine(table.Title);
            host.Output.WriteLine();
            host.Output.WriteLine(TableText.Plain(table));
        }
        host.Output.WriteLine(
            "Worst case: pair by pair the best of all attacks, whether they know the defense or not; ∞ where most withstood.");
    }

    /// <summary>What somebody may try who has seen synthetic people attacked.</summary>
    public static void PrintNext(CommandHost host)
    {
        const string Photographs = "--images lfw --pairs pairs.txt --landmarks landmarks.csv";
        (string What, string Command)[] next =
        [
            ("your own model, on the same people", "run --model my.model.json"),
            ("photographs of your own, or LFW's", $"run --model my.model.json {Photographs} --attacks minimal --out runs/lfw"),
            ("how good a model is before any attack", $"evaluate --model {NamedModels.Pair[0]}"),
        ];
        host.Output.WriteLine();
        host.Output.WriteLine("What to try next:");
        foreach (var (what, command) in next)
        {
            host.Output.WriteLine($"  {what}:");
            host.Output.WriteLine($"    {host.Program} {command}");
        }
    }
}
