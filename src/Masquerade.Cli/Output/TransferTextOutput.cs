using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Cli.Output;

/// <summary>What verifiers that nobody attacked make of a run's images, on standard output.</summary>
internal static class TransferTextOutput
{
    /// <summary>The tables, and where the report is.</summary>
    public static void Print(CommandHost host, RunSummary summary, string folder)
    {
        Tables(host, summary);
        if (summary.Transfers.Count == 0) host.Output.WriteLine("Nothing to carry over: the run has no pairs yet.");
        host.Output.WriteLine($"report: {Path.Combine(folder, "report.html")}");
    }

    /// <summary>The tables.</summary>
    public static void Tables(CommandHost host, RunSummary summary)
    {
        if (summary.Transfers.Count == 0) return;
        foreach (var table in TransferTables.Of(summary))
        {
            host.Output.WriteLine(table.Title);
            host.Output.WriteLine();
            host.Output.WriteLine(TableText.Plain(table));
        }
        host.Output.WriteLine("First lines: anonymization, second lines: impersonation; in brackets 95 % intervals. Fooled: of the images whose "
            + "clean pair the judge was right of. Confidence: in the right answer, over the n images.");
    }
}
