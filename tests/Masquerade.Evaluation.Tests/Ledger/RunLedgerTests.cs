using CsCheck;
using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Remote;
using Masquerade.Evaluation.Runs;
using Masquerade.Evaluation.Tests.Runs;
using Masquerade.Imaging;
using Masquerade.Verification;
using Microsoft.Data.Sqlite;

namespace Masquerade.Evaluation.Tests.Ledger;

public class RunLedgerTests
{
    private static readonly Experiment Experiment = new() { Models = ["m"], Images = "i", Pairs = "p" };
    private static readonly VerificationPair[] Pairs =
        [new("b|c", "b.png", "c.png", false), new("a|c", "a.png", "c.png", true), new("d|e", "d", "e", true)];

    private static readonly RunCell[] Cells =
        [new("m", "float", "minimal", "fgsm"), new("m", "8bit", "minimal", "fgsm"), new("m", "float", "foolbox-v1", "fgsm")];

    private static readonly FaceImage Crop = new(3, 2, [.. Enumerable.Range(0, 18).Select(i => (byte)i)]);

    [Fact]
    public void What_goes_in_comes_out()
    {
        using var folder = new TemporaryFolder();
        var row = Row(Cells[1], Pairs[1]) with
        {
            Success = true,
            L2 = 0.1,
            Linf = 1 / 255.0,
            DistanceBefore = 1.25,
            DistanceAfter = 0.1 + 0.2,
            Forwards = long.MaxValue,
            Backwards = 3,
            Seconds = 1e-9,
            Success8Bit = false,
            Ssim = 0.999999999999999,
            Status = "ok",
            Reason = "two\nlines, \"quoted\"",
        };
        float[] image = [.. Enumerable.Range(0, 18).Select(i => i / 17f)];
        using (var ledger = Create(folder))
        {
            // In another order than the list's and the cells'.
            ledger.Commit(0, [(2, [.. Pairs.Reverse().Select(p => new LedgerEntry(Row(Cells[2], p), null))])], (_, _) => Crop);
            ledger.Commit(0, [(1, [new(row, ImageCodec.Encode(image, Crop)), new(Row(Cells[1], Pairs[0]), null)])], (_, _) => Crop);
            ledger.SetFact("first", "1");
            ledger.SetFact("second", "2");
            ledger.SetFact("first", "3");
        }
        using var read = RunLedger.Read(folder.Root);
        read.Pairs.ShouldBe(Pairs);
        read.Cells.ShouldBe(Cells);
        read.RowsPlanned.ShouldBe(9);
        ExperimentFile.Write(read.Experiment).ShouldBe(ExperimentFile.Write(Experiment));
        read.Rows.Select(r => (r.Storage, r.Family, r.Pair)).ShouldBe(
        [
            ("8bit", "minimal", "b|c"), ("8bit", "minimal", "a|c"),
            ("float", "foolbox-v1", "b|c"), ("float", "foolbox-v1", "a|c"), ("float", "foolbox-v1", "d|e"),
        ]);
        read.Rows[1].ShouldBe(row);
        read.Rows[2].ShouldBe(Row(Cells[2], Pairs[0]));
        read.Adversarial(row).ShouldBe(image);
        read.Adversarial(read.Rows[0]).ShouldBeNull();
        read.Crop("m", "a|c", PairSide.Reference)!.Pixels.ShouldBe(Crop.Pixels);
        read.Crop("m", "b|c", PairSide.Probe).ShouldBeNull();
        read.ImagesKept(Cells[1], AttackGoal.Anonymize).ShouldBe(1);
        read.ImagesKept(Cells[1], AttackGoal.Impersonate).ShouldBe(0);
        read.FinishedChunks(1).ShouldBe([0]);
        read.FinishedChunks(0).ShouldBeEmpty();
        read.Facts.ShouldBe([KeyValuePair.Create("first", "3"), KeyValuePair.Create("second", "2")]);
    }

    /// <summary>A copy of the folder at any moment of a commit is what a kill at that moment leaves.</summary>
    [Fact]
    public void A_commit_is_whole_or_not_at_all()
    {
        using var folder = new TemporaryFolder();
        using var ledger = Create(folder);
        ledger.Commit(0, [(0, Entries(0))], (_, _) => Crop);
        var copies = 0;
        ledger.Commit(1, [(0, Entries(1))], (_, _) =>
        {
            Copy(folder, folder[$"copy{copies++}"]);
            return Crop;
        });
        copies.ShouldBeGreaterThan(1);
        for (var copy = 0; copy < copies; copy++)
        {
            using var resumed = RunLedger.Resume(folder[$"copy{copy}"]);
            resumed.FinishedChunks(0).ShouldBe([0]);
            resumed.Rows.Count.ShouldBe(1);
            resumed.Commit(1, [(0, Entries(1))], (_, _) => Crop);
            resumed.Rows.ShouldBe(ledger.Rows);
        }

        var broken = new LedgerEntry(Row(Cells[1], Pairs[2]), [1]);
        Should.Throw<NotSupportedException>(
            () => ledger.Commit(0, [(1, [.. Entries(0, 1), broken])], (_, _) => throw new NotSupportedException()));
        ledger.Rows.Count.ShouldBe(2);
        ledger.FinishedChunks(1).ShouldBeEmpty();
        ledger.Commit(0, [(1, Entries(0, 1))], (_, _) => Crop);
        ledger.Rows.Count.ShouldBe(3);
    }

    [Fact]
    public void One_run_at_a_time_and_any_number_of_readers()
    {
        using var folder = new TemporaryFolder();
        using (var ledger = Create(folder))
        {
            Refusal(() => RunLedger.Resume(folder.Root)).ShouldContain("another run works in this folder");
            Refusal(() => Create(folder)).ShouldContain("another run works in this folder");
            using var early = RunLedger.Read(folder.Root);
            ledger.Commit(0, [(0, Entries(0))], (_, _) => Crop);
            early.Rows.Count.ShouldBe(1);
            using var late = RunLedger.Read(folder.Root);
            late.Rows.ShouldBe(early.Rows);
        }
        Refusal(() => Create(folder)).ShouldContain("holds a run already");
        using var resumed = RunLedger.Resume(folder.Root);
        resumed.Rows.Count.ShouldBe(1);
    }

    [Fact]
    public void What_an_unfinished_start_left_is_no_hindrance()
    {
        using var folder = new TemporaryFolder();
        folder.Write("run.db.new", "half a");
        folder.Write("run.db.new-journal", "half a journal");
        using (Create(folder)) { }
        File.Exists(folder["run.db.new"]).ShouldBeFalse();
        File.Exists(folder["run.db.new-journal"]).ShouldBeFalse();
        RunLedger.Read(folder.Root).Dispose();
    }

    [Fact]
    public void No_run_and_no_ledger_are_said()
    {
        using var folder = new TemporaryFolder();
        Refusal(() => RunLedger.Read(folder.Root)).ShouldContain("no run there");
        Refusal(() => RunLedger.Resume(folder["missing"])).ShouldContain("no run there");
        foreach (var content in new[] { "", "a text", new string('x', 5000), "SQLite format 3\0" })
        {
            folder.Write("run.db", content);
            Refusal(() => RunLedger.Read(folder.Root)).ShouldContain("not a ledger, or a damaged one");
            Refusal(() => RunLedger.Resume(folder.Root)).ShouldContain("not a ledger, or a damaged one");
            File.ReadAllText(folder["run.db"]).ShouldBe(content, "what is no ledger is not written to");
        }
    }

    [Theory]
    [InlineData("UPDATE meta SET value = '99' WHERE name = 'version'", "a ledger of version 99; this masq reads version 4")]
    [InlineData("DELETE FROM meta WHERE name = 'version'", "a ledger of version unknown")]
    [InlineData("DROP TABLE meta", "not a ledger")]
    [InlineData("DROP TABLE pairs", "not a ledger")]
    [InlineData("DROP TABLE attack_rows", "not a ledger")]
    [InlineData("UPDATE meta SET value = 'batch: x' WHERE name = 'experiment'", "line 1: the field 'batch'")]
    [InlineData("DELETE FROM meta WHERE name = 'experiment'", "models")]
    public void A_ledger_of_another_kind_is_refused(string change, string problem)
    {
        using var folder = new TemporaryFolder();
        using (var ledger = Create(folder)) ledger.Commit(0, [(0, Entries(0))], (_, _) => Crop);
        Execute(folder["run.db"], change);
        Refusal(() => ReadAll(folder.Root)).ShouldContain(problem);
    }

    [Fact]
    public void Any_damage_is_one_line()
    {
        using var folder = new TemporaryFolder();
        using (var ledger = Create(folder))
        {
            ledger.Register(Judge);
            for (var chunk = 0; chunk < 3; chunk++)
            {
                var entries = Entries(chunk);
                ledger.Commit(chunk, [(0, entries)], (_, _) => Crop);
                ledger.Commit(0, chunk, Judge, [.. entries.Select(e => (e.Row, TransferJudgement.Of(0.7, 1)))]);
                ledger.CommitClean(entries[0].Row.Model, chunk, Judge, [.. entries.Select(e => (e.Row.Pair, TransferJudgement.NoFace("none")))]);
                ((IRemoteAnswers)ledger).Keep(Judge.Name, $"{chunk}", RemoteAnswer.Judged(0.5));
            }
        }
        var good = File.ReadAllBytes(folder["run.db"]);
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte.Array[1, 40], Gen.Int[0, 9]).Sample(
            (at, noise, how) =>
            {
                var bad = how == 0 ? good[..at] : (byte[])good.Clone();
                if (how > 0) noise.AsSpan(0, Math.Min(noise.Length, bad.Length - at)).CopyTo(bad.AsSpan(at));
                var copy = Path.Combine(folder.Root, Guid.NewGuid().ToString("N"));
                Directory.CreateDirectory(copy);
                File.WriteAllBytes(Path.Combine(copy, "run.db"), bad);
                try
                {
                    ReadAll(copy);
                }
                catch (InputException e)
                {
                    e.Message.ShouldNotContain("\n");
                    e.Message.ShouldStartWith(copy);
                }
            },
            iter: 300, threads: 1);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_to_is_said()
    {
        using var folder = new TemporaryFolder();
        folder.Write("file", "x");
        Directory.CreateDirectory(folder["locked/run.lock"]);
        Directory.CreateDirectory(folder["blocked/run.db.new/x"]);
        List<string> places = [folder["file"], folder["file/below"], folder["locked"], folder["blocked"], "a\0b"];
        if (OperatingSystem.IsLinux()) places.Add("/proc/masquerade");
        foreach (var place in places)
        {
            Refusal(() => RunLedger.Create(place, Experiment, Pairs, Cells)).ShouldContain("cannot be written to");
            File.Exists(Path.Combine(place, "run.db")).ShouldBeFalse();
        }
    }

    private static RunLedger Create(TemporaryFolder folder) => RunLedger.Create(folder.Root, Experiment, Pairs, Cells);

    private static AttackRow Row(RunCell cell, VerificationPair pair) => new()
    {
        Pair = pair.Id,
        Goal = PairChunk.Goal(pair),
        Model = cell.Model,
        Storage = cell.Storage,
        Family = cell.Family,
        Attack = cell.Attack,
        Success = false,
        AlreadyWrong = false,
        Threshold = 1.1,
        Status = "failed",
    };

    private static LedgerEntry[] Entries(int pair, int cell = 0) =>
        [new(Row(Cells[cell], Pairs[pair]) with { L2 = 1 }, ImageCodec.Encode([.. Enumerable.Repeat(0.3f, 18)], Crop))];

    private static TransferTarget Judge => new("judge", "mapped", false, 1, "files");

    private static void ReadAll(string folder)
    {
        using var ledger = RunLedger.Read(folder);
        _ = (ledger.Facts, ledger.Targets, ledger.Transfers, ledger.CleanTransfers);
        for (var chunk = 0; chunk < 3; chunk++) ((IRemoteAnswers)ledger).Find(Judge.Name, $"{chunk}");
        for (var cell = 0; cell < ledger.Cells.Count; cell++) ledger.FinishedChunks(cell);
        foreach (var row in ledger.Rows)
        {
            ledger.Adversarial(row);
            foreach (var side in Enum.GetValues<PairSide>()) ledger.Crop(row.Model, row.Pair, side);
        }
    }

    private static void Copy(TemporaryFolder folder, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(folder.Root, "run.db*")) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        connection.Execute(sql);
    }

    private static string Refusal(Action action)
    {
        var message = Should.Throw<InputException>(action).Message;
        message.ShouldNotContain("\n");
        return message;
    }
}
