using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Runs;
using Masquerade.Imaging;
using Masquerade.Models;

namespace Masquerade.Evaluation.Tests.Runs;

public class ExperimentRunnerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Rows_are_in_the_order_of_models_rules_attacks_and_pairs()
    {
        using var tiny = new TinyRun(5);
        var experiment = tiny.Experiment("minimal", "foolbox-v1/deepfool") with
        {
            Models = [tiny.WriteModel("zebra", seed: 2), tiny.Model],
            Storage = ["8bit", "float"],
            Batch = 2,
        };
        using var run = tiny.Run(experiment, "run", cancellation: Cancellation);
        string[] minimal = ["fgsm", "deepfool", "uniform", "gaussian"];
        string[] pairs = [.. Enumerable.Range(0, 5).Select(i => $"p{i}a|p{i}b")];
        var expected =
            from model in new[] { "zebra", "tiny" }
            from storage in new[] { "8bit", "float" }
            from attack in minimal.Select(a => ("minimal", a)).Prepend(("foolbox-v1", "deepfool")).Skip(storage == "8bit" ? 1 : 0)
            from pair in pairs
            select (model, storage, attack, pair);
        run.Rows.Select(r => (r.Model, r.Storage, (r.Family, r.Attack), r.Pair)).ShouldBe(expected);
        run.RowsPlanned.ShouldBe(run.Rows.Count);
        run.Rows.Take(3).Select(r => r.Goal).ShouldBe([AttackGoal.Anonymize, AttackGoal.Impersonate, AttackGoal.Anonymize]);
        run.Facts.ShouldContain(f => f.Key == "left out" && f.Value.Contains("foolbox-v1 knows float storage only"));
    }

    /// <summary>Every column once more, from the kept images alone, with every image by itself.</summary>
    [Fact]
    public void Columns_are_what_they_say()
    {
        using var tiny = new TinyRun(16);
        var attacks = tiny.Experiment("minimal", "foolbox-v1/fgsm", "foolbox-v1/deepfool");
        var experiment = attacks with { Storage = ["float", "8bit"], Batch = 5 };
        using var run = tiny.Run(experiment, "run", cancellation: Cancellation);
        using var model = FaceModel.Load(tiny.Model, threads: 1, gradients: false);
        var size = TinyRun.Size;
        var (survived, vanished) = (0, 0);
        foreach (var row in run.Rows.Where(r => !r.Reason.Contains(ResultJudge.NearThreshold)))
        {
            var same = row.Goal == AttackGoal.Anonymize;
            var names = row.Pair.Split('|');
            var (probe, reference) = (Planar(names[0]), Planar(names[1]));
            row.DistanceBefore.ShouldNotBeNull().ShouldBe(Distance(probe, reference), 1e-5);
            row.AlreadyWrong.ShouldBe(IsWrong(probe, reference, same));
            (row.Threshold, row.Status).ShouldBe((TinyRun.Threshold, row.Success ? "ok" : "failed"));
            if (!row.Success)
            {
                (row.L2, row.Linf, row.DistanceAfter).ShouldBe((null, null, null));
                (row.Success8Bit, row.L2After8Bit, row.Ssim).ShouldBe((null, null, null));
                run.Adversarial(row).ShouldBeNull();
                continue;
            }
            if (row.AlreadyWrong)
            {
                (row.L2, row.Linf, row.Forwards, row.Backwards).ShouldBe((0, 0, 1, 0));
                (row.Success8Bit, row.L2After8Bit, row.Ssim).ShouldBe((true, 0, 1));
                continue;
            }
            var image = run.Adversarial(row).ShouldNotBeNull();
            image.ShouldAllBe(v => v >= 0 && v <= 1);
            run.Crop("tiny", row.Pair, PairSide.Probe)!.Pixels.ShouldBe(Read(names[0]).Pixels);
            run.Crop("tiny", row.Pair, PairSide.Reference)!.Pixels.ShouldBe(Read(names[1]).Pixels);
            IsWrong(image, reference, same).ShouldBeTrue();
            row.DistanceAfter.ShouldNotBeNull().ShouldBe(Distance(image, reference), 1e-5);
            row.L2.ShouldNotBeNull().ShouldBe(Norm(image, probe), 1e-6);
            row.Linf.ShouldNotBeNull().ShouldBe(image.Zip(probe, (a, b) => Math.Abs(a - b)).Max(), 1e-7);
            row.Ssim.ShouldNotBeNull().ShouldBe(StructuralSimilarity.Compute(probe, image, size), 1e-6);

            float[] stored = [.. image.Select(v => (float)Math.Round(255.0 * v, MidpointRounding.ToEven) / 255f)];
            if (row.Storage == "8bit") image.ShouldBe(stored);
            row.Success8Bit.ShouldBe(IsWrong(stored, reference, same), row.ToString());
            if (row.Success8Bit == true) row.L2After8Bit.ShouldNotBeNull().ShouldBe(Norm(stored, probe), 1e-6);
            else row.L2After8Bit.ShouldBeNull();
            if (row.Success8Bit == true) survived++;
            else vanished++;
        }
        survived.ShouldBeGreaterThan(20);
        vanished.ShouldBeGreaterThan(5);
        run.Rows.ShouldContain(r => !r.Success);
        run.Rows.ShouldContain(r => r.AlreadyWrong);

        FaceImage Read(string name) => ImageFile.Read(Path.Combine(tiny.Images, name + ".png"));

        float[] Planar(string name)
        {
            var values = new float[size.Values];
            ImageTensors.WritePlanar(Read(name), values);
            return values;
        }

        double Distance(float[] a, float[] b)
        {
            var (first, second) = (new float[16], new float[16]);
            model.Embedder.Embed(a, 1, first);
            model.Embedder.Embed(b, 1, second);
            return first.Zip(second, (x, y) => (double)(x - y) * (x - y)).Sum();
        }

        bool IsWrong(float[] probe, float[] reference, bool same) => Distance(probe, reference) > TinyRun.Threshold == same;

        static double Norm(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Sum());
    }

    [Fact]
    public void Pairs_that_cannot_be_read_are_rows_with_a_reason()
    {
        using var tiny = new TinyRun(9);
        var experiment = tiny.Experiment("minimal") with { Batch = 3 };
        using var whole = tiny.Run(experiment, "whole", cancellation: Cancellation);
        File.Delete(Path.Combine(tiny.Images, "p0b.png"));
        File.WriteAllBytes(Path.Combine(tiny.Images, "p1a.png"), File.ReadAllBytes(Path.Combine(tiny.Images, "p1a.png"))[..200]);
        File.WriteAllText(Path.Combine(tiny.Images, "p2b.png"), "a text");
        tiny.WritePhotograph("p4a.png", new FaceImage(17, 16, new byte[17 * 16 * 3]));
        // The last chunk has nothing left.
        for (var i = 6; i < 9; i++) File.Delete(Path.Combine(tiny.Images, $"p{i}a.png"));

        using var run = tiny.Run(experiment, "run", cancellation: Cancellation);
        var skipped = run.Rows.Where(r => r.Status == "skipped").ToList();
        skipped.Select(r => r.Pair).Distinct().ShouldBe([.. new[] { 0, 1, 2, 4, 6, 7, 8 }.Select(i => $"p{i}a|p{i}b")]);
        skipped.Count.ShouldBe(7 * 4);
        foreach (var row in skipped)
        {
            (row.Success, row.AlreadyWrong, row.L2, row.DistanceBefore, row.Forwards).ShouldBe((false, false, null, null, 0));
            row.Reason.ShouldContain(row.Pair[..2]);
            row.Reason.ShouldNotContain("\n");
        }
        skipped[0].Reason.ShouldBe("missing photograph p0b.png");
        run.Rows.Where(r => r.Status != "skipped").Select(r => (r.Pair, r.Attack, r.Success)).ShouldBe(
            whole.Rows.Where(r => r.Pair[1] is '3' or '5').Select(r => (r.Pair, r.Attack, r.Success)));
        run.Facts.ShouldContain(f => f.Key == "photographs" && f.Value.StartsWith("14 there, 4 missing"));
    }

    [Fact]
    public void A_strict_run_ends_at_the_first_pair_that_cannot_be_read()
    {
        using var tiny = new TinyRun(4);
        var experiment = tiny.Experiment("minimal/fgsm") with { Batch = 2 };
        File.WriteAllBytes(Path.Combine(tiny.Images, "p3a.png"), File.ReadAllBytes(Path.Combine(tiny.Images, "p3a.png"))[..200]);
        Should.Throw<InputException>(() => tiny.Run(experiment, "damaged", strict: true, cancellation: Cancellation))
            .Message.ShouldContain("p3a.png");
        using (var kept = RunLedger.Read(tiny["damaged"])) kept.Rows.Select(r => r.Pair).ShouldBe(["p0a|p0b", "p1a|p1b"]);
        File.Delete(Path.Combine(tiny.Images, "p3a.png"));
        Should.Throw<InputException>(() => ExperimentPlan.Open(experiment, strict: true)).Message.ShouldContain("p3a.png");
        using var plan = ExperimentPlan.Open(experiment);
        plan.Missing.Single().Names.ShouldBe(["p3a.png"]);
    }

    [Theory]
    [InlineData(KeepImages.All)]
    [InlineData(KeepImages.Successes)]
    [InlineData(KeepImages.Examples)]
    public void The_images_asked_for_are_kept(KeepImages keep)
    {
        using var tiny = new TinyRun(14);
        using var run = tiny.Run(tiny.Experiment("minimal") with { KeepImages = keep, Batch = 4 }, "run", cancellation: Cancellation);
        run.Rows.ShouldContain(r => !r.Success);
        foreach (var group in run.Rows.GroupBy(r => (r.Attack, r.Goal)))
        {
            var attacked = group.Where(r => !r.AlreadyWrong).ToList();
            var successes = attacked.Where(r => r.Success).ToList();
            var expected = keep switch { KeepImages.All => attacked, KeepImages.Successes => successes, _ => [.. successes.Take(3)] };
            var found = group.Where(r => run.Adversarial(r) is not null);
            found.Select(r => r.Pair).ShouldBe(expected.Select(r => r.Pair), group.Key.ToString());
            foreach (var failed in attacked.Where(r => !r.Success && keep == KeepImages.All))
            {
                var last = run.Adversarial(failed).ShouldNotBeNull();
                var clean = new float[last.Length];
                ImageTensors.WritePlanar(run.Crop("tiny", failed.Pair, PairSide.Probe)!, clean);
                last.ShouldNotBe(clean, "the last image that was tried, not the first");
            }
        }
        var kept = run.Rows.Where(r => run.Adversarial(r) is not null).Select(r => r.Pair).ToHashSet();
        foreach (var pair in run.Pairs) (run.Crop("tiny", pair.Id, PairSide.Reference) is not null).ShouldBe(kept.Contains(pair.Id));
    }

    [Fact]
    public void Attacks_that_a_model_cannot_bear_are_left_out_with_a_notice()
    {
        using var tiny = new TinyRun(4);
        var blocked = tiny.WriteModel("blocked", differentiable: false);
        using (var plan = ExperimentPlan.Open(tiny.Experiment("minimal") with { Models = [blocked, tiny.Model] }))
        {
            plan.Cells.Where(c => c.Model == "blocked").Select(c => c.Attack).ShouldBe(["uniform", "gaussian"]);
            plan.Cells.Count(c => c.Model == "tiny").ShouldBe(4);
            var notice = plan.Notices.ShouldHaveSingleItem();
            notice.ShouldStartWith("blocked");
            notice.ShouldContain("Shrink");
        }
        var partly = tiny.Experiment("minimal/uniform", "minimal/fgsm") with { Models = [blocked] };
        using (var run = tiny.Run(partly, "run", cancellation: Cancellation))
            run.Rows.Select(r => r.Attack).Distinct().ShouldBe(["uniform"]);
        using (var plan = ExperimentPlan.Open(tiny.Experiment("minimal/uniform") with { Models = [blocked] })) plan.Notices.ShouldBeEmpty();

        OpenRefused(tiny.Experiment("fgsm", "deepfool") with { Models = [blocked] }).ShouldContain("nothing else was asked for");
        OpenRefused(tiny.Experiment("foolbox-v1") with { Storage = ["8bit"] }).ShouldContain("float storage only");
        using (var plan = ExperimentPlan.Open(tiny.Experiment("foolbox-v1", "minimal/fgsm") with { Storage = ["8bit"] }))
        {
            plan.Cells.ShouldBe([new RunCell("tiny", "8bit", "minimal", "fgsm")]);
            plan.Notices.ShouldHaveSingleItem().ShouldContain("foolbox-v1");
        }
    }

    [Fact]
    public void What_does_not_fit_is_said_before_work_begins()
    {
        using var tiny = new TinyRun(2);
        OpenRefused(tiny.Experiment() with { Models = [tiny.Model, tiny.Model] }).ShouldContain("'tiny'");
        OpenRefused(tiny.Experiment() with { Models = [tiny["no.model.json"]] }).ShouldContain("no.model.json");
        OpenRefused(tiny.Experiment() with { Images = tiny["no"] }).ShouldContain("no such folder");
        OpenRefused(tiny.Experiment() with { Pairs = tiny["no.csv"] }).ShouldContain("no.csv");
        OpenRefused(tiny.Experiment() with { Aligned = false, Landmarks = tiny["no.csv"] }).ShouldContain("no.csv");
        OpenRefused(tiny.Experiment() with { Images = Directory.CreateDirectory(tiny["empty"]).FullName }).ShouldContain("p0a.png");
        var text = File.ReadAllText(tiny.Model);
        File.WriteAllText(tiny.Model, text.Replace("\"none\", \"embeddingSize\"", "\"arcface-112x112\", \"embeddingSize\""));
        OpenRefused(tiny.Experiment() with { Aligned = false }).ShouldStartWith($"{tiny.Model}: the model takes 16x16 pixels");
        File.WriteAllText(tiny.Model, text.Replace("16,", "8,"));
        OpenRefused(tiny.Experiment()).ShouldContain(tiny["tiny"]);
        File.WriteAllText(tiny.Model, text.Replace("\"embeddingSize\": 16", "\"embeddingSize\": 17"));
        OpenRefused(tiny.Experiment()).ShouldContain("embeddingSize");
    }

    [Fact]
    public void A_forecast_is_the_sum_of_what_attacks_cost()
    {
        using var tiny = new TinyRun(6);
        File.Delete(Path.Combine(tiny.Images, "p0a.png"));
        var experiment = tiny.Experiment("minimal/fgsm", "foolbox-v1/uniform") with { Storage = ["float", "8bit"] };
        using var plan = ExperimentPlan.Open(experiment);
        var forecast = RunForecast.Of(plan);
        var (fgsm, uniform) = (AttackRegistry.Resolve(["minimal/fgsm"])[0], AttackRegistry.Resolve(["foolbox-v1/uniform"])[0]);
        forecast.Forwards.ShouldBe(5 * (2 * fgsm.TypicalForwards + uniform.TypicalForwards));
        forecast.Backwards.ShouldBe(5 * 2 * fgsm.TypicalBackwards);
        forecast.Seconds.ShouldBeGreaterThan(0);
        using var run = tiny.Run(experiment, "run", cancellation: Cancellation);
        forecast.Bytes.ShouldBeInRange(new FileInfo(tiny["run/run.db"]).Length / 5.0, new FileInfo(tiny["run/run.db"]).Length * 5.0);
    }

    private static string OpenRefused(Experiment experiment)
    {
        var message = Should.Throw<InputException>(() => ExperimentPlan.Open(experiment)).Message;
        message.ShouldNotContain("\n");
        return message;
    }
}
