using System.Text;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting.Figures;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting.Markdown;

/// <summary>What a run says of defenses, for pages of documentation.</summary>
public static class DefenseMarkdown
{
    /// <summary>
    /// The section on defenses in GitHub's Markdown: warnings, what is known of each defense at both levels of knowledge and in the worst
    /// case, every attack, the ranking, what they cost clean pairs, and links to the figures of an export.
    /// </summary>
    /// <param name="summary">A run.</param>
    /// <param name="figures">Where the run's figures lie as seen from the page; null to link none.</param>
    /// <param name="level">Level of the section's heading; its parts are one deeper.</param>
    /// <returns>Text that ends in a line feed; empty where the run has no defenses.</returns>
    public static string Write(RunSummary summary, string? figures = "figures", int level = 2)
    {
        ArgumentNullException.ThrowIfNull(summary);
        ArgumentOutOfRangeException.ThrowIfLessThan(level, 1);
        if (!summary.HasDefenses) return "";
        var text = new StringBuilder();
        Heading(level, "Defenses");
        if (summary.TrustWarnings.Count > 0)
        {
            Paragraph($"**{TrustText.Title}:**");
            TableText.Line(text, "");
            foreach (var warning in summary.TrustWarnings) TableText.Line(text, $"- {TableText.Escape(warning.Text)}");
        }
        Tables(DefenseTables.Overview(summary));
        Paragraph(ReportText.CellOrder + DefenseText.Levels + DefenseText.Counting);
        if (figures is not null)
        {
            foreach (var (matrix, files) in summary.DefenseMatrices.ZipExact(DefenseFigures.Files(summary)))
            {
                var title = $"{DefenseTables.Title(matrix)}: {LedgerRows.Name(matrix.Goal)}";
                Paragraph($"![{TableText.Escape(title)}]({figures}/{files.Matrix})");
                if (files.Curves is null) continue;
                Paragraph($"![{TableText.Escape($"Success against norm. {title}")}]({figures}/{files.Curves})");
            }
        }
        Part("In the order of the worst case", DefenseTables.Rankings(summary),
            summary.DefenseRankings.Any(r => r.IsRanking) ? DefenseText.Ranking : DefenseText.NoRanking);
        Part("What the detectors see", DefenseTables.Detections(summary), DefenseText.Detections);
        if (figures is not null)
        {
            foreach (var (model, file) in DefenseFigures.RocFiles(summary))
                Paragraph($"![{TableText.Escape($"Adversarial images refused against false alarms: {model}")}]({figures}/{file})");
        }
        Part("What the defenses cost", DefenseTables.CleanCosts(summary), DefenseText.CleanCosts(summary));
        Part("Attack by attack", DefenseTables.Matrix(summary), "");
        Part("Without pairs that were wrong before the attack", DefenseTables.ExcludingAlreadyWrong(summary), "");
        return text.ToString();

        void Part(string title, IReadOnlyList<StudyTable> tables, string caption)
        {
            if (tables.Count == 0) return;
            Heading(level + 1, title);
            Tables(tables);
            if (caption.Length > 0) Paragraph(TableText.Escape(caption));
        }

        void Tables(IReadOnlyList<StudyTable> tables)
        {
            foreach (var table in tables)
            {
                Paragraph($"**{TableText.Escape(table.Title)}**");
                TableText.Line(text, "");
                TableText.Table(text, table);
            }
        }

        void Heading(int depth, string title) => TableText.Line(text, $"{(text.Length > 0 ? "\n" : "")}{new string('#', depth)} {title}");

        void Paragraph(string paragraph) => TableText.Line(text, $"\n{paragraph}");
    }
}
