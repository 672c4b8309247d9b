using System.Text;
using Masquerade.Attacks;
using Masquerade.Evaluation.Reporting.Figures;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting.Markdown;

/// <summary>What a run says of transfer, in Markdown.</summary>
internal static class TransferMarkdown
{
    /// <summary>The section on transfers in GitHub's Markdown.</summary>
    /// <param name="summary">A run.</param>
    /// <param name="figures">Where the run's figures lie as seen from the page; null to link none.</param>
    /// <param name="level">Level of the section's heading.</param>
    /// <returns>Text that ends in a line feed; empty where nothing was carried over.</returns>
    public static string Write(RunSummary summary, string? figures = "figures", int level = 2)
    {
        ArgumentNullException.ThrowIfNull(summary);
        ArgumentOutOfRangeException.ThrowIfLessThan(level, 1);
        if (summary.Transfers.Count == 0) return "";
        var text = new StringBuilder();
        TableText.Line(text, $"{new string('#', level)} Transfer");
        foreach (var group in TransferText.ToOthers(summary))
        {
            TableText.Line(text, $"\n**{TableText.Escape(TransferTables.Title(group.First()))}**: " +
                TableText.Escape(string.Join(' ', Enum.GetValues<AttackGoal>().Select(goal => TransferText.Finding([.. group], goal)))));
        }
        foreach (var (title, file) in figures is null ? [] : TransferHeatMap.Files(summary))
            TableText.Line(text, $"\n![{TableText.Escape(title)}]({figures}/{file})");
        foreach (var table in TransferTables.Of(summary))
        {
            TableText.Line(text, $"\n**{TableText.Escape(table.Title)}**\n");
            TableText.Table(text, table);
        }
        TableText.Line(text, $"\n{TableText.Escape(ReportText.CellOrder + TransferText.Caption)} {TableText.Escape(TransferText.Ways(summary))}");
        return text.ToString();
    }
}
