using Masquerade.Attacks;
using Masquerade.Evaluation.Reporting.Figures;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting.Html;

/// <summary>The report's section on images that were carried over to other verifiers.</summary>
internal static class HtmlTransfer
{
    public static void Write(Html page, RunSummary summary, ReportPictures pictures)
    {
        if (summary.Transfers.Count == 0) return;
        page.Add($"<section id=\"transfer\">\n<h2>Transfer</h2>\n");
        foreach (var group in TransferText.ToOthers(summary))
        {
            page.Add($"<p><b>{TransferTables.Title(group.First())}</b>:");
            foreach (var goal in Enum.GetValues<AttackGoal>()) page.Add($" {TransferText.Finding([.. group], goal)}");
            page.Add($"</p>\n");
        }
        foreach (var (title, figure) in pictures.Transfers)
        {
            page.Add(
                $"""
                <figure class="wide">
                <figcaption><b>{title}</b></figcaption>
                <picture>
                <source media="screen and (prefers-color-scheme: dark)" srcset="{HtmlReport.DataUri(figure.DarkPng)}">
                <img src="{HtmlReport.DataUri(figure.Png)}" width="{figure.Width}" height="{figure.Height}"
                style="min-width: {Math.Min(figure.Width, 1000)}px" alt="{title}">
                </picture>
                </figure>

                """);
        }
        foreach (var table in TransferTables.Of(summary))
        {
            page.Add($"<div class=\"wide\">\n");
            HtmlTable.Write(page, table);
            page.Add($"</div>\n");
        }
        page.Add($"<p class=\"caption\">{TransferText.Caption} {TransferText.Ways(summary)}</p>\n</section>\n");
    }
}
