using Masquerade.Evaluation.Statistics;
using Masquerade.Reporting;

namespace Masquerade.Cli.Output;

/// <summary>What a run comes to, on standard output.</summary>
internal static class RunText
{
    /// <summary>The study's tables, and where the report is.</summary>
    public static void Print(CommandHost host, RunSummary summary, string folder)
    {
        foreach (var table in StudyTable.Of(summary))
        {
            host.Output.WriteLine(table.Title);
            host.Output.WriteLine();
            host.Output.WriteLine(TableText.Plain(table));
        }
        host.Output.WriteLine("First lines: anonymization, second lines: impersonation; in brackets 95 % intervals.");
        host.Output.WriteLine($"report: {Path.Combine(folder, "report.html")}");
    }
}
