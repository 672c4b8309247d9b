using System.Text.Json;
using Masquerade.Alignment;
using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Experiments.Presets;
using Masquerade.Evaluation.Ledger;

namespace Masquerade.Cli.Tests;

/// <summary><c>masq run --preset</c> and <c>--print-spec</c>, with small stand-ins for what the presets name.</summary>
public sealed class PresetTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public PresetTests()
    {
        TinyModel.WriteAligned(_masq["models"], "mini", threshold: 0.1);
        TinyModel.WriteAligned(_masq["models"], "mini-robust", threshold: 0.15);
        // The study's model, the photographs and the list go by their names, but are the tiny ones.
        var descriptor = File.ReadAllText(_masq.Model).Replace("\"Tiny\"", "\"facenet-vggface2-study-2019\"", StringComparison.Ordinal);
        _masq.Assets = new AssetStore(new AssetCatalog(
        [
            Named("facenet-vggface2", 111_898_327, new AssetModel("facenet-vggface2-study-2019", descriptor)),
            Named("mtcnn", 1_990_986), Named("lfw", 180_566_744), Named("lfw-pairs", 155_335) with { Place = "pairs.txt" },
        ]), _masq["home"]);
    }

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task Help_lists_them()
    {
        var result = await _masq.RunAsync(["run", "--preset", "help"]);
        (result.Code, result.Error).ShouldBe((0, ""));
        Snapshot.Match(result.Output, "help");
        Directory.Exists(_masq["runs"]).ShouldBeFalse();
    }

    [Fact]
    public async Task No_argument_is_the_quickstart()
    {
        var bare = await _masq.RunAsync(["run", "--print-spec"]);
        bare.ShouldBe(new MasqResult(0, Preset.Quickstart.Text, ""));
        (await _masq.RunAsync(["run", "--preset", "quickstart", "--print-spec"])).ShouldBe(bare);
        (await ForecastAsync("run", "--dry-run")).ShouldBe(await ForecastAsync("run", "--preset", "quickstart", "--dry-run"));

        string[] less = ["--attacks", "minimal/fgsm", "--take", "2"];
        (await _masq.RunAsync(["run", .. less])).Code.ShouldBe(0);
        (await _masq.RunAsync(["run", "--preset", "quickstart", .. less])).Code.ShouldBe(0);
        var spec = _masq.Write("spec.yaml", (await _masq.RunAsync(["run", .. less, "--print-spec"])).Output);
        (await _masq.RunAsync(["run", "--spec", spec])).Code.ShouldBe(0);
        Rows("runs/demo-2").ShouldBe(Rows("runs/demo"));
        Rows("runs/demo-3").ShouldBe(Rows("runs/demo"));
    }

    [Fact]
    public async Task What_is_missing_is_one_line_and_nothing_is_written()
    {
        const string all = "error: facenet-vggface2, mtcnn, lfw, lfw-pairs are not here: 'masq fetch facenet-vggface2 mtcnn lfw lfw-pairs' "
            + "downloads them (295 MB), 'masq assets add' takes files that you have\n";
        (await _masq.RunAsync(["run", "--preset", "study-2019"])).ShouldBe(new MasqResult(2, "", all));
        (await _masq.RunAsync(["run", "--preset", "study-2019", "--dry-run"])).ShouldBe(new MasqResult(2, "", all));
        Have("facenet-vggface2", "facenet-vggface2-study-2019.model.json");
        Have("lfw");
        Have("mtcnn");
        (await _masq.RunAsync(["run", "--preset", "study-2019"])).Error.ShouldBe("error: lfw-pairs is not here: 'masq fetch lfw-pairs' "
            + "downloads it (155 kB), 'masq assets add' takes files that you have\n");
        foreach (var folder in new[] { "runs", "study-2019" }) Directory.Exists(_masq[folder]).ShouldBeFalse();
    }

    [Fact]
    public async Task The_study_runs_from_its_name_and_stands_beside_its_table()
    {
        HaveAll();
        string[] less = ["--sample", "20", "--take", "8"];
        var result = await _masq.RunAsync(["run", "--preset", "study-2019", .. less]);
        (result.Code, result.Error).ShouldBe((0, ""));
        result.Output.ShouldContain("Beside the study of 2019: facenet-vggface2-study-2019, float images, threshold 0.5\n");
        result.Output.ShouldMatch(@"\n\d+ of \d+ published numbers lie in the 95% intervals measured here");
        result.Output.ShouldContain("report: {folder}/runs/study-2019/report.html\n");
        using (var json = JsonDocument.Parse(File.ReadAllText(_masq["runs/study-2019/summary.json"])))
            json.RootElement.GetProperty("published_comparisons")[0].GetProperty("cells").GetArrayLength().ShouldBe(4 * 4 * 2);
        File.ReadAllText(_masq["runs/study-2019/table.md"]).ShouldContain("## Beside the study of 2019");

        using (var ledger = RunLedger.Read(_masq["runs/study-2019"]))
        {
            // numpy.random.seed(0); numpy.random.choice(30, 20, replace=False)[:8]
            var list = PairListReader.Read(_masq["home/assets/lfw-pairs/pairs.txt"]).Pairs;
            int[] drawn = [2, 28, 13, 10, 26, 24, 27, 11];
            ledger.Pairs.Select(p => p.Id).ShouldBe(drawn.Select(i => list[i].Id));
            ledger.Experiment.Data.ShouldBe("lfw");
            ledger.Experiment.Images.ShouldBe(_masq["home/assets/lfw"]);
            var facts = ledger.Facts.ToDictionary(f => f.Key, f => f.Value);
            facts["pairs"].ShouldBe(
                "20 drawn from the list as numpy.random.seed(0) and choice(n, 20, replace=False) do, the first 8 of them attacked");
            facts["preprocessing"].ShouldStartWith("study-2019: each crop minus its mean, over its standard deviation, -3.1855 to 4.5145");
        }

        // Copied out and run again, with the data set's files named or by its name: the same rows.
        var printed = await _masq.RunAsync(["run", "--preset", "study-2019", .. less, "--print-spec"]);
        var spec = _masq.Write("copied/spec.yaml", printed.Output);
        (await _masq.RunAsync(["run", "--spec", spec, "--out", _masq["again"]])).Code.ShouldBe(0);
        Rows("again").ShouldBe(Rows("runs/study-2019"));
        // The next run of it goes beside the first.
        (await _masq.RunAsync(["run", "--preset", "study-2019", .. less, "--attacks", "foolbox-v1/deepfool"])).Output
            .ShouldContain("report: {folder}/runs/study-2019-2/report.html\n");
        (await _masq.RunAsync(["run", "--resume", _masq["again"]])).Code.ShouldBe(0);
    }

    [Fact]
    public async Task Preprocessing_changes_what_is_attacked()
    {
        var pairs = _masq.WriteFolds();
        string[] line = ["run", "--model", _masq.Model, "--images", _masq["images"], "--pairs", pairs, "--attacks", "minimal/fgsm",
            "--take", "4", "--keep-images", "all", "--out"];
        (await _masq.RunAsync([.. line, _masq["plain"]])).Code.ShouldBe(0);
        (await _masq.RunAsync([.. line, _masq["study"], "--preprocessing", "study-2019"])).Code.ShouldBe(0);
        Rows("study").Select(r => r.DistanceBefore).ShouldNotBe(Rows("plain").Select(r => r.DistanceBefore));
        using var study = RunLedger.Read(_masq["study"]);
        using var plain = RunLedger.Read(_masq["plain"]);
        foreach (var side in Enum.GetValues<PairSide>())
        {
            var crop = plain.Crop("Tiny", plain.Rows[0].Pair, side)!;
            study.Crop("Tiny", study.Rows[0].Pair, side)!.Pixels.ShouldBe(Preprocessings.Apply(Preprocessing.Study2019, crop).Pixels);
        }
    }

    [Fact]
    public async Task A_preset_without_a_model_asks_for_one()
    {
        HaveAll();
        (await _masq.RunAsync(["run", "--preset", "lfw-mobilefacenet"])).ShouldBe(
            new MasqResult(2, "", "error: the preset lfw-mobilefacenet names no model: give one with --model FILE\n"));
        string[] given = ["run", "--preset", "lfw-mobilefacenet", "--model", _masq.Model, "--sample", "4"];
        (await _masq.RunAsync([.. given, "--print-spec"])).ShouldBe(new MasqResult(0, """
            models: ["{folder}/tiny.model.json"]
            data: "lfw"
            sample: 4
            sampleSeed: 1
            attacks: ["minimal"]
            storage: ["float", "8bit"]

            """.ReplaceLineEndings("\n"), ""));
        var run = await _masq.RunAsync(given);
        (run.Code, run.Error).ShouldBe((0, ""));
        run.Output.ShouldContain("report: {folder}/runs/lfw-mobilefacenet/report.html\n");
    }

    [Fact]
    public async Task Photographs_that_are_named_win_over_a_preset_s_data_set()
    {
        var pairs = _masq.WriteFolds();
        string[] named = ["--images", _masq["images"], "--pairs", pairs];
        string[] less = ["--model", _masq.Model, "--sample", "6", "--take", "2", "--attacks", "foolbox-v1/deepfool"];
        var result = await _masq.RunAsync(["run", "--preset", "study-2019", .. named, .. less]);
        (result.Code, result.Error).ShouldBe((0, ""));
        using (var ledger = RunLedger.Read(_masq["runs/study-2019"]))
            (ledger.Experiment.Data, ledger.Experiment.Images).ShouldBe((null, _masq["images"]));
        // And a data set that is named wins over a spec's photographs.
        HaveAll();
        const string text = "models: [tiny.model.json]\nimages: nowhere\npairs: nowhere.txt\nattacks: [minimal/fgsm]\ntake: 2\n";
        var spec = _masq.Write("spec.yaml", text);
        (await _masq.RunAsync(["run", "--spec", spec, "--data", "lfw", "--out", _masq["data"]])).Code.ShouldBe(0);
        using (var ledger = RunLedger.Read(_masq["data"]))
            (ledger.Experiment.Data, ledger.Experiment.Pairs).ShouldBe(("lfw", _masq["home/assets/lfw-pairs/pairs.txt"]));
    }

    [Theory]
    [InlineData("lfw-mobilefacenet); did you mean study-2019?", "--preset", "study-2020")]
    [InlineData("--spec and --preset are both whole experiments: give one", "--preset", "quickstart", "--spec", "x.yaml")]
    [InlineData("--data names both photographs and pairs", "--data", "lfw", "--images", "i", "--out", "x")]
    [InlineData("--resume takes its settings from the run", "--preset", "quickstart", "--resume", "runs/demo")]
    [InlineData("--resume takes its settings from the run", "--print-spec", "--resume", "runs/demo")]
    [InlineData("no attack 'fool'", "--attacks", "fool", "--print-spec")]
    [InlineData("sample 0 is not possible", "--sample", "0", "--print-spec")]
    [InlineData("'lwf' is no known data set (known are lfw, ", "--data", "lwf", "--print-spec")]
    [InlineData("lfw-dev-test); did you mean lfw?", "--data", "lwf", "--out", "x")]
    [InlineData("has 30 pairs, of which 31 cannot be drawn; lower the sample", "--data", "lfw", "--sample", "31", "--out", "x")]
    public async Task Bad_settings_leave_nothing(string message, params string[] line)
    {
        HaveAll();
        if (line is [.., "--out", "x"]) line = [.. line[..^1], _masq["x"], "--model", _masq.Model];
        var result = await _masq.RunAsync(["run", .. line]);
        (result.Code, result.Output).ShouldBe((2, ""));
        result.Error.ShouldContain(message);
        result.Error.TrimEnd('\n').ShouldNotContain("\n");
        foreach (var folder in new[] { "runs", "x" }) Directory.Exists(_masq[folder]).ShouldBeFalse();
    }

    private static Asset Named(string name, long bytes, params AssetModel[] models) => new()
    {
        Name = name,
        Kind = models.Length > 0 ? AssetKind.Model : AssetKind.Data,
        Purpose = "stands in",
        License = "none",
        Citation = "nobody",
        Downloads = [new AssetDownload("file", bytes, new string('0', 64), "https://example.org/file")],
        Models = models,
    };

    private void HaveAll()
    {
        foreach (var picture in Directory.GetFiles(_masq["images"]))
        {
            Directory.CreateDirectory(_masq["home/assets/lfw"]);
            File.Copy(picture, Path.Combine(_masq["home/assets/lfw"], Path.GetFileName(picture)), overwrite: true);
        }
        Have("lfw");
        Have("mtcnn");
        Directory.CreateDirectory(_masq["home/assets/lfw-pairs"]);
        File.Copy(_masq.WriteFolds(), _masq["home/assets/lfw-pairs/pairs.txt"], overwrite: true);
        Have("lfw-pairs", "pairs.txt");
        Have("facenet-vggface2", "facenet-vggface2-study-2019.model.json");
    }

    /// <summary>Says that an asset is there, whole.</summary>
    private void Have(string name, params string[] files)
    {
        var folder = Directory.CreateDirectory(_masq[$"home/assets/{name}"]).FullName;
        var asset = _masq.Assets.Catalog.Require(name);
        foreach (var model in asset.Models)
        {
            File.WriteAllText(Path.Combine(folder, $"{model.Name}.model.json"), model.Descriptor);
            File.Copy(_masq["tiny.onnx"], Path.Combine(folder, "tiny.onnx"), overwrite: true);
        }
        new AssetReceipt(name, files.ToDictionary(f => f, f => new FileInfo(Path.Combine(folder, f)).Length), [],
            [.. asset.Downloads.Select(d => d.Sha256)]).Write(folder);
    }

    /// <summary>What a dry run says, but for how long it would take: that is measured.</summary>
    private async Task<List<string>> ForecastAsync(params string[] line) =>
        [.. (await _masq.RunAsync(line)).Output.Split('\n').Where(l => !l.StartsWith("time ", StringComparison.Ordinal))];

    private List<AttackRow> Rows(string folder)
    {
        using var ledger = RunLedger.Read(_masq[folder]);
        return [.. ledger.Rows.Select(r => r with { Seconds = 0 })];
    }
}
