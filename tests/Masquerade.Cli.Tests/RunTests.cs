using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Masquerade.Cli.Tests;

public sealed class RunTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task A_run_leaves_a_whole_folder_and_prints_the_table()
    {
        var result = await RunAsync("--storage", "float,8bit", "--out", _masq["run"]);
        result.Error.ShouldBe("note: foolbox-v1 knows float storage only; it is left out under 8bit\n");
        result.Code.ShouldBe(0);
        result.Output.ShouldContain("minimal");
        result.Output.ShouldContain("report: {folder}/run/report.html");
        foreach (var name in new[] { "run.db", "results.csv", "summary.json", "table.md", "report.html" })
            File.Exists(_masq[$"run/{name}"]).ShouldBeTrue(name);
        Directory.GetFiles(_masq["run/figures"], "*.png").ShouldNotBeEmpty();
        Directory.GetFiles(_masq["run"], "*.tmp").ShouldBeEmpty();

        var rows = Csv(_masq["run/results.csv"]);
        rows.Count.ShouldBe(1 + (8 + 4) * PairCount);
        rows[0].ShouldBe(
            ("pair,goal,attack,family,success,already_wrong,l2,linf,distance_before,distance_after,forwards,backwards,seconds,success_8bit,"
            + "l2_8bit,ssim,model,threshold,storage,defense,knowledge,detector,target,status,reason,fooled_share,late_gain,score,refused,"
            + "way,outcome,confidence_before,confidence_after").Split(','));
        // Storage, then family and attack in the order of reports, then the pair list.
        rows[1][3].ShouldBe("foolbox-v1");
        rows[1][2].ShouldBe("fgsm");
        rows.Skip(1).Take(PairCount).Select(r => r[0]).ShouldBe(rows.Skip(1 + PairCount).Take(PairCount).Select(r => r[0]));
        using var summary = JsonDocument.Parse(File.ReadAllText(_masq["run/summary.json"]));
        summary.RootElement.GetProperty("attacks").GetArrayLength().ShouldBe(2 * 12);
    }

    [Fact]
    public async Task Defenses_are_judged_at_both_levels_of_knowledge()
    {
        var result = await RunAsync(
            "--attacks", "minimal/deepfool,strong/fmn", "--defenses", "mean:3,noise:8", "--eot", "2", "--clean-pairs", "4", "--out", _masq["run"]);
        result.Code.ShouldBe(0, result.Error);
        result.Output.ShouldContain("mean:3");
        result.Output.ShouldContain("noise:8");
        var rows = Csv(_masq["run/results.csv"]);
        // Two storage rules bare, and for each of two defenses two levels under the 8-bit rule, two attacks each.
        rows.Count.ShouldBe(1 + (2 + 2 * 2) * 2 * PairCount);
        var (defense, knowledge) = (Array.IndexOf(rows[0], "defense"), Array.IndexOf(rows[0], "knowledge"));
        rows.Skip(1).Select(r => $"{r[defense]} {r[knowledge]}").Distinct()
            .ShouldBe([" ", "mean:3 zero", "mean:3 perfect", "noise:8 zero", "noise:8 perfect"]);
        File.ReadAllText(_masq["run/report.html"]).ShouldContain("id=\"defenses\"");
        Directory.GetFiles(_masq["run/figures"], "defenses-*.png").ShouldNotBeEmpty();
        var again = await _masq.RunAsync(["report", _masq["run"]]);
        again.Code.ShouldBe(0, again.Error);
    }

    [Theory]
    [InlineData("maen", "no defense 'maen'; did you mean mean?")]
    [InlineData("median:4", "defense 'median:4': size '4' is not possible")]
    [InlineData("mean:3+", "no defense 'mean:3+'")]
    [InlineData("onnx:nowhere.onnx", "nowhere.onnx")]
    public async Task An_impossible_defense_is_told_in_one_line(string defense, string problem)
    {
        var result = await RunAsync("--defenses", defense, "--out", _masq["run"]);
        result.Code.ShouldBe(2);
        result.Error.ShouldContain(problem);
        result.Error.TrimEnd().Split('\n').Length.ShouldBe(1);
        Directory.Exists(_masq["run"]).ShouldBeFalse();
    }

    [Fact]
    public async Task The_same_command_gives_the_same_rows_and_a_report_writes_them_anew()
    {
        (await RunAsync("--out", _masq["a"])).Code.ShouldBe(0);
        (await RunAsync("--out", _masq["b"])).Code.ShouldBe(0);
        WithoutSeconds("b").ShouldBe(WithoutSeconds("a"));
        var before = File.ReadAllText(_masq["a/results.csv"]);
        File.Delete(_masq["a/results.csv"]);
        (await _masq.RunAsync(["report", _masq["a"]])).Code.ShouldBe(0);
        File.ReadAllText(_masq["a/results.csv"]).ShouldBe(before);
    }

    [Fact]
    public async Task An_interrupted_run_ends_with_130_and_goes_on_to_the_same_rows()
    {
        (await RunAsync("--out", _masq["whole"], "--batch", "2")).Code.ShouldBe(0);
        using var stop = new CancellationTokenSource();
        using var watcher = new FileSystemWatcher(Directory.CreateDirectory(_masq["part"]).FullName, "run.db*")
        {
            EnableRaisingEvents = true,
        };
        watcher.Changed += (_, _) => stop.Cancel();
        var interrupted = await RunAsync(stop.Token, "--out", _masq["part"], "--batch", "2");
        interrupted.Code.ShouldBe(130);
        interrupted.Error.ShouldContain("Go on with: masq run --resume {folder}/part");
        (await _masq.RunAsync(["run", "--resume", _masq["part"]])).Code.ShouldBe(0);
        WithoutSeconds("part").ShouldBe(WithoutSeconds("whole"));
    }

    [Fact]
    public async Task Killed_ten_times_it_still_ends_with_the_same_rows()
    {
        string[] settings = ["--attacks", "foolbox-v1", "--batch", "1", "--threads", "1"];
        (await RunAsync([.. settings, "--out", _masq["whole"]])).Code.ShouldBe(0);
        var random = new Random(1);
        var kills = 0;
        for (; kills < 10; kills++)
        {
            var started = File.Exists(_masq["killed/run.db"]);
            using var process = MasqProcess.Start(started
                ? ["run", "--resume", _masq["killed"]]
                : ["run", .. Settings, .. settings, "--out", _masq["killed"]]);
            // Anywhere from the first breath to the middle of the work.
            if (process.WaitForExit(random.Next(200, 1400))) process.ExitCode.ShouldBe(0);
            else process.Kill(entireProcessTree: true);
            process.WaitForExit();
            if (File.Exists(_masq["killed/run.db"])) Intact(_masq["killed/run.db"]);
        }
        var end = File.Exists(_masq["killed/run.db"])
            ? await _masq.RunAsync(["run", "--resume", _masq["killed"]])
            : await RunAsync([.. settings, "--out", _masq["killed"]]);
        end.Code.ShouldBe(0, end.Error);
        WithoutSeconds("killed").ShouldBe(WithoutSeconds("whole"));
    }

    [Fact]
    public async Task A_second_run_in_the_same_folder_is_refused()
    {
        Directory.CreateDirectory(_masq["run"]);
        using (new FileStream(_masq["run/run.lock"], FileMode.Create, FileAccess.ReadWrite, FileShare.None))
            await ExpectAsync("another run works in this folder", "--out", _masq["run"]);
        (await RunAsync("--out", _masq["run"], "--attacks", "minimal/fgsm")).Code.ShouldBe(0);
        await ExpectAsync("holds a run already; go on with --resume", "--out", _masq["run"]);
    }

    [Fact]
    public async Task A_dry_run_does_nothing()
    {
        var result = await RunAsync("--dry-run", "--storage", "float,8bit");
        result.Code.ShouldBe(0);
        foreach (var word in new[] { "pairs        8 (4 anonymization, 4 impersonation), 0 skipped", "model calls", "minutes", "MB" })
            result.Output.ShouldContain(word);
        Directory.GetFileSystemEntries(_masq[""]).Select(Path.GetFileName).Order()
            .ShouldBe(["images", "pairs.csv", "tiny.model.json", "tiny.onnx"]);
    }

    [Fact]
    public async Task Options_win_over_the_spec()
    {
        WritePairs();
        var spec = _masq.Write("experiment.yaml", """
            models: [tiny.model.json]
            images: images
            pairs: pairs.csv
            aligned: true
            attacks: [minimal]
            take: 3
            seed: 7
            """);
        var result = await _masq.RunAsync(["run", "--spec", spec, "--take", "2", "--attacks", "minimal/fgsm", "--out", _masq["run"]]);
        result.Code.ShouldBe(0, result.Error);
        Csv(_masq["run/results.csv"]).Count.ShouldBe(1 + 2);
        File.ReadAllText(_masq["run/report.html"]).ShouldContain("seed");
    }

    [Fact]
    public async Task A_check_that_does_not_hold_ends_with_1()
    {
        var failed = await RunAsync("--attacks", "minimal/deepfool", "--out", _masq["a"], "--max-success", "0");
        failed.Code.ShouldBe(1);
        failed.Error.ShouldContain("check failed: minimal/deepfool");
        (await RunAsync("--attacks", "minimal/deepfool", "--out", _masq["b"], "--max-success", "1")).Code.ShouldBe(0);
    }

    [Fact]
    public async Task Missing_and_damaged_photographs_are_skipped_and_said()
    {
        WritePairs();
        File.Delete(_masq.Photograph(0, 2));
        File.WriteAllText(_masq.Photograph(1, 2), "no picture");
        var result = await _masq.RunAsync(["run", .. Settings, "--attacks", "minimal/fgsm", "--out", _masq["run"]]);
        result.Code.ShouldBe(0, result.Error);
        result.Error.ShouldContain("1 of 8 pairs are skipped, their photographs are missing: Ada_0002");
        var skipped = File.ReadAllLines(_masq["run/results.csv"]).Where(l => l.Contains(",skipped,", StringComparison.Ordinal)).ToList();
        skipped.Count.ShouldBe(2);
        skipped[0].ShouldContain("missing photograph Ada_0002");
        skipped[1].ShouldContain("Bob_0002.png");
        var strict = await _masq.RunAsync(["run", .. Settings, "--strict", "--out", _masq["strict"]]);
        (strict.Code, File.Exists(_masq["strict/run.db"])).ShouldBe((2, false));
    }

    [Theory]
    [InlineData("--out FOLDER is needed")]
    [InlineData("--resume takes its settings from the run", "--resume", "x", "--seed", "1")]
    [InlineData("no attack 'fool'", "--out", "x", "--attacks", "fool")]
    [InlineData("no storage rule '9bit'", "--out", "x", "--storage", "9bit")]
    [InlineData("batch 0", "--out", "x", "--batch", "0")]
    [InlineData("float storage only", "--out", "x", "--storage", "8bit", "--attacks", "foolbox-v1")]
    public Task Bad_settings(string message, params string[] more) => ExpectAsync(message, more);

    [Fact]
    public async Task No_run_to_resume_or_report()
    {
        foreach (var line in new string[][] { ["run", "--resume", _masq["none"]], ["report", _masq["none"]] })
        {
            var result = await _masq.RunAsync(line);
            result.Code.ShouldBe(2);
            result.Error.ShouldContain("no run there");
        }
    }

    [Fact]
    public async Task A_read_only_run_folder_is_reported_elsewhere()
    {
        (await RunAsync("--attacks", "minimal/fgsm", "--out", _masq["run"])).Code.ShouldBe(0);
        await MountedDisk.RunAsync(_masq[""], "16m", """
            cp -r "$KEEP/run" "$DISK/run #1"
            cp -r "$KEEP/run" "$DISK/killed"
            echo rows > "$DISK/killed/run.db-wal"
            mount -o remount,ro "$DISK"
            masq report "$DISK/run #1" --out "$KEEP/elsewhere" > "$KEEP/printed.txt"
            code=0; masq report "$DISK/run #1" > "$KEEP/out.txt" 2> "$KEEP/place.txt" || code=$?
            echo $code >> "$KEEP/place.txt"
            code=0; masq report "$DISK/killed" --out "$KEEP/killed" > "$KEEP/out.txt" 2> "$KEEP/wal.txt" || code=$?
            echo $code >> "$KEEP/wal.txt"
            """);
        File.ReadAllText(_masq["printed.txt"]).ShouldContain($"report: {_masq["elsewhere/report.html"]}");
        foreach (var file in new[] { "run.db", "run.lock" }) File.Delete(_masq[$"run/{file}"]);
        Folders.ShouldBeSame(_masq["elsewhere"], _masq["run"]);
        File.ReadAllText(_masq["place.txt"]).ShouldMatch(
            @"^error: \S+/run #1/results\.csv: cannot be written \(.*\); free space or choose another place\n2\n$");
        File.ReadAllText(_masq["wal.txt"]).ShouldMatch(
            @"^error: \S+/killed: cannot be written to, but the run there did not end in good order \(run\.db-wal\); copy it elsewhere\n2\n$");
    }

    private const int PairCount = 8;

    private string[] Settings => ["--model", _masq.Model, "--images", _masq["images"], "--pairs", _masq["pairs.csv"], "--aligned"];

    private Task<MasqResult> RunAsync(params string[] more) => RunAsync(null, more);

    private Task<MasqResult> RunAsync(CancellationToken? cancellation, params string[] more)
    {
        WritePairs();
        return _masq.RunAsync(["run", .. Settings, .. more], cancellation);
    }

    private async Task ExpectAsync(string message, params string[] more)
    {
        var result = await RunAsync(more);
        result.Code.ShouldBe(2);
        result.Error.ShouldStartWith("error: ");
        result.Error.ShouldContain(message);
        result.Error.TrimEnd('\n').ShouldNotContain("\n");
    }

    private void WritePairs() => _masq.Write("pairs.csv", """
        probe,reference,same_person
        Ada_0001.png,Ada_0002.png,1
        Bob_0001.png,Bob_0002.png,1
        Ada_0001.png,Bob_0001.png,0
        Cid_0001.png,Dee_0001.png,0
        Cid_0001.png,Cid_0003.png,1
        Dee_0001.png,Eve_0002.png,0
        Eve_0003.png,Eve_0004.png,1
        Bob_0003.png,Cid_0004.png,0
        """);

    private string[] WithoutSeconds(string run) =>
        [.. Csv(_masq[$"{run}/results.csv"]).Select(r => string.Join(',', r.Where((_, i) => i != 12)))];

    private static List<string[]> Csv(string path) => [.. File.ReadAllLines(path).Select(l => l.Split(','))];

    private static void Intact(string database)
    {
        using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check";
        command.ExecuteScalar().ShouldBe("ok");
    }
}
