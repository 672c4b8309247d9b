using System.Text.Json;
using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting;
using Masquerade.Evaluation.Reporting.Figures;
using Masquerade.Evaluation.Statistics;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Tests.Reporting;

/// <summary>Every export of a run whose images were carried over.</summary>
public sealed class TransferReportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_export_tells_of_transfers()
    {
        var summary = RunExporter.Export(Carried(), _folder.Root);
        var rows = File.ReadAllLines(_folder["results.csv"]);
        var header = rows[0].Split(',');
        var (target, outcome) = (Array.IndexOf(header, "target"), Array.IndexOf(header, "outcome"));
        var carried = rows.Skip(1).Where(r => !r.Contains('"')).Select(r => r.Split(',')).Where(r => r[target].Length > 0).ToList();
        carried.Count.ShouldBe(summary.TransferLines.Count);
        carried.Select(r => r[outcome]).Distinct().Order().ShouldBe(["judged", "no-face", "refused"]);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["summary.json"]));
        var transfers = json.RootElement.GetProperty("transfers").EnumerateArray().ToList();
        transfers.Count.ShouldBe(summary.Transfers.Count);
        var first = transfers[0];
        first.GetProperty("confidence").GetDouble().ShouldBe(summary.Transfers[0].Confidence!.Value.Value);
        first.GetProperty("success_of").GetInt32().ShouldBe(summary.Transfers[0].Success.Of);
        var html = File.ReadAllText(_folder["report.html"]);
        html.ShouldContain("<section id=\"transfer\">");
        html.ShouldContain("judged by rekognition (pasted), confidence from 0.8");
        html.ShouldContain("a target &lt;b&gt; (pasted)");
        html.ShouldNotContain("<b> (pasted)");
        var markdown = File.ReadAllText(_folder["table.md"]);
        markdown.ShouldContain("## Transfer");
        markdown.ShouldContain("figures/transfer-8bit-anonymization.png");
        File.Exists(_folder["figures/transfer-8bit-impersonation.png"]).ShouldBeTrue();
        markdown.ShouldNotContain("NaN");
        // Without transfers the figures of an earlier export go.
        RunExporter.Export(FakeRun.Whole(), _folder.Root);
        Directory.GetFiles(_folder["figures"], "transfer-*").ShouldBeEmpty();
        File.ReadAllText(_folder["report.html"]).ShouldNotContain("id=\"transfer\"");
    }

    [Fact]
    public void The_heat_map_is_drawn_for_light_and_dark_pages()
    {
        var transfers = RunSummary.Of(Carried()).Transfers.Where(t => t.Goal == AttackGoal.Anonymize).ToList();
        var (light, width, height) = TransferHeatMap.Draw(transfers, dark: false);
        var dark = TransferHeatMap.Draw(transfers, dark: true).Png;
        var (a, b) = (ImageFile.Decode(light, "light"), ImageFile.Decode(dark, "dark"));
        a.Size.ShouldBe(new ImageSize(2 * width, 2 * height));
        b.Size.ShouldBe(a.Size);
        (a.Pixels[0], b.Pixels[0]).ShouldBe(((byte)0xFF, (byte)0x1C));
        light.ShouldNotBe(dark);
    }

    /// <summary>Images of a made-up run: judged by a model, a service, and one with an awkward name.</summary>
    private static FakeRun Carried()
    {
        var rows = Enumerable.Range(0, 12)
            .SelectMany(i => new[] { "fgsm", "deepfool" }.Select(a => FakeRun.Row("tiny", "8bit", "minimal", a, i)))
            .OrderBy(r => r.Attack).ToList();
        TransferTarget[] targets =
        [
            new("mini", "mapped", false, 1.2, "hash"), new("rekognition", "pasted-detected", true, 0.8, "service"),
            new("a target <b>", "pasted", false, 1, "hash"),
        ];
        var images = rows.Where(r => r is { Success: true, AlreadyWrong: false }).ToList();
        var pairs = rows.Where(r => r.Status != "skipped").Select(r => (r.Pair, r.Goal)).Distinct().ToList();
        return new FakeRun
        {
            Rows = rows,
            RowsPlanned = rows.Count,
            Targets = targets,
            Transfers = [.. targets.SelectMany(t => images.Select((r, i) => new TransferRow(r, t.Name, t.Way, Judgement(t, i))))],
            CleanTransfers = [.. targets.SelectMany(t => pairs.Select((p, i) => new CleanTransfer(
                "tiny", t.Name, t.Way, p.Pair, p.Goal == AttackGoal.Anonymize, Clean(t, p.Goal == AttackGoal.Anonymize, i))))],
        };

        static TransferJudgement Judgement(TransferTarget target, int i) => (i % 7) switch
        {
            5 => TransferJudgement.NoFace("no face found in the image"),
            6 => TransferJudgement.Refused("the image is too small: 16x16"),
            _ when target.IsService => new(TransferOutcome.Judged, null, 0.7 + 0.02 * i, 0.7 + 0.02 * i >= 0.8, ""),
            _ => TransferJudgement.Of(0.8 + 0.05 * i, target.Threshold),
        };

        static TransferJudgement Clean(TransferTarget target, bool same, int i) => target.IsService
            ? new(TransferOutcome.Judged, null, same ? 0.99 : 0.03 * i, same, "")
            : TransferJudgement.Of(same ? 0.3 + 0.1 * i : 2, target.Threshold);
    }
}
