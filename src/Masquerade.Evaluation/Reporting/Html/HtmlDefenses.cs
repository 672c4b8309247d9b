using Masquerade.Attacks;
using Masquerade.Evaluation.Reporting.Figures;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Defenses;

namespace Masquerade.Evaluation.Reporting.Html;

/// <summary>The report's section on defenses: what not to believe first, then figures and tables; what is long is folded.</summary>
internal static class HtmlDefenses
{
    public static void Write(Html page, RunSummary summary, ReportPictures pictures)
    {
        if (!summary.HasDefenses) return;
        page.Add($"<section id=\"defenses\">\n<h2>Defenses</h2>\n");
        HtmlReport.Warnings(page, summary.TrustWarnings.Select(w => w.Text));
        foreach (var drawn in pictures.Defenses) Picture(page, drawn.HeatMap, drawn.Matrix, "Pairs fooled behind each defense");
        foreach (var table in DefenseTables.Overview(summary)) Wide(page, table);
        page.Add($"<p class=\"caption\">{DefenseText.Levels + DefenseText.Counting}</p>\n");
        Rankings(page, summary);
        Detections(page, summary, pictures);
        Costs(page, summary);
        Curves(page, pictures);
        Folded(page, "Attack by attack", DefenseTables.Matrix(summary));
        Folded(page, "Only pairs judged correctly before the attack", DefenseTables.ExcludingAlreadyWrong(summary));
        Examples(page, pictures);
        page.Add($"</section>\n");
    }

    private static void Rankings(Html page, RunSummary summary)
    {
        page.Add($"<h3>In the order of the worst case</h3>\n<div class=\"beside\">\n");
        foreach (var table in DefenseTables.Rankings(summary)) Wide(page, table);
        var ranked = summary.DefenseRankings.Any(r => r.IsRanking);
        page.Add($"</div>\n<p class=\"caption\">{(ranked ? DefenseText.Ranking : DefenseText.NoRanking)}</p>\n");
    }

    private static void Detections(Html page, RunSummary summary, ReportPictures pictures)
    {
        if (summary.Detections.Count == 0) return;
        page.Add($"<h3>What the detectors see</h3>\n");
        foreach (var drawn in pictures.Detectors) Picture(page, drawn.Roc, "Detectors", drawn.Model, "Adversarial images refused against false alarms");
        foreach (var table in DefenseTables.Detections(summary)) Wide(page, table);
        page.Add($"<p class=\"caption\">{DefenseText.Detections}</p>\n");
    }

    private static void Costs(Html page, RunSummary summary)
    {
        if (summary.CleanCosts.Count == 0) return;
        page.Add($"<h3>What the defenses cost</h3>\n");
        foreach (var table in DefenseTables.CleanCosts(summary)) Wide(page, table);
        page.Add($"<p class=\"caption\">{DefenseText.CleanCosts(summary)}</p>\n");
    }

    private static void Curves(Html page, ReportPictures pictures)
    {
        if (pictures.Defenses.All(d => d.Curves is null)) return;
        page.Add($"<h3>Success against norm behind each defense</h3>\n");
        foreach (var drawn in pictures.Defenses)
        {
            if (drawn.Curves is { } curves) Picture(page, curves, drawn.Matrix, "Success against norm behind each defense");
        }
    }

    private static void Examples(Html page, ReportPictures pictures)
    {
        if (pictures.DefenseExamples.Count == 0) return;
        page.Add(
            $"""
            <details>
            <summary>Examples behind each defense</summary>
            <p>For each defense, level of knowledge and goal the pair of median norm, attacked by what was best for it, where its image was
            kept: probe, perturbation Δ (as Δ / max|Δ| · 0.2 + 0.5), adversarial image, what the defense makes of it, and reference.</p>

            """);
        foreach (var defense in pictures.DefenseExamples.GroupBy(e => (e.Matrix.Model, e.Matrix.Storage, e.Defense)))
        {
            page.Add($"<article>\n<h4>{defense.Key.Defense}: {DefenseTables.Title(defense.First().Matrix)}</h4>\n<div class=\"goals\">\n");
            foreach (var goal in defense.GroupBy(e => e.Matrix.Goal))
            {
                page.Add($"<div>\n<h5>{ReportText.Goal(goal.Key)}</h5>\n");
                foreach (var example in goal) Example(page, example);
                page.Add($"</div>\n");
            }
            page.Add($"</div>\n</article>\n");
        }
        page.Add($"</details>\n");
    }

    private static void Example(Html page, DefenseExample example)
    {
        var row = example.Row;
        string[] labels = ["probe", "Δ", "adversarial", .. example.HasPurified ? (string[])["purified"] : [], "reference"];
        page.Add($"<div class=\"labels of{labels.Length}\">");
        foreach (var label in labels) page.Add($"<span>{label}</span>");
        page.Add(
            $"""
            </div>
            <figure class="strip of{labels.Length}">
            <img src="{HtmlReport.DataUri(example.Png)}" alt="{string.Join(", ", labels)} of {row.Pair}">
            <figcaption>{row.Knowledge} knowledge, {row.Family}/{row.Attack}: ‖Δ‖ {Numbers.Norm(row.Norm())},
            distance {Numbers.Distance(row.DistanceBefore)} → {Numbers.Distance(row.DistanceAfter)}
            <small>{row.Pair}</small></figcaption>
            </figure>

            """);
    }

    private static void Picture(Html page, Figure figure, DefenseMatrix matrix, string what) =>
        Picture(page, figure, ReportText.Goal(matrix.Goal), DefenseTables.Title(matrix), what);

    private static void Picture(Html page, Figure figure, string heading, string title, string what)
    {
        page.Add(
            $"""
            <figure class="wide">
            <figcaption><b>{heading}</b><br>{title}</figcaption>
            <picture>
            <source media="screen and (prefers-color-scheme: dark)" srcset="{HtmlReport.DataUri(figure.DarkPng)}">
            <img src="{HtmlReport.DataUri(figure.Png)}" width="{figure.Width}" height="{figure.Height}"
            style="min-width: {Math.Min(figure.Width, 1000)}px" alt="{what}. {heading}: {title}">
            </picture>
            </figure>

            """);
    }

    private static void Folded(Html page, string title, IReadOnlyList<StudyTable> tables)
    {
        page.Add($"<details>\n<summary>{title}</summary>\n");
        foreach (var table in tables) Wide(page, table);
        page.Add($"</details>\n");
    }

    private static void Wide(Html page, StudyTable table)
    {
        page.Add($"<div class=\"wide\">\n");
        HtmlTable.Write(page, table);
        page.Add($"</div>\n");
    }
}
