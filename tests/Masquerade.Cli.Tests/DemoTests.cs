using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;

namespace Masquerade.Cli.Tests;

/// <summary><c>masq run</c> where nobody names photographs: synthetic people, painted into the run folder.</summary>
public sealed partial class DemoTests : IDisposable
{
    private const string Painted = "note: no photographs are named (--images): {0} pairs of synthetic people are painted into {1}\n";

    private readonly MasqRun _masq = new();

    public DemoTests()
    {
        TinyModel.WriteAligned(_masq["models"], "mini", threshold: 0.1);
        TinyModel.WriteAligned(_masq["models"], "mini-robust", threshold: 0.15);
    }

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task Without_any_option_it_runs_the_bundled_models_on_synthetic_people()
    {
        var result = await _masq.RunAsync(["run"]);
        (result.Code, result.Error).ShouldBe((0, Note(50, "{folder}/runs/demo/faces")));
        // What it says is the same everywhere; the last digits of the numbers in the tables need not be.
        var lines = result.Output.Split('\n').Select(l => IsTable().IsMatch(l) ? Repeats().Replace(Numbers().Replace(l, "#"), "$1") : l);
        Snapshot.Match(string.Join('\n', lines), "run");
        foreach (var name in new[] { "run.db", "results.csv", "summary.json", "table.md", "report.html", "figures", "faces" })
            Path.Exists(_masq[$"runs/demo/{name}"]).ShouldBeTrue(name);

        using var ledger = RunLedger.Read(_masq["runs/demo"]);
        (ledger.Pairs.Count, ledger.Pairs.Count(p => p.SamePerson)).ShouldBe((50, 25));
        ledger.Cells.Select(c => (c.Model, c.Storage, $"{c.Family}/{c.Attack}")).ShouldBe(
            from model in new[] { "mini", "mini-robust" }
            from attack in new[] { "fgsm", "deepfool", "uniform", "gaussian" }
            select (model, "float", $"minimal/{attack}"));
        ledger.Rows.ShouldAllBe(r => r.Status != "skipped");
        ledger.Experiment.Models.ShouldBe(["mini", "mini-robust"]);
        foreach (var path in new[] { ledger.Experiment.Images, ledger.Experiment.Pairs, ledger.Experiment.Landmarks! })
            path.ShouldStartWith(_masq["runs/demo/faces/"]);
    }

    [Fact]
    public async Task It_never_writes_over_what_is_there()
    {
        string[] line = ["run", "--attacks", "minimal/fgsm", "--take", "2"];
        (await _masq.RunAsync(line)).Code.ShouldBe(0);
        var first = Contents("runs/demo");
        // Whatever is there, a run or not.
        _masq.Write("runs/demo-2", "a file");
        Directory.CreateDirectory(_masq["runs/demo-3"]);
        var second = await _masq.RunAsync(line);
        second.Error.ShouldBe(Note(2, "{folder}/runs/demo-4/faces"));
        second.Output.ShouldContain("report: {folder}/runs/demo-4/report.html\n");
        Contents("runs/demo").ShouldBe(first);
        Directory.GetFileSystemEntries(_masq["runs/demo-3"]).ShouldBeEmpty();

        await ExpectAsync("runs/demo: holds a run already; go on with --resume", [.. line, "--out", _masq["runs/demo"]]);
        _masq.Write("mine/faces/me.jpg", "a picture");
        const string there = "mine/faces: is there already; remove it, or choose another folder with --out";
        await ExpectAsync(there, [.. line, "--out", _masq["mine"]]);
        Contents("mine").Keys.ShouldBe(["faces/me.jpg", "run.lock"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("own", "mini", 2, 2)]
    [InlineData("odd", "mini-robust", 5, 3)]
    public async Task Options_change_the_run_on_synthetic_people(string folder, string model, int pairs, int same)
    {
        var path = _masq[$"models/{model}.model.json"];
        if (folder == "own") (same, path) = (1, model);
        var result = await _masq.RunAsync(["run", "--model", path, "--take", $"{pairs}", "--attacks", "foolbox-v1/deepfool,minimal/fgsm",
            "--seed", "7", "--storage", "float,8bit", "--out", _masq[folder]]);
        result.Code.ShouldBe(0, result.Error);
        result.Error.ShouldStartWith(Note(pairs, $"{{folder}}/{folder}/faces"));
        using var ledger = RunLedger.Read(_masq[folder]);
        (ledger.Pairs.Count, ledger.Pairs.Count(p => p.SamePerson)).ShouldBe((pairs, same));
        ledger.Experiment.Models.ShouldBe([path]);
        (ledger.Experiment.Seed, ledger.Cells.Count).ShouldBe((7, 3));
    }

    [Fact]
    public async Task A_spec_that_names_no_photographs_is_on_synthetic_people()
    {
        var spec = _masq.Write("spec.yaml", "attacks: [minimal/fgsm]\ntake: 2\nmodels: [mini]\n");
        (await _masq.RunAsync(["run", "--spec", spec])).Code.ShouldBe(0);
        using var ledger = RunLedger.Read(_masq["runs/demo"]);
        (ledger.Pairs.Count, ledger.Cells.Single().Attack).ShouldBe((2, "fgsm"));
    }

    [Fact]
    public async Task Interrupted_it_says_how_to_go_on_and_ends_with_the_same_rows()
    {
        string[] settings = ["run", "--attacks", "minimal/fgsm,minimal/deepfool", "--take", "8", "--batch", "2", "--threads", "1"];
        (await _masq.RunAsync([.. settings, "--out", _masq["whole"]])).Code.ShouldBe(0);
        using var stop = new CancellationTokenSource();
        Directory.CreateDirectory(_masq["runs/demo"]);
        using var watcher = new FileSystemWatcher(_masq["runs/demo"], "run.db-wal") { EnableRaisingEvents = true };
        watcher.Changed += (_, _) => stop.Cancel();
        var stopped = await _masq.RunAsync([.. settings, "--out", _masq["runs/demo"]], stop.Token);
        stopped.Code.ShouldBe(130);
        stopped.Error.ShouldEndWith(
            "stopped; what is done is kept. Go on with: masq run --resume {folder}/runs/demo\nerror: interrupted\n");

        var resumed = await _masq.RunAsync(["run", "--resume", _masq["runs/demo"]]);
        (resumed.Code, resumed.Error).ShouldBe((0, ""));
        resumed.Output.ShouldContain("What to try next:");
        Rows("runs/demo").ShouldBe(Rows("whole"));
    }

    [Fact]
    public async Task Interrupted_while_it_paints_it_leaves_nothing()
    {
        var result = await _masq.RunAsync(["run"], new CancellationToken(canceled: true));
        result.ShouldBe(new MasqResult(130, "", Note(50, "{folder}/runs/demo/faces")
            + "stopped before the first attack; nothing is kept. Start the same command again\nerror: interrupted\n"));
        Directory.Exists(_masq["runs"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_run_begun_in_one_folder_goes_on_from_another()
    {
        Directory.CreateDirectory(_masq["here"]);
        Directory.CreateDirectory(_masq["there"]);
        string[] settings = ["--model", "../models/mini.model.json", "--take", "2", "--attacks", "minimal/fgsm"];
        var begun = await StartAsync("here", ["run", .. settings, "--out", "a b"]);
        begun.ShouldBe((0, Note(2, "a b/faces")));
        using (var ledger = RunLedger.Read(_masq["here/a b"])) ledger.Experiment.Images.ShouldEndWith("/here/a b/faces/images");
        (await StartAsync("there", "run", "--resume", "../here/a b")).ShouldBe((0, ""));
    }

    [Fact]
    public async Task A_dry_run_says_what_it_would_do_and_leaves_nothing()
    {
        var result = await _masq.RunAsync(["run", "--dry-run"]);
        result.Error.ShouldBe(
            "note: no photographs are named (--images): 50 pairs of synthetic people would be painted into the run folder\n");
        result.Output.ShouldStartWith("""
            pairs        50 (25 anonymization, 25 impersonation), 0 skipped
            attacks      minimal/fgsm, minimal/deepfool, minimal/uniform, minimal/gaussian on mini, float
            attacks      minimal/fgsm, minimal/deepfool, minimal/uniform, minimal/gaussian on mini-robust, float
            model calls  about 7,300 forward, 500 gradient

            """.ReplaceLineEndings("\n"));
        Directory.Exists(_masq["runs"]).ShouldBeFalse();
    }

    [Theory]
    [InlineData("minni: no such file, and no model of that name (known are mini, mini-robust)", "--model", "minni")]
    [InlineData("no attack 'fool'", "--attacks", "fool")]
    [InlineData("0 pairs of synthetic people are not possible", "--take", "0")]
    [InlineData("9999 pairs of synthetic people are not possible; take 1 to 9998", "--take", "9999")]
    [InlineData("threads -1 is not possible", "--threads", "-1")]
    [InlineData("nothing says images (--images)", "--pairs", "pairs.csv", "--out", "x")]
    [InlineData("--out FOLDER is needed", "--aligned")]
    [InlineData("'--resume takes", "--resume", "runs/demo", "--take", "2")]
    public async Task Bad_settings_leave_nothing(string message, params string[] more)
    {
        await ExpectAsync(message.TrimStart('\''), ["run", .. more]);
        Directory.Exists(_masq["runs"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_model_that_does_not_take_such_crops_leaves_nothing()
    {
        TinyModel.WriteAligned(_masq["models"], "other", threshold: 0.5);
        var path = _masq["models/other.model.json"];
        File.WriteAllText(path, File.ReadAllText(path).Replace("arcface-112x112", "facenet-160x160"));
        var result = await _masq.RunAsync(["run", "--model", "other"]);
        result.Code.ShouldBe(2);
        result.Error.ShouldContain("other.model.json: the model takes 112x112 pixels, but its alignment facenet-160x160 makes 160x160; correct");
        Directory.Exists(_masq["runs"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_one_line()
    {
        _masq.Write("runs", "a file where the folder should be");
        await ExpectAsync("runs/demo: cannot be written to", ["run"]);
        // Some systems let nobody write here, root included.
        if (OperatingSystem.IsLinux()) await ExpectAsync("/proc/masquerade: cannot be written to", ["run", "--out", "/proc/masquerade"]);
    }

    [Fact]
    public async Task Without_models_it_says_so()
    {
        Directory.Delete(_masq["models"], recursive: true);
        await ExpectAsync("mini: no such file, and no model of that name (there are none in {folder}/models)", ["run"]);
        Directory.Exists(_masq["runs"]).ShouldBeFalse();
    }

    [GeneratedRegex("^(Attack |minimal/|smallest |─|    +[^a-z])")]
    private static partial Regex IsTable();

    [GeneratedRegex(@"(?<= )[\d–∞][\d.,–∞]*[%×]?( ms| s)?( \([^)]*\))?")]
    private static partial Regex Numbers();

    [GeneratedRegex(@"( |─)\1+")]
    private static partial Regex Repeats();

    private static string Note(int pairs, string folder) => string.Format(null, Painted, pairs, folder);

    private async Task ExpectAsync(string message, string[] line)
    {
        var result = await _masq.RunAsync(line);
        (result.Code, result.Output).ShouldBe((2, ""));
        result.Error.ShouldStartWith("error: ");
        result.Error.ShouldContain(message);
        result.Error.TrimEnd('\n').ShouldNotContain("\n");
    }

    /// <summary>Every file with a hash of what is in it.</summary>
    private Dictionary<string, string> Contents(string folder) => Directory.GetFiles(_masq[folder], "*", SearchOption.AllDirectories)
        .ToDictionary(f => Path.GetRelativePath(_masq[folder], f), f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f))));

    private List<AttackRow> Rows(string folder)
    {
        using var ledger = RunLedger.Read(_masq[folder]);
        return [.. ledger.Rows.Select(r => r with { Seconds = 0 })];
    }

    /// <summary>Runs the program itself, with a folder as its current one.</summary>
    private async Task<(int Code, string Error)> StartAsync(string folder, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "masq.dll"), .. args])
        {
            WorkingDirectory = _masq[folder],
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, error.ReplaceLineEndings("\n"));
    }
}
