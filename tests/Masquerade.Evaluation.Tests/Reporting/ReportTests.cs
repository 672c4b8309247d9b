using System.Text.Json;
using System.Text.RegularExpressions;
using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting;
using Masquerade.Evaluation.Reporting.Figures;
using Masquerade.Evaluation.Reporting.Html;
using Masquerade.Evaluation.Reporting.Json;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Tests.Reporting;

public sealed partial class ReportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("masq-report-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Exports_are_the_ones_that_were_looked_at()
    {
        var run = FakeRun.Whole();
        var summary = RunExporter.Export(run, Path.Combine(_folder, "first"));
        Snapshot.Match(Read("first", "table.md"), "table.md");
        Snapshot.Match(string.Join('\n', StudyTable.Of(summary).Select(TableText.Plain)), "table.txt");
        Snapshot.Match(Read("first", "summary.json"), "summary.json");
        Snapshot.Match(Structure(Read("first", "report.html")), "report.html");

        RunExporter.Export(run, Path.Combine(_folder, "second"));
        var files = Files("first");
        files.ShouldBe(Files("second"));
        files.Count(f => f.StartsWith("figures/curve-", StringComparison.Ordinal)).ShouldBe(2);
        files.ShouldContain("figures/example-tiny-float-minimal-deepfool-impersonation-3.png");
        foreach (var file in files)
            File.ReadAllBytes(Path.Combine(_folder, "first", file))
                .SequenceEqual(File.ReadAllBytes(Path.Combine(_folder, "second", file))).ShouldBeTrue(file);
        // Each example and both forms of each curve are in the page itself.
        DataUri().Count(Read("first", "report.html")).ShouldBe(files.Count(f => f.StartsWith("figures/", StringComparison.Ordinal)) + 2);
    }

    [Fact]
    public void The_summary_is_easy_for_a_program()
    {
        SummaryJson.Write(Path.Combine(_folder, "summary.json"), RunSummary.Of(FakeRun.Whole()));
        using var json = JsonDocument.Parse(Read("summary.json"));
        var attack = json.RootElement.GetProperty("attacks").EnumerateArray().Single(a =>
            Text(a, "family") == "minimal" && Text(a, "attack") == "uniform" && Text(a, "goal") == "impersonation");
        attack.GetProperty("pairs").GetInt32().ShouldBe(5);
        attack.GetProperty("success").GetDouble().ShouldBe(0.2);
        attack.GetProperty("success_low").GetDouble().ShouldBeLessThan(0.2);
        attack.GetProperty("success_high_excluding_already_wrong").GetDouble().ShouldBeGreaterThan(0.2);
        attack.GetProperty("mean_l2_low").ValueKind.ShouldBe(JsonValueKind.Null, "one success has no interval");
        Text(json.RootElement.GetProperty("experiment"), "keep_images").ShouldBe("successes");

        static string Text(JsonElement e, string name) => e.GetProperty(name).GetString()!;
    }

    [Fact]
    public void Hostile_names_stay_text()
    {
        const string hostile = "<script>alert(1)</script>|[x](http://x)\u202Etxt.exe\u001b[31m\"'&\n# head";
        var run = FakeRun.Whole(4);
        run = new FakeRun
        {
            Rows =
            [
                .. FakeRun.Whole(4, ["a", "b"]).Rows
                    .Select(r => r with { Model = r.Model + hostile, Pair = hostile + r.Pair, Attack = r.Attack.Replace("fgsm", hostile) }),
            ],
            RowsPlanned = 99,
            Facts = [new(hostile + "threshold", hostile)],
            Experiment = run.Experiment with { Models = [hostile], Images = hostile },
        };
        RunExporter.Export(run, _folder);
        var html = Read("report.html");
        html.ShouldNotContain("<script", Case.Insensitive);
        html.ShouldContain("&lt;script&gt;alert(1)&lt;/script&gt;");
        html.ShouldNotContain("\u202E");
        html.ShouldNotContain("\u001b");
        OpenTag().Matches(html).Select(m => m.Groups[1].Value).Distinct().ShouldBeSubsetOf(KnownTags);
        var markdown = Read("table.md");
        markdown.ShouldNotContain("<script");
        markdown.Replace("\\]", "", StringComparison.Ordinal).ShouldNotContain("](http");
        markdown.ShouldNotContain("\n# head");
        var table = markdown.Split('\n').Where(l => l.StartsWith('|')).ToList();
        table.ShouldAllBe(l => UnescapedBar().Count(l) == 9 || UnescapedBar().Count(l) == 5);
        TableText.Plain(StudyTable.Of(RunSummary.Of(run))[0]).ShouldNotContain("\u001b");
        TableText.Plain(StudyTable.SideBySide(RunSummary.Of(run))[0]).ShouldNotContain("\u001b");
        Files("").ShouldAllBe(f => FileName().IsMatch(f));
        var json = JsonDocument.Parse(Read("summary.json")).RootElement;
        json.GetProperty("attacks")[0].GetProperty("model").GetString().ShouldBe("a" + hostile);
    }

    [Fact]
    public void A_partial_run_of_one_goal_without_images_says_so()
    {
        var whole = FakeRun.Whole(6);
        var rows = whole.Rows.Where(r => r.Goal == AttackGoal.Anonymize).Take(10).ToList();
        var run = new FakeRun { Rows = rows, RowsPlanned = 400, KeepsImages = false };
        RunExporter.Export(run, _folder);
        foreach (var text in new[] { Read("table.md"), Read("report.html") })
        {
            text.ShouldContain("Unfinished run: 10 of 400 results are there.");
            text.ShouldContain("No pair for impersonation: nothing is known of it.");
        }
        Read("table.md").ShouldContain(" / – |");
        var html = Read("report.html");
        html.ShouldContain("Impersonation was not tried.");
        html.ShouldContain("No pairs.");
        html.ShouldContain("fooled, but their images were not kept.");
        Files("").Count(f => f.StartsWith("figures/", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public void A_run_without_rows_is_a_report_too()
    {
        RunExporter.Export(new FakeRun { RowsPlanned = 800 }, _folder);
        Read("report.html").ShouldContain("Nothing was attacked");
        Read("table.md").ShouldContain("800 results are planned");
        JsonDocument.Parse(Read("summary.json")).RootElement.GetProperty("complete").GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public void What_never_succeeded_is_said_in_words()
    {
        AttackRow[] failed = [FakeRun.Row("m", "float", "f", "uniform", 1), FakeRun.Row("m", "float", "f", "uniform", 3)];
        var summary = RunSummary.Of(new FakeRun { Rows = failed, RowsPlanned = 2 });
        ReportText.Finding(summary.Attacks, AttackGoal.Impersonate).ShouldBe(
            "Impersonation never succeeded: f/uniform fooled none of 2 pairs (95% interval of the rate: 0–65.8%).");
        HtmlReport.Write(summary, ReportPictures.Draw(summary, new FakeRun())).ShouldContain("No success: none of 2 pairs was fooled.");
    }

    [Fact]
    public void The_finding_names_the_best_attack_and_what_rounding_leaves()
    {
        var summary = RunSummary.Of(FakeRun.Whole());
        ReportText.Finding(summary.Attacks, AttackGoal.Anonymize).ShouldBe(
            "Anonymization: the best of 8 attacks, minimal/deepfool, fooled 5 of 5 pairs judged correctly before the attack " +
            "(100.0%, 95% interval 56.6–100.0), with a median ‖Δ‖ of 0.62 (0.35–0.84; n = 5). " +
            "After rounding to 8 bits, 2 of these 5 still succeed.");
    }

    [Fact]
    public void Two_models_and_two_rules_have_a_table_and_figures_each()
    {
        var run = FakeRun.Whole(4, ["a", "b"], ["float", "8bit"]);
        var summary = RunSummary.Of(run);
        StudyTable.Of(summary).Select(t => t.Title).ShouldBe(
        [
            "a, float images, threshold 1.42", "a, 8-bit images, threshold 1.42",
            "b, float images, threshold 1.42", "b, 8-bit images, threshold 1.42",
        ]);
        ReportText.Headline(summary).ShouldBe("Attacks on a and b");
    }

    [Fact]
    public void Two_models_stand_side_by_side()
    {
        var whole = FakeRun.Whole(12, ["mini", "mini-robust"]);
        // What fools the second takes twice and a little more, and some of its pairs withstand noise.
        var rows = whole.Rows.Select((r, i) => r.Model == "mini" || r.L2 is not > 0 ? r
            : r.Attack == "uniform" && i % 3 > 0 ? r with { Success = false, Status = "failed", L2 = null, Success8Bit = null, Ssim = null }
            : r with { L2 = r.L2 * (2 + 0.1 * (i % 5)) }).ToList();
        var summary = RunExporter.Export(new FakeRun { Rows = rows, RowsPlanned = rows.Count }, _folder);
        Snapshot.Match(string.Join('\n', StudyTable.SideBySide(summary).Select(TableText.Plain)), "side-by-side.txt");
        var html = Structure(Read("report.html"));
        var start = html.IndexOf("<section id=\"side-by-side\"", StringComparison.Ordinal);
        var end = html.IndexOf("<section id=\"results\"", StringComparison.Ordinal);
        Snapshot.Match(html[start..end], "side-by-side.html");
        // One goal's figures stand next to each other.
        FigureTitle().Matches(html).Select(m => (m.Groups[1].Value, m.Groups[2].Value)).ShouldBe(
        [
            ("Anonymization", "mini"), ("Anonymization", "mini-robust"), ("Impersonation", "mini"), ("Impersonation", "mini-robust"),
        ]);
        Read("table.md").ShouldContain("## Side by side, float images\n\n| Attack | mini: median ‖Δ‖ | mini-robust: median ‖Δ‖ |");
        var comparisons = JsonDocument.Parse(Read("summary.json")).RootElement.GetProperty("model_comparisons");
        comparisons.GetArrayLength().ShouldBe(2 * 9);
        comparisons[17].GetProperty("attack").ValueKind.ShouldBe(JsonValueKind.Null);
        comparisons[17].GetProperty("models")[1].GetProperty("ratio").GetDouble().ShouldBeInRange(2, 2.5);
    }

    [Fact]
    public void A_run_stands_beside_the_published_study_cell_by_cell()
    {
        var whole = FakeRun.Whole(12, ["tiny"], ["float", "8bit"]);
        var run = new FakeRun
        {
            Rows = whole.Rows,
            RowsPlanned = whole.RowsPlanned,
            Experiment = whole.Experiment with { CompareWith = "study-2019", Preprocessing = "study-2019" },
        };
        var summary = RunExporter.Export(run, _folder);
        Snapshot.Match(string.Join('\n', StudyTable.Published(summary).Select(TableText.Plain)) + ReportText.Beside(summary) + "\n",
            "published.txt");
        var html = Structure(Read("report.html"));
        var start = html.IndexOf("<section id=\"published\"", StringComparison.Ordinal);
        var end = html.IndexOf("<section id=\"curves\"", StringComparison.Ordinal);
        Snapshot.Match(html[start..end], "published.html");
        html.ShouldContain("The crops are not photographs any more (study-2019: each crop minus its mean");
        Read("table.md").ShouldContain("## Beside the study of 2019: tiny, float images, threshold 1.42\n\n"
            + "| Attack | Published | Here | Published in the interval |\n");
        Read("table.md").ShouldContain("A second run of the study fooled 100% / 0% with uniform and 100% / 4.2% with Gaussian noise.");
        var published = JsonDocument.Parse(Read("summary.json")).RootElement.GetProperty("published_comparisons");
        published.GetArrayLength().ShouldBe(1, "the study's images were float images");
        Snapshot.Match(published[0].GetProperty("cells").GetRawText() + "\n", "published.json");
    }

    [Fact]
    public void Figures_beside_each_other_have_one_axis()
    {
        var near = new FakeRun { Rows = [FakeRun.Row("a", "float", "f", "fgsm", 0)], RowsPlanned = 1 };
        var both = new FakeRun { Rows = [.. near.Rows, FakeRun.Row("b", "float", "f", "fgsm", 0) with { L2 = 70 }], RowsPlanned = 2 };
        var alone = ReportPictures.Draw(RunSummary.Of(near), near).Curves.Single();
        var pictures = ReportPictures.Draw(RunSummary.Of(both), both).Curves;
        pictures.Select(c => c.Setting.Model).ShouldBe(["a", "b"]);
        pictures[0].Png.ShouldNotBe(alone.Png);
    }

    [Fact]
    public void An_export_replaces_its_own_figures_and_nobody_elses()
    {
        var figures = Directory.CreateDirectory(Path.Combine(_folder, "figures")).FullName;
        File.WriteAllText(Path.Combine(figures, "curve-old-float-anonymization.png"), "");
        File.WriteAllText(Path.Combine(figures, "mine.png"), "");
        RunExporter.Export(new FakeRun { Rows = [FakeRun.Row("m", "float", "f", "uniform", 1)], RowsPlanned = 1 }, _folder);
        Files("figures").ShouldBe(["curve-m-float-impersonation.png", "mine.png"]);
    }

    [Fact]
    public void A_folder_that_cannot_be_is_named()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        Should.Throw<InputException>(() => RunExporter.Export(new FakeRun(), file)).Message.ShouldContain(file);
    }

    internal static readonly string[] KnownTags =
    [
        "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "h3", "h4", "h5", "p", "div", "ul", "li", "section",
        "table", "caption", "thead", "tbody", "tr", "th", "td", "small", "span", "wbr", "figure", "figcaption", "b", "br", "picture",
        "source", "img", "article", "pre", "dl", "dt", "dd",
    ];

    /// <summary>The page without its style and pictures.</summary>
    private static string Structure(string html) => DataUri().Replace(Style().Replace(html, "<style></style>"), "data:");

    private string Read(params string[] path) => File.ReadAllText(Path.Combine([_folder, .. path]));

    private List<string> Files(string folder)
    {
        var root = Path.Combine(_folder, folder);
        return [.. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(root, f).Replace('\\', '/')).Order(StringComparer.Ordinal)];
    }

    [GeneratedRegex("data:image/png;base64,[A-Za-z0-9+/=]+")]
    private static partial Regex DataUri();

    [GeneratedRegex("<figcaption><b>(\\w+) .*?</b><br>(.*?),")]
    private static partial Regex FigureTitle();

    [GeneratedRegex("<style>.*?</style>", RegexOptions.Singleline)]
    private static partial Regex Style();

    [GeneratedRegex("<([a-zA-Z0-9]+)")]
    private static partial Regex OpenTag();

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex UnescapedBar();

    [GeneratedRegex("^(figures/[a-z0-9-]+\\.png|results\\.csv|summary\\.json|table\\.md|report\\.html)$")]
    private static partial Regex FileName();
}
