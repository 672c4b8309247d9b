using System.Text;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting.Markdown;

/// <summary>A run as one page in Markdown: <c>table.md</c> of a run folder.</summary>
internal static class MarkdownReport
{
    /// <summary>The study's tables with caption and notes, in GitHub's Markdown.</summary>
    public static string Write(RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        var text = new StringBuilder();
        Line($"# {TableText.Escape(ReportText.Headline(summary))}");
        Line("");
        Line(TableText.Escape(ReportText.Scope(summary)));
        if (summary.TrustWarnings.Count > 0)
        {
            Line("");
            Line($"**{TrustText.Title}:**");
            Line("");
            foreach (var warning in TrustText.Lines(summary)) Line($"- {TableText.Escape(warning)}");
        }
        foreach (var table in StudyTable.Of(summary)) Table(table);
        var sideBySide = StudyTable.SideBySide(summary);
        foreach (var table in sideBySide) Table(table);
        var published = StudyTable.Published(summary);
        foreach (var table in published) Table(table);
        Line("");
        Line(ReportText.CellOrder + ReportText.Caption);
        if (sideBySide.Count > 0)
        {
            Line("");
            Line($"Side by side: {ReportText.SideBySide}");
        }
        if (published.Count > 0)
        {
            Line("");
            Line(TableText.Escape(ReportText.Beside(summary)));
        }
        if (summary.HasDefenses)
        {
            Line("");
            text.Append(DefenseMarkdown.Write(summary));
        }
        if (summary.Transfers.Count > 0)
        {
            Line("");
            text.Append(TransferMarkdown.Write(summary));
        }
        Line("");
        foreach (var note in ReportText.Notes(summary)) Line($"- {TableText.Escape(note)}");
        return text.ToString();

        void Table(StudyTable table)
        {
            Line("");
            Line($"## {TableText.Escape(table.Title)}");
            Line("");
            TableText.Table(text, table);
        }

        void Line(string line) => TableText.Line(text, line);
    }
}
