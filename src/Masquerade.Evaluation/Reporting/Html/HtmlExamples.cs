using Masquerade.Attacks;
using Masquerade.Evaluation.Reporting.Figures;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting.Html;

/// <summary>The report's example strips: for each attack and goal some successes, or why there are none to see.</summary>
internal static class HtmlExamples
{
    public static void Write(Html page, RunSummary summary, ReportPictures pictures)
    {
        if (summary.Attacks.Count == 0) return;
        page.Add(
            $"""
            <section id="examples">
            <h2>Examples</h2>
            <p>For each attack and goal the successes of smallest, median and largest norm, where their images were kept. The second picture
            is the perturbation Δ, shown as Δ / max|Δ| · 0.2 + 0.5: it says where and in which direction values
            changed, not by how much.</p>

            """);
        foreach (var setting in summary.BareSettings)
        {
            page.Add($"<h3>{ReportText.Title(setting.Key)}</h3>\n");
            foreach (var attack in setting.GroupBy(a => a.FullName))
            {
                page.Add($"<article>\n<h4>{attack.Key}</h4>\n<div class=\"goals\">\n");
                foreach (var goal in Enum.GetValues<AttackGoal>())
                {
                    page.Add($"<div>\n<h5>{ReportText.Goal(goal)}</h5>\n");
                    Goal(page, attack.FirstOrDefault(a => a.Goal == goal), pictures);
                    page.Add($"</div>\n");
                }
                page.Add($"</div>\n</article>\n");
            }
        }
        page.Add($"</section>\n");
    }

    private static void Goal(Html page, AttackSummary? attack, ReportPictures pictures)
    {
        if (attack is null || pictures.Examples[attack] is not { Count: > 0 } examples)
        {
            page.Add($"<p class=\"none\">{WhyNone(attack)}</p>\n");
            return;
        }
        page.Add($"<div class=\"labels\"><span>probe</span><span>Δ</span><span>adversarial</span><span>reference</span></div>\n");
        foreach (var (example, _, png) in examples)
        {
            var row = example.Row;
            page.Add(
                $"""
                <figure class="strip">
                <img src="{HtmlReport.DataUri(png)}" alt="Probe, perturbation, adversarial image and reference of {row.Pair}">
                <figcaption>{example.Choice}: ‖Δ‖ {Numbers.Norm(row.Norm())},
                distance {Numbers.Distance(row.DistanceBefore)} → {Numbers.Distance(row.DistanceAfter)}
                <small>{row.Pair}</small></figcaption>
                </figure>

                """);
        }
    }

    private static string WhyNone(AttackSummary? attack)
    {
        if (attack is null || attack.Pairs == 0) return "No pairs.";
        if (attack.Attacked == 0) return "Every pair was judged wrongly before the attack: there is nothing to show.";
        var fooled = attack.OutcomeExcludingAlreadyWrong.Success.Count;
        return fooled == 0
            ? $"No success: none of {ReportText.Count(attack.Attacked, "pair")} was fooled."
            : $"{ReportText.Count(fooled, "pair")} of {attack.Attacked} fooled, but their images were not kept.";
    }
}
