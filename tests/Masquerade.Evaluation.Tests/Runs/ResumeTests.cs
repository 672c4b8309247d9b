using System.Reflection;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Runs;
using Masquerade.Imaging;
using Microsoft.Data.Sqlite;

namespace Masquerade.Evaluation.Tests.Runs;

public class ResumeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A copy of the run folder at any moment is what a kill at that moment leaves.</summary>
    [Fact]
    public void Killed_at_any_moment_a_run_ends_with_the_same_rows_and_images()
    {
        using var tiny = new TinyRun(11);
        var attacks = tiny.Experiment("minimal", "foolbox-v1/deepfool");
        var experiment = attacks with { Storage = ["float", "8bit"], Batch = 4, KeepImages = KeepImages.Examples };
        var (evaluations, copies) = (0, 0);
        using var whole = tiny.Run(experiment, "whole", _ =>
        {
            if (evaluations++ % 61 == 0) Copy(tiny["whole"], tiny[$"copy{copies++}"]);
        }, cancellation: Cancellation);
        copies.ShouldBeGreaterThan(8);
        var rows = TinyRun.Timeless(whole);
        var rowsAtFirst = new HashSet<int>();
        for (var copy = 0; copy < copies; copy++)
        {
            using (var cut = RunLedger.Read(tiny[$"copy{copy}"]))
            {
                rowsAtFirst.Add(cut.Rows.Count);
                rows.Intersect(TinyRun.Timeless(cut)).Count().ShouldBe(cut.Rows.Count);
            }
            using var resumed = tiny.Run(experiment, $"copy{copy}", cancellation: Cancellation);
            TinyRun.Timeless(resumed).ShouldBe(rows);
            foreach (var row in rows) resumed.Adversarial(row).ShouldBe(whole.Adversarial(row));
            foreach (var pair in whole.Pairs)
                (resumed.Crop("tiny", pair.Id, PairSide.Probe) is null).ShouldBe(whole.Crop("tiny", pair.Id, PairSide.Probe) is null);
        }
        rowsAtFirst.Count.ShouldBeGreaterThan(4);
    }

    [Fact]
    public void Stopped_within_a_chunk_a_run_loses_that_chunk_only()
    {
        using var tiny = new TinyRun(6);
        var experiment = tiny.Experiment("minimal/uniform", "minimal/gaussian") with { Batch = 2 };
        using var whole = tiny.Run(experiment, "whole", cancellation: Cancellation);
        using var stop = new CancellationTokenSource();
        // Well within the second chunk's second attack.
        var calls = 0;
        Should.Throw<OperationCanceledException>(() => tiny.Run(experiment, "run", p =>
        {
            if (p.Doing.Contains("gaussian") && p.Done > p.Total * 0.5 && ++calls == 3) stop.Cancel();
        }, cancellation: stop.Token));
        using (var cut = RunLedger.Read(tiny["run"]))
        {
            cut.Rows.Count(r => r.Attack == "uniform").ShouldBe(4);
            cut.Rows.Count(r => r.Attack == "gaussian").ShouldBe(2);
            cut.Facts.ShouldNotContain(f => f.Key == "finished");
        }
        using var resumed = tiny.Run(experiment, "run", cancellation: Cancellation);
        TinyRun.Timeless(resumed).ShouldBe(TinyRun.Timeless(whole));
        var begun = whole.Facts.Select(f => f.Key).TakeWhile(k => k != "near the boundary");
        resumed.Facts.Select(f => f.Key).ShouldBe([.. begun, "resumed", "near the boundary", "finished"]);
    }

    [Fact]
    public void A_finished_run_is_left_as_it_is()
    {
        using var tiny = new TinyRun(3);
        using var run = tiny.Run(tiny.Experiment("minimal/fgsm"), "run", cancellation: Cancellation);
        var before = (run.Facts, run.Rows);
        var last = default(RunProgress);
        using var again = tiny.Run(tiny.Experiment("minimal/fgsm"), "run", p => last = p, cancellation: Cancellation);
        again.Facts.ShouldBe(before.Facts);
        again.Rows.ShouldBe(before.Rows);
        last.Done.ShouldBe(last.Total);
    }

    [Fact]
    public void The_same_run_twice_gives_the_same_rows()
    {
        using var tiny = new TinyRun(5);
        var experiment = tiny.Experiment("minimal", "foolbox-v1") with { Storage = ["8bit", "float"], Threads = 2 };
        using var first = tiny.Run(experiment, "first", cancellation: Cancellation);
        using var second = tiny.Run(experiment, "second", cancellation: Cancellation);
        TinyRun.Timeless(second).ShouldBe(TinyRun.Timeless(first));
        using var other = tiny.Run(experiment with { Seed = 1 }, "other", cancellation: Cancellation);
        TinyRun.Timeless(other).ShouldNotBe(TinyRun.Timeless(first));
    }

    [Fact]
    public void Progress_goes_from_nothing_to_all()
    {
        using var tiny = new TinyRun(6);
        var seen = new List<RunProgress>();
        using var run = tiny.Run(tiny.Experiment("minimal") with { Batch = 2 }, "run", seen.Add, cancellation: Cancellation);
        seen.Select(p => p.Done).ShouldBeInOrder();
        seen.ShouldAllBe(p => p.Done >= 0 && p.Done <= p.Total && p.Total == seen[0].Total);
        (seen[0].Done, seen[^1].Done).ShouldBe((0, seen[0].Total));
    }

    [Theory]
    [InlineData("network", "tiny.onnx: the network file changed")]
    [InlineData("descriptor", "tiny.model.json: the model descriptor changed")]
    [InlineData("pairs", "pairs.csv: the pairs changed")]
    [InlineData("photograph", "images: the photographs changed")]
    [InlineData("missing", "images: the photographs changed")]
    public void Rows_of_one_run_are_about_the_same_things(string what, string refusal)
    {
        using var tiny = new TinyRun(4);
        var experiment = tiny.Experiment("minimal/fgsm") with { Batch = 2 };
        using var stop = new CancellationTokenSource();
        void Stop(RunProgress progress)
        {
            if (progress.Done > progress.Total / 2) stop.Cancel();
        }

        Should.Throw<OperationCanceledException>(() => tiny.Run(experiment, "run", Stop, cancellation: stop.Token));
        using var before = RunLedger.Read(tiny["run"]);
        before.Rows.Count.ShouldBe(2);

        var photograph = Path.Combine(tiny.Images, "p3b.png");
        Action change = what switch
        {
            "network" => () => tiny.WriteModel("tiny", seed: 5),
            "descriptor" => () => File.WriteAllText(tiny.Model, File.ReadAllText(tiny.Model).Replace("127.5", "127")),
            "pairs" => () => File.WriteAllText(tiny.Pairs, File.ReadAllText(tiny.Pairs).Replace("p3b.png,0", "p3b.png,1")),
            "photograph" => () => tiny.WritePhotograph("p3b.png", new FaceImage(16, 16, [.. ImageFile.Read(photograph).Pixels.Reverse()])),
            _ => () => File.Delete(photograph),
        };
        change();
        var facts = before.Facts;
        var message = Should.Throw<InputException>(() => tiny.Run(experiment, "run", cancellation: Cancellation)).Message;
        message.ShouldContain(refusal);
        message.ShouldContain("--out");
        message.ShouldNotContain("\n");
        before.Rows.Count.ShouldBe(2);
        before.Facts.ShouldBe(facts);
    }

    [Fact]
    public void A_full_disk_ends_a_run_and_keeps_what_is_done()
    {
        using var tiny = new TinyRun(12);
        var experiment = tiny.Experiment("minimal/uniform") with { Batch = 2, KeepImages = KeepImages.All };
        using var whole = tiny.Run(experiment, "whole", cancellation: Cancellation);
        using (var plan = ExperimentPlan.Open(experiment))
        using (var ledger = RunLedger.Create(tiny["run"], plan.Experiment, plan.Pairs, plan.Cells))
        {
            // A database that may grow no further is to SQLite what a full disk is.
            var field = typeof(RunLedger).GetField("_database", BindingFlags.Instance | BindingFlags.NonPublic)!;
            var database = (SqliteConnection)field.GetValue(ledger)!;
            database.Execute($"PRAGMA max_page_count = {(long)database.Scalar("PRAGMA page_count")! + 8}");
            var message = Should.Throw<InputException>(() => new ExperimentRunner(plan, ledger).Run(cancellation: Cancellation)).Message;
            message.ShouldContain("the disk is full; free some space and go on with --resume");
            message.ShouldStartWith(tiny["run/run.db"]);
            ledger.Rows.Count.ShouldBeInRange(1, 11);
            ledger.Rows.Count.ShouldBe(2 * ledger.FinishedChunks(0).Count);
        }
        using var resumed = tiny.Run(experiment, "run", cancellation: Cancellation);
        TinyRun.Timeless(resumed).ShouldBe(TinyRun.Timeless(whole));
        foreach (var row in whole.Rows) resumed.Adversarial(row).ShouldBe(whole.Adversarial(row));
    }

    internal static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from, "run.db*")) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
