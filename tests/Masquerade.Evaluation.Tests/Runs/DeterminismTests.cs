using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;

namespace Masquerade.Evaluation.Tests.Runs;

public class DeterminismTests
{
    private const double Tolerance = 1e-3;

    /// <summary>Another batch size or thread count: the same successes and norms, but for rows that say so.</summary>
    [Fact]
    public void Batch_and_threads_decide_nothing_but_what_is_near_the_threshold()
    {
        using var tiny = new TinyRun(24);
        var experiment = tiny.Experiment("minimal", "foolbox-v1/fgsm", "foolbox-v1/deepfool") with { Storage = ["float", "8bit"] };
        var first = Rows(32, 1);
        var (exempt, compared) = (0, 0);
        foreach (var (batch, threads) in new[] { (1, 1), (7, 1), (32, 2), (7, 2) })
        {
            foreach (var (a, b) in first.Zip(Rows(batch, threads)))
            {
                (b.Pair, b.Attack, b.Family, b.Storage).ShouldBe((a.Pair, a.Attack, a.Family, a.Storage));
                if (IsExempt(a) || IsExempt(b))
                {
                    exempt++;
                    continue;
                }
                compared++;
                var what = $"batch {batch}, {threads} threads: {a} against {b}";
                (b.Success, b.AlreadyWrong, b.Success8Bit).ShouldBe((a.Success, a.AlreadyWrong, a.Success8Bit), what);
                (b.Status, b.Reason).ShouldBe((a.Status, a.Reason), what);
                foreach (var (x, y) in new[] { (a.L2, b.L2), (a.Linf, b.Linf), (a.L2After8Bit, b.L2After8Bit) })
                    if (x is { } norm) y.ShouldNotBeNull().ShouldBe(norm, Tolerance * norm + 1e-9, what);
                Math.Abs(a.DistanceBefore!.Value - b.DistanceBefore!.Value).ShouldBeLessThan(1e-5);
            }
        }
        compared.ShouldBeGreaterThan(3 * exempt);

        IReadOnlyList<AttackRow> Rows(int batch, int threads)
        {
            var settings = experiment with { Batch = batch, Threads = threads };
            using var run = tiny.Run(settings, $"run{batch}-{threads}", cancellation: TestContext.Current.CancellationToken);
            var fact = run.Facts.Single(f => f.Key == "near the boundary").Value;
            foreach (var cell in run.Cells)
            {
                var rows = run.Rows.Where(r => (r.Storage, r.Family, r.Attack) == (cell.Storage, cell.Family, cell.Attack));
                var near = rows.Where(IsExempt).ToList();
                var listed = $"{cell.Family}/{cell.Attack} on tiny, {cell.Storage}: ";
                if (near.Count > 0) fact.ShouldContain($"{listed}{near.Count} ({near[0].Pair}");
                else fact.ShouldNotContain(listed);
            }
            return run.Rows;
        }
    }

    /// <summary>A pair whose clean distance is the threshold itself is marked in every row, and listed.</summary>
    [Fact]
    public void A_clean_pair_near_the_threshold_is_listed()
    {
        using var tiny = new TinyRun(4);
        double distance;
        using (var run = tiny.Run(tiny.Experiment("minimal/uniform"), "first", cancellation: TestContext.Current.CancellationToken))
        {
            distance = run.Rows[2].DistanceBefore!.Value;
            run.Rows.ShouldAllBe(r => !IsExempt(r));
            run.Facts.ShouldContain(f => f.Key == "near the boundary" && f.Value == "no pair");
        }
        foreach (var (offset, near) in new[] { (0.9e-4, true), (-0.9e-4, true), (1.1e-4, false), (-1.1e-4, false) })
        {
            var experiment = tiny.Experiment("minimal/fgsm") with { Threshold = distance + offset };
            using var run = tiny.Run(experiment, $"run{offset}", cancellation: TestContext.Current.CancellationToken);
            var row = run.Rows[2];
            row.AlreadyWrong.ShouldBe(offset < 0);
            if (near || row.AlreadyWrong) IsExempt(row).ShouldBe(near);
            if (near) run.Facts.Single(f => f.Key == "near the boundary").Value.ShouldContain(row.Pair);
        }
    }

    private static bool IsExempt(AttackRow row) => row.Reason.EndsWith("near-threshold", StringComparison.Ordinal);
}
