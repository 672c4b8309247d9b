using Masquerade.Alignment;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Runs;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Tests.Runs;
using Masquerade.Evaluation.Transfer;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Verification;
using Microsoft.Data.Sqlite;

namespace Masquerade.Evaluation.Tests.Transfer;

/// <summary>A tiny run's images, judged by a model that nobody attacked.</summary>
public sealed class TransferRunTests : IDisposable
{
    private readonly TinyRun _tiny = new();
    private readonly string _other;

    public TransferRunTests() => _other = _tiny.WriteModel("other", seed: 2);

    public void Dispose() => _tiny.Dispose();

    private Experiment Attacked => _tiny.Experiment("minimal") with { Storage = ["float", "8bit"] };

    [Fact]
    public async Task Every_image_is_judged_as_the_other_model_judges_it()
    {
        Attack("run");
        await CarryAsync("run");
        using var run = RunLedger.Read(_tiny["run"]);
        run.Targets.Select(t => (t.Name, t.Way, t.IsService, t.Threshold))
            .ShouldBe([("tiny", "mapped", false, 0.5), ("other", "mapped", false, 0.5)]);
        var images = run.Rows.Where(r => r is { Success: true, AlreadyWrong: false }).ToList();
        images.Count.ShouldBeGreaterThan(20);
        run.Transfers.Where(t => t.Target == "other").Select(t => t.Image).ShouldBe(images);
        run.Transfers.Where(t => t.Target == "tiny").Select(t => t.Image).ShouldBe(images);
        using var model = FaceModel.Load(_other, 1, gradients: false);
        var verifier = new FaceVerifier(model.Embedder, 0.5);
        foreach (var t in run.Transfers.Where(t => t.Target == "other"))
        {
            var image = ImageTensors.FromPlanar(run.Adversarial(t.Image)!, TinyRun.Size);
            var distance = verifier.Compare(image, run.Crop("tiny", t.Image.Pair, PairSide.Reference)!);
            t.Judgement.Distance!.Value.ShouldBe(distance, 1e-5);
            t.Judgement.Confidence!.Value.ShouldBe(1 - (distance <= 0.5 ? distance : 0.5 + 0.5 * (distance - 0.5) / 3.5), 1e-4);
            t.Fooled.ShouldBe(t.SamePerson ? distance > 0.5 : distance <= 0.5);
        }
        foreach (var c in run.CleanTransfers.Where(c => c.Target == "other"))
        {
            var pair = run.Pairs.First(p => p.Id == c.Pair);
            var distance = verifier.Compare(
                ImageFile.Read(Path.Combine(_tiny.Images, pair.Probe)), ImageFile.Read(Path.Combine(_tiny.Images, pair.Reference)));
            c.Judgement.Distance!.Value.ShouldBe(distance, 1e-5);
            c.Right.ShouldBe(c.SamePerson ? distance <= 0.5 : distance > 0.5);
        }
        run.CleanTransfers.Count.ShouldBe(2 * run.Pairs.Count);
    }

    [Fact]
    public async Task The_attacked_model_itself_judges_what_rounding_left()
    {
        Attack("run");
        await CarryAsync("run");
        using var run = RunLedger.Read(_tiny["run"]);
        var own = run.Transfers.Where(t => t.Target == "tiny").ToList();
        own.Where(t => t.Image.Storage == "8bit").ShouldAllBe(t => t.Fooled == true);
        own.Where(t => t.Image.Storage == "float").ShouldAllBe(t => t.Fooled == t.Image.Success8Bit);
        var summary = RunSummary.Of(run);
        summary.Transfers.Where(t => t.IsItself && t.Source.Storage == "8bit" && t.Success.Of > 0).ShouldAllBe(t => t.Success.Value == 1);
        summary.Rows.Count.ShouldBe(summary.RowsPlanned);
    }

    [Fact]
    public async Task Stopped_anywhere_it_goes_on_to_the_same_rows()
    {
        Attack("whole");
        CopyRun("whole", "part");
        await CarryAsync("whole");
        for (var stops = 0; ; stops++)
        {
            using var stop = new CancellationTokenSource();
            var seen = 0;
            try
            {
                await CarryAsync("part", default, _ =>
                {
                    if (++seen == 7) stop.Cancel();
                }, stop.Token);
                stops.ShouldBeGreaterThan(3);
                break;
            }
            catch (OperationCanceledException)
            {
                stops.ShouldBeLessThan(200);
            }
        }
        Same("part", "whole");
    }

    [Fact]
    public async Task A_run_that_goes_on_later_is_carried_over_as_far_as_it_is()
    {
        var experiment = Attacked;
        Attack("whole", experiment);
        await CarryAsync("whole");
        using var stop = new CancellationTokenSource();
        var calls = 0;
        Should.Throw<OperationCanceledException>(() => _tiny.Run(experiment, "part", _ =>
        {
            if (++calls == 60) stop.Cancel();
        }, cancellation: stop.Token));
        await CarryAsync("part");
        using (var part = RunLedger.Read(_tiny["part"])) part.Rows.Count.ShouldBeInRange(1, part.RowsPlanned - 1);
        Attack("part", experiment);
        await CarryAsync("part");
        Same("part", "whole");
    }

    [Fact]
    public async Task Pasting_into_a_crop_is_the_same_image()
    {
        Attack("run");
        await CarryAsync("run");
        await CarryAsync("run", new TransferWay(Paste: true, Detect: false));
        using var run = RunLedger.Read(_tiny["run"]);
        var ways = run.Transfers.ToLookup(t => t.Way, t => (t.Target, t.Image, t.Judgement));
        ways.Select(w => w.Key).ShouldBe(["mapped", "pasted"]);
        ways["pasted"].ShouldBe(ways["mapped"]);
    }

    [Fact]
    public async Task A_ledger_without_transfers_is_read_and_taken_up()
    {
        Attack("run");
        var rows = Rows("run");
        Execute("run", """
            DROP TABLE targets; DROP TABLE transfers; DROP TABLE clean_transfers; DROP TABLE transfer_chunks;
            DROP TABLE clean_transfer_chunks; DROP TABLE answers; ALTER TABLE attack_rows ADD COLUMN target TEXT NOT NULL DEFAULT '';
            UPDATE meta SET value = '3' WHERE name = 'version'
            """);
        using (var old = RunLedger.Read(_tiny["run"]))
            (old.Targets.Count, old.Transfers.Count, old.CleanTransfers.Count).ShouldBe((0, 0, 0));
        Rows("run").ShouldBe(rows);
        using (RunLedger.Resume(_tiny["run"])) { }
        Rows("run").ShouldBe(rows);
        await CarryAsync("run");
        using var run = RunLedger.Read(_tiny["run"]);
        run.Transfers.ShouldNotBeEmpty();

        IReadOnlyList<AttackRow> Rows(string name)
        {
            using var ledger = RunLedger.Read(_tiny[name]);
            return ledger.Rows;
        }
    }

    [Fact]
    public async Task What_changed_since_is_refused()
    {
        Attack("run");
        await CarryAsync("run");
        var text = File.ReadAllText(_other);
        File.WriteAllText(_other, text.Replace("\"threshold\": 0.5", "\"threshold\": 0.6", StringComparison.Ordinal));
        Refusal("run", _other).ShouldContain("another verifier called 'other'");
        File.WriteAllText(_other, text);
        var impostor = _tiny["impostor.model.json"];
        File.WriteAllText(impostor, text.Replace("\"other\"", "\"tiny\"", StringComparison.Ordinal));
        Refusal("run", impostor).ShouldContain("is not the model called 'tiny' that was attacked");
        _tiny.WritePhotograph("p0a.png", new FaceImage(16, 16, new byte[768]));
        var third = _tiny.WriteModel("third", seed: 3);
        Refusal("run", third).ShouldContain("p0a.png: it, its landmarks or its detector changed");
        File.Delete(Path.Combine(_tiny.Images, "p0a.png"));
        Refusal("run", third).ShouldContain("p0a.png, which the run attacked, is not there any more");
    }

    [Fact]
    public void An_alignment_that_cannot_be_mapped_is_one_line()
    {
        Attack("run");
        var model = _tiny["facenet.model.json"];
        File.WriteAllText(model, File.ReadAllText(_other).Replace("\"none\"", "\"facenet-160x160\"", StringComparison.Ordinal)
            .Replace("\"name\": \"other\"", "\"name\": \"facenet\"", StringComparison.Ordinal));
        Refusal("run", model).ShouldContain("crops of alignment none cannot be mapped to its facenet-160x160");
        Refusal("run", model).ShouldNotContain("\n");
        Refusal("run", _other, _other).ShouldContain("another target is called 'other' too");
        Refusal("run").ShouldContain("no target is named");
        Refusal("run", _tiny["nowhere.model.json"]).ShouldContain("nowhere.model.json");
    }

    [Fact]
    public async Task Images_that_were_not_kept_are_counted()
    {
        Attack("run", Attacked with { KeepImages = KeepImages.Examples });
        using (var ledger = RunLedger.Resume(_tiny["run"]))
        {
            using var plan = TransferPlan.Open(ledger, [_other], new TransferSettings { Threads = 1 });
            new TransferRunner(plan, ledger).ImagesMissing.ShouldBe(
                ledger.Rows.Count(r => r is { Success: true, AlreadyWrong: false } && ledger.Adversarial(r) is null));
        }
        await CarryAsync("run");
        using var run = RunLedger.Read(_tiny["run"]);
        run.Transfers.ShouldAllBe(t => run.Adversarial(t.Image) != null);
    }

    private void Attack(string folder, Experiment? experiment = null) => _tiny.Run(experiment ?? Attacked, folder).Dispose();

    private Task CarryAsync(string folder, TransferWay way = default) =>
        CarryAsync(folder, way, null, TestContext.Current.CancellationToken);

    private async Task CarryAsync(string folder, TransferWay way, Action<RunProgress>? progress, CancellationToken cancellation)
    {
        using var ledger = RunLedger.Resume(_tiny[folder]);
        using var plan = TransferPlan.Open(ledger, [_other], new TransferSettings { Way = way, Threads = 1 });
        (await new TransferRunner(plan, ledger).RunAsync(progress, cancellation)).ShouldBe(0);
    }

    private string Refusal(string folder, params string[] targets) => Should.Throw<InputException>(() =>
    {
        using var ledger = RunLedger.Resume(_tiny[folder]);
        using var plan = TransferPlan.Open(ledger, targets, new TransferSettings { Threads = 1 });
        new TransferRunner(plan, ledger).RunAsync().GetAwaiter().GetResult();
    }).Message;

    private void Same(string one, string other)
    {
        using var a = RunLedger.Read(_tiny[one]);
        using var b = RunLedger.Read(_tiny[other]);
        a.Transfers.Select(t => t with { Image = t.Image with { Seconds = 0 } })
            .ShouldBe(b.Transfers.Select(t => t with { Image = t.Image with { Seconds = 0 } }));
        a.CleanTransfers.ShouldBe(b.CleanTransfers);
    }

    private void CopyRun(string from, string to)
    {
        Directory.CreateDirectory(_tiny[to]);
        File.Copy(Path.Combine(_tiny[from], RunLedger.FileName), Path.Combine(_tiny[to], RunLedger.FileName));
    }

    private void Execute(string folder, string sql)
    {
        using var database = new SqliteConnection($"Data Source={Path.Combine(_tiny[folder], RunLedger.FileName)};Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
