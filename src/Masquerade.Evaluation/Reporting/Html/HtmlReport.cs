using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Reporting.Figures;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting.Html;

/// <summary>A run as one page that needs nothing else: style and pictures are inside, there are no scripts and no links.</summary>
internal static class HtmlReport
{
    /// <summary>The page.</summary>
    public static string Write(RunSummary summary, ReportPictures pictures) => new Html().Add(
        $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{ReportText.Headline(summary)}</title>
        <style>
        {Html.Markup(Style(summary))}</style>
        </head>
        <body>
        <main>
        {Html.Of(page => Body(page, summary, pictures))}</main>
        </body>
        </html>

        """).ToString();

    private static void Body(Html page, RunSummary summary, ReportPictures pictures)
    {
        Head(page, summary);
        HtmlDefenses.Write(page, summary, pictures);
        HtmlTransfer.Write(page, summary, pictures);
        Tables(page, "side-by-side", "The models side by side", ReportText.SideBySide, StudyTable.SideBySide(summary));
        Tables(page, "results", "Results", ReportText.Caption, StudyTable.Of(summary));
        var published = StudyTable.Published(summary);
        if (published.Count > 0) Tables(page, "published", "Beside published results", ReportText.Beside(summary), published);
        Curves(page, pictures);
        if (summary.Attacks.Any(a => a.AlreadyWrong > 0))
            Tables(page, "attacked", "Only pairs judged correctly before the attack",
                "The same numbers without the pairs that were judged wrongly before any attack.",
                StudyTable.ExcludingAlreadyWrong(summary));
        Tables(page, "rounded", "After rounding to 8 bits",
            "What can be stored, sent or shown has 8 bits a channel. Rates are of all pairs that could be read, as in the first table. " +
            "SSIM is the structural similarity of adversarial image and clean probe, a mean over the successes that an attack made.",
            StudyTable.Rounded(summary));
        Tables(page, "cost", "Cost", "Medians over attacked pairs. A backward pass includes its own forward.", StudyTable.Cost(summary));
        HtmlExamples.Write(page, summary, pictures);
        Skipped(page, summary);
        Settings(page, summary);
        HowToRead(page);
    }

    private static void Head(Html page, RunSummary summary)
    {
        page.Add($"<header>\n<h1>{ReportText.Headline(summary)}</h1>\n<p class=\"scope\">{ReportText.Scope(summary)}</p>\n");
        Warnings(page, TrustText.Lines(summary));
        page.Add($"<div class=\"findings\">\n");
        foreach (var setting in summary.BareSettings)
        {
            page.Add($"<div class=\"finding\">\n<h2>{ReportText.Title(setting.Key)}</h2>\n");
            foreach (var goal in Enum.GetValues<AttackGoal>()) page.Add($"<p>{ReportText.Finding(setting, goal)}</p>\n");
            page.Add($"</div>\n");
        }
        foreach (var defended in summary.DefenseMatrices.GroupBy(m => (m.Model, m.Storage)))
        {
            page.Add($"<div class=\"finding\">\n<h2>{DefenseTables.Title(defended.First())}, behind defenses</h2>\n");
            foreach (var matrix in defended) page.Add($"<p>{DefenseText.Finding(summary, matrix)}</p>\n");
            page.Add($"</div>\n");
        }
        page.Add($"</div>\n");
        var notes = ReportText.Notes(summary);
        if (notes.Count > 0)
        {
            page.Add($"<ul class=\"notes\">\n");
            foreach (var note in notes) page.Add($"<li>{note}</li>\n");
            page.Add($"</ul>\n");
        }
        page.Add($"</header>\n");
    }

    /// <summary>A box with warnings; nothing where there are none.</summary>
    public static void Warnings(Html page, IEnumerable<string> warnings)
    {
        string[] all = [.. warnings];
        if (all.Length == 0) return;
        page.Add($"<div class=\"warnings\">\n<h3>{TrustText.Title}</h3>\n<ul>\n");
        foreach (var warning in all) page.Add($"<li>{warning}</li>\n");
        page.Add($"</ul>\n</div>\n");
    }

    private static void Tables(Html page, string id, string title, string caption, IReadOnlyList<StudyTable> tables)
    {
        if (tables.Count == 0) return;
        page.Add($"<section id=\"{id}\">\n<h2>{title}</h2>\n");
        foreach (var table in tables) HtmlTable.Write(page, table);
        page.Add($"<p class=\"caption\">{caption}</p>\n</section>\n");
    }

    private static void Curves(Html page, ReportPictures pictures)
    {
        if (pictures.Curves.Count == 0) return;
        page.Add($"<section id=\"curves\">\n<h2>Success against norm</h2>\n<div class=\"figures\">\n");
        foreach (var curve in pictures.Curves)
        {
            var title = $"{ReportText.Goal(curve.Goal)}: {ReportText.Title(curve.Setting)}";
            page.Add(
                $"""
                <figure>
                <figcaption><b>{ReportText.Goal(curve.Goal)}</b><br>{ReportText.Title(curve.Setting)}</figcaption>
                <picture>
                <source media="screen and (prefers-color-scheme: dark)" srcset="{DataUri(curve.DarkPng)}">
                <img src="{DataUri(curve.Png)}" width="{CurveFigure.Pixels.Width / 2}" height="{CurveFigure.Pixels.Height / 2}"
                alt="Success against norm. {title}">
                </picture>
                </figure>

                """);
        }
        page.Add(
            $"""
            </div>
            <p class="caption">The share of pairs that is fooled by a perturbation of at most the norm on the (logarithmic) axis. Pairs that
            were wrong before any attack start the curves above 0. Colours tell the attacks apart, line styles their families. Dotted lines
            mark the norms 1 and 5 of the table.</p>
            </section>

            """);
    }

    private static void Skipped(Html page, RunSummary summary)
    {
        if (summary.Skipped.Count == 0) return;
        page.Add($"<section id=\"skipped\">\n<h2>Pairs that could not be read</h2>\n<table class=\"list\">\n");
        page.Add($"<thead><tr><th scope=\"col\">Pair</th><th scope=\"col\">Reason</th></tr></thead>\n<tbody>\n");
        foreach (var (pair, reason) in summary.Skipped) page.Add($"<tr><th scope=\"row\">{pair}</th><td>{reason}</td></tr>\n");
        page.Add($"</tbody>\n</table>\n</section>\n");
    }

    private static void Settings(Html page, RunSummary summary)
    {
        page.Add($"<section id=\"settings\">\n<h2>Settings and facts</h2>\n<pre>");
        foreach (var line in ExperimentFile.Write(summary.Experiment).TrimEnd().Split('\n')) page.Add($"{line}\n");
        page.Add($"</pre>\n<table class=\"list\">\n<tbody>\n");
        foreach (var (name, value) in summary.Facts) page.Add($"<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n");
        page.Add($"</tbody>\n</table>\n</section>\n");
    }

    private static void HowToRead(Html page) => page.Add(
        $"""
        <section id="reading">
        <h2>How to read this</h2>
        <dl>
        <dt>Probe and reference</dt><dd>A verifier compares a photograph, the probe, with the one on file, the reference. The attacker
        changes the probe only.</dd>
        <dt>Anonymization</dt><dd>Both show one person; the changed probe is to be judged a different person (also called dodging).</dd>
        <dt>Impersonation</dt><dd>They show two persons; the changed probe is to be judged the same person.</dd>
        <dt>Distance and threshold</dt><dd>The squared Euclidean distance of the two unit embeddings, between 0 and 4. Up to the threshold
        it is the same person.</dd>
        <dt>‖Δ‖</dt><dd>How far the image was changed: the square root of the sum of squared changes over all values. On a crop of 112×112
        pixels a norm of 1 is a change of about 1.3 of 255 levels in every value.</dd>
        <dt>Intervals</dt><dd>If the same were measured on other pairs of the same kind, 95 of 100 such intervals would hold the true value.
        They do not cover another threshold, other photographs or another model.</dd>
        <dt>Float and 8-bit images</dt><dd>Float images are judged as computed, as published work does. Under the 8-bit rule only an image
        counts that still fools the verifier when it is rounded to what a picture file can hold, and the attack searches under that
        rule.</dd>
        </dl>
        </section>

        """);

    public static Html DataUri(byte[] png) => Html.Markup($"data:image/png;base64,{Convert.ToBase64String(png)}");

    private static string Style(RunSummary summary)
    {
        return Sheet("report.css") + (summary.HasDefenses || summary.Transfers.Count > 0 ? Sheet("defenses.css") : "");

        static string Sheet(string name)
        {
            using var resource = typeof(HtmlReport).Assembly.GetManifestResourceStream(name)
                ?? throw new InvalidOperationException($"the assembly has no style {name}");
            using var reader = new StreamReader(resource);
            return reader.ReadToEnd().ReplaceLineEndings("\n");
        }
    }
}
