using System.Text.Json;
using System.Text.RegularExpressions;
using Masquerade.Evaluation.Reporting;
using Masquerade.Evaluation.Reporting.Json;
using Masquerade.Evaluation.Reporting.Markdown;
using Masquerade.Evaluation.Reporting.Tables;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Tests.Reporting;

public sealed partial class DefenseReportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("masq-defenses-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Tables_are_the_ones_that_were_looked_at()
    {
        var summary = RunSummary.Of(FakeRun.Defended());
        Snapshot.Match(string.Join('\n', DefenseTables.Compact(summary).Select(Titled)), "defenses-console.txt");
        Snapshot.Match(string.Join('\n', DefenseTables.Overview(summary).Concat(DefenseTables.Rankings(summary))
            .Concat(DefenseTables.CleanCosts(summary)).Concat(DefenseTables.Matrix(summary))
            .Concat(DefenseTables.ExcludingAlreadyWrong(summary)).Select(Titled)), "defenses-tables.txt");
        Snapshot.Match(DefenseMarkdown.Write(summary), "defenses.md");

        static string Titled(StudyTable table) => $"{table.Title}\n\n{TableText.Plain(table)}";
    }

    [Fact]
    public void The_studys_tables_show_the_bare_verifier_alone()
    {
        var summary = RunSummary.Of(FakeRun.Defended());
        StudyTable.Of(summary).Select(t => t.Title).ShouldBe(["tiny, 8-bit images, threshold 1.42"]);
        MarkdownReport.Write(RunSummary.Of(FakeRun.Whole())).ShouldNotContain("Defenses");
        DefenseMarkdown.Write(RunSummary.Of(FakeRun.Whole())).ShouldBe("");
        MarkdownReport.Write(summary).ShouldContain("\n## Defenses\n");
        ReportText.Scope(summary).ShouldEndWith("4 attacks, 3 defenses at zero and perfect knowledge.");
    }

    [Fact]
    public void With_200_pairs_places_are_given()
    {
        var summary = RunSummary.Of(FakeRun.Defended(201, attacks: ["minimal/deepfool"]));
        var tables = DefenseTables.Rankings(summary);
        tables[0].Title.ShouldBe("tiny, 8-bit images, anonymization: ranking by the worst case on 101 pairs");
        tables[0].Rows.Select(r => (r[0].ToString(), r[1].ToString())).ShouldBe(
            [("median:3+noise:8", "1"), ("jpeg:75", "1"), ("mean:3", "3"), ("no defense", "4")]);
        DefenseMarkdown.Write(summary).ShouldContain("share a place where they cannot be told apart");
    }

    [Fact]
    public void Figures_in_Markdown_are_the_ones_of_an_export()
    {
        var summary = RunExporter.Export(FakeRun.Defended(8), _folder);
        var links = Link().Matches(DefenseMarkdown.Write(summary)).Select(m => m.Groups[1].Value).ToList();
        links.Count.ShouldBe(4);
        links.ShouldAllBe(link => File.Exists(Path.Combine(_folder, link)));
        DefenseMarkdown.Write(summary, figures: null).ShouldNotContain("](");
    }

    [Fact]
    public void The_section_is_the_one_that_was_looked_at_and_begins_with_what_not_to_believe()
    {
        var run = Doubtful();
        var summary = RunExporter.Export(run, _folder);
        var html = Structure(Read("report.html"));
        var section = html[html.IndexOf("<section id=\"defenses\"", StringComparison.Ordinal)..];
        section = section[..(section.IndexOf("</section>", StringComparison.Ordinal) + 11)];
        Snapshot.Match(section, "defenses.html");
        foreach (var warning in summary.TrustWarnings)
        {
            var text = System.Net.WebUtility.HtmlEncode(warning.Text);
            Occurrences(html, text).ShouldBe(2, $"in the notes and in the section: {text}");
            section.IndexOf(text, StringComparison.Ordinal).ShouldBeLessThan(section.IndexOf("<table", StringComparison.Ordinal));
        }
        html.ShouldContain("There is a warning about this evaluation below.");
        Read("table.md").ShouldContain("**Not to be trusted without a second look:**\n\n- tiny, mean:3, both goals:");
        // Strips of defended rows have the purified image; single settings are those of bare verifiers.
        Directory.GetFiles(Path.Combine(_folder, "figures"), "example-tiny-8bit-mean-3-zero-*.png").Length.ShouldBe(2);
        html.ShouldContain("<div class=\"labels of5\"><span>probe</span><span>Δ</span><span>adversarial</span><span>purified</span>");
        html.ShouldNotContain("attacker&#39;s knowledge");
        OpenTag().Matches(html).Select(m => m.Groups[1].Value).Distinct().Except(["details", "summary"])
            .ShouldBeSubsetOf(ReportTests.KnownTags);
    }

    [Fact]
    public void Many_warnings_are_told_kind_by_kind()
    {
        string[] defenses = [.. Enumerable.Range(3, 8).Select(i => $"mean:{i}")];
        var sound = FakeRun.Defended(4, defenses, attacks: ["minimal/fgsm"]);
        var run = new FakeRun
        {
            Rows = sound.Rows,
            RowsPlanned = sound.RowsPlanned,
            Defenses = sound.Defenses,
            GradientChecks = [.. sound.GradientChecks.Select(c => c with { Agreement = 0 })],
        };
        var summary = RunSummary.Of(run);
        summary.TrustWarnings.Count.ShouldBe(8);
        TrustText.Lines(summary).ShouldContain("The gradient leads astray: tiny mean:3, tiny mean:4, tiny mean:5, tiny mean:6, "
            + "tiny mean:7, tiny mean:8 and 2 more; summary.json has each of them.");
    }

    [Fact]
    public void A_program_finds_the_worst_case()
    {
        SummaryJson.Write(Path.Combine(_folder, "summary.json"), RunSummary.Of(Doubtful()));
        var json = JsonDocument.Parse(Read("summary.json")).RootElement;
        var matrix = json.GetProperty("defense_matrices")[1];
        (matrix.GetProperty("model").GetString(), matrix.GetProperty("goal").GetString()).ShouldBe(("tiny", "impersonation"));
        var row = matrix.GetProperty("rows")[1];
        row.GetProperty("defense").GetString().ShouldBe("mean:3");
        row.GetProperty("zero").GetProperty("success").GetDouble().ShouldBe(0.4);
        row.GetProperty("worst").GetProperty("success_count").GetInt32().ShouldBe(5);
        matrix.GetProperty("rows")[0].GetProperty("zero").ValueKind.ShouldBe(JsonValueKind.Null);
        json.GetProperty("defenses")[2].GetProperty("samples").GetInt32().ShouldBe(4);
        json.GetProperty("trust_warnings")[0].GetProperty("kind").GetString().ShouldBe("wrong_gradient");
        json.GetProperty("clean_costs")[1].GetProperty("share_of_forward").GetDouble().ShouldBe(0.05, 1e-9);
        json.GetProperty("defense_rankings")[0].GetProperty("order")[0].GetProperty("place").ValueKind.ShouldBe(JsonValueKind.Null);
        SummaryJson.Write(Path.Combine(_folder, "bare.json"), RunSummary.Of(FakeRun.Whole(4)));
        Read("bare.json").ShouldNotContain("defense_matrices");
    }

    [Fact]
    public void Hostile_names_stay_text()
    {
        const string hostile = "<script>alert(1)</script>|[x](http://x)\u202E\u001b[31m\"'&\n# head";
        var sound = FakeRun.Defended(4, ["mean:3"], attacks: ["minimal/uniform"]);
        var run = new FakeRun
        {
            Rows =
            [
                .. sound.Rows.Select(r => r with { Model = hostile, Defense = Hostile(r.Defense), Pair = r.Pair + hostile }),
            ],
            RowsPlanned = sound.RowsPlanned,
            Defenses = [.. sound.Defenses.Select(d => d with { Model = hostile, Defense = hostile })],
            CleanScores = [.. sound.CleanScores.Select(s => s with { Model = hostile, Defense = Hostile(s.Defense) })],
        };
        var summary = RunExporter.Export(run, _folder);
        summary.TrustWarnings.ShouldNotBeEmpty();
        var html = Read("report.html");
        html.ShouldNotContain("<script", Case.Insensitive);
        html.ShouldNotContain("\u202E");
        html.ShouldNotContain("\u001b");
        var markdown = DefenseMarkdown.Write(summary, figures: null);
        markdown.ShouldNotContain("<script");
        markdown.Replace("\\]", "", StringComparison.Ordinal).ShouldNotContain("](http");
        markdown.ShouldNotContain("\n# head");
        TableText.Plain(DefenseTables.Compact(summary)[0]).ShouldNotContain("\u001b");
        Directory.GetFiles(Path.Combine(_folder, "figures")).Select(Path.GetFileName).ShouldAllBe(f => FigureName().IsMatch(f!));

        static string Hostile(string defense) => defense.Length > 0 ? hostile : "";
    }

    /// <summary>A run whose first defense has a gradient that leads astray.</summary>
    private static FakeRun Doubtful()
    {
        var sound = FakeRun.Defended();
        return new FakeRun
        {
            Rows = sound.Rows,
            RowsPlanned = sound.RowsPlanned,
            Defenses = sound.Defenses,
            CleanScores = sound.CleanScores,
            GradientChecks =
            [
                .. sound.GradientChecks.Select(c => c.Defense == "mean:3" ? c with { Agreement = 0.1 } : c with { Repeatability = 0.3 }),
            ],
        };
    }

    /// <summary>The page without its style and pictures, and without their sizes, which depend on how a system measures letters.</summary>
    private static string Structure(string html) =>
        Size().Replace(DataUri().Replace(Style().Replace(html, "<style></style>"), "data:"), "0");

    private static int Occurrences(string text, string part) => text.Split(part).Length - 1;

    private string Read(string file) => File.ReadAllText(Path.Combine(_folder, file));

    [GeneratedRegex(@"!\[.*?\]\((.*?)\)")]
    private static partial Regex Link();

    [GeneratedRegex("data:image/png;base64,[A-Za-z0-9+/=]+")]
    private static partial Regex DataUri();

    [GeneratedRegex("(?<=(width|height)=\")[0-9]+|(?<=min-width: )[0-9]+")]
    private static partial Regex Size();

    [GeneratedRegex("<style>.*?</style>", RegexOptions.Singleline)]
    private static partial Regex Style();

    [GeneratedRegex("<([a-zA-Z0-9]+)")]
    private static partial Regex OpenTag();

    [GeneratedRegex("^[a-z0-9-]+\\.png$")]
    private static partial Regex FigureName();
}
