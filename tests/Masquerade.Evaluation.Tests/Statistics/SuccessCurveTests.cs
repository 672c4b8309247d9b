using CsCheck;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Tests.Reporting;

namespace Masquerade.Evaluation.Tests.Statistics;

public class SuccessCurveTests
{
    [Fact]
    public void The_curve_is_what_counting_gives() => Gen.Double[0, 9].Select(Gen.Int[0, 3]).List[1, 60].Sample(drawn =>
    {
        // 0: skipped, 1: wrong before the attack, 2: failed, 3: a success.
        AttackRow[] rows = [.. drawn.Select(d => FakeRun.Row("m", "float", "f", "fgsm", 0) with
        {
            Success = d.Item2 is 1 or 3, AlreadyWrong = d.Item2 == 1, L2 = d.Item2 == 3 ? Math.Round(d.Item1, 1) : null,
            Status = d.Item2 == 0 ? "skipped" : d.Item2 == 2 ? "failed" : "ok",
        })];
        var curve = SuccessCurve.Of(rows);
        var judged = drawn.Count(d => d.Item2 != 0);
        if (judged == 0)
        {
            curve.ShouldBeNull();
            return;
        }
        curve!.Pairs.ShouldBe(judged);
        foreach (var norm in (double[])[0, 0.05, 1, 3.3, 5, 9])
        {
            var fooled = rows.Count(r => r.AlreadyWrong || (r.Success && r.L2 <= norm));
            curve.At(norm).ShouldBe((double)fooled / judged, 1e-12);
        }
    }, iter: 200);

    [Fact]
    public void Examples_are_the_smallest_the_median_and_the_largest_norm()
    {
        AttackRow[] rows = [.. Enumerable.Range(0, 20).Select(i => FakeRun.Row("m", "float", "f", "deepfool", 2 * i))];
        var norms = rows.Where(r => r.Success && !r.AlreadyWrong).Select(r => r.L2!.Value).Order().ToList();
        var chosen = ExampleRows.Choose(rows, _ => true);
        chosen.Select(e => e.Row.L2!.Value).ShouldBe([norms[0], norms[(norms.Count - 1) / 2], norms[^1]]);
        chosen.Select(e => e.Choice).ShouldBe(["smallest norm", "median norm", "largest norm"]);
    }

    [Fact]
    public void Where_those_were_not_kept_the_first_ones_kept_are_shown()
    {
        AttackRow[] rows = [.. Enumerable.Range(0, 20).Select(i => FakeRun.Row("m", "float", "f", "deepfool", 2 * i))];
        AttackRow[] kept = [rows[3], rows[5], rows[6], rows[9]];
        ExampleRows.Choose(rows, kept.Contains).Select(e => e.Row).ShouldBe(kept[..3]);
        ExampleRows.Choose(rows, _ => false).ShouldBeEmpty();
        ExampleRows.Choose([rows[2]], _ => true).ShouldBeEmpty("a pair wrong before the attack has no perturbation to show");
    }
}
