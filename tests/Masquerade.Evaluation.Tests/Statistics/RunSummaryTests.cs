using System.Text.Json;
using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Intervals;
using Masquerade.Evaluation.Tests.Reporting;
using Masquerade.Evaluation.Tests.Runs;

namespace Masquerade.Evaluation.Tests.Statistics;

public class RunSummaryTests
{
    [Fact]
    public void Counts_and_both_conventions()
    {
        AttackRow[] rows =
        [
            Row(0, 0.5), Row(2, 4), Row(6, 5), Row(8, null), FakeRun.Row("m", "float", "f", "fgsm", 4),
            FakeRun.Row("m", "float", "f", "fgsm", 7) with { Goal = AttackGoal.Anonymize },
        ];
        var attack = RunSummary.Of(new FakeRun { Rows = rows, RowsPlanned = 6 }).Attacks.ShouldHaveSingleItem();
        (attack.Pairs, attack.Skipped, attack.Attacked, attack.AlreadyWrong).ShouldBe((5, 1, 4, 1));
        attack.Outcome.Success.ShouldBe(new Rate(4, 5));
        attack.Outcome.Below5.ShouldBe(new Rate(3, 5), "a norm of 5 is not below 5");
        attack.Outcome.Below1.ShouldBe(new Rate(2, 5));
        attack.Outcome.MeanL2!.Value.Value.ShouldBe(9.5 / 4, 1e-12);
        attack.Outcome.MedianL2!.Value.Value.ShouldBe(4.5 / 2, 1e-12);
        attack.OutcomeExcludingAlreadyWrong.Success.ShouldBe(new Rate(3, 4));
        attack.OutcomeExcludingAlreadyWrong.Below1.ShouldBe(new Rate(1, 4));
        attack.OutcomeExcludingAlreadyWrong.MeanL2!.Value.Value.ShouldBe(9.5 / 3, 1e-12);
        attack.Success8Bit.ShouldBe(new Rate(2, 5));
        attack.MeanL28Bit!.Value.Value.ShouldBe(0.6 / 2, 1e-12);
        attack.MeanSsim!.Value.ShouldBe(0.9, 1e-12);
        (attack.Forwards, attack.Backwards, attack.Seconds).ShouldBe((1 + 10 + 20 + 30 + 40, 4, 0.5 + 1 + 1.5 + 2));
        (attack.MedianForwards, attack.MedianBackwards, attack.MedianSeconds).ShouldBe((25, 1, 1.25));
    }

    [Fact]
    public void Groups_follow_the_rows_and_settings_stay_apart()
    {
        var run = FakeRun.Whole(8, ["b", "a"], ["float", "8bit"]);
        var summary = RunSummary.Of(run);
        summary.Attacks.Count.ShouldBe(2 * (8 + 4) * 2);
        summary.Attacks.Select(a => (a.Setting.Model, a.Setting.Storage)).Distinct()
            .ShouldBe([("b", "float"), ("b", "8bit"), ("a", "float"), ("a", "8bit")]);
        summary.Attacks.Take(3).Select(a => (a.FullName, a.Goal)).ShouldBe(
        [
            ("foolbox-v1/fgsm", AttackGoal.Anonymize), ("foolbox-v1/fgsm", AttackGoal.Impersonate),
            ("foolbox-v1/deepfool", AttackGoal.Anonymize),
        ]);
        summary.Attacks.Sum(a => a.Rows.Count).ShouldBe(run.Rows.Count);
        summary.Comparisons.Count.ShouldBe(2 * 2 * (28 + 6));
        summary.Comparisons.ShouldAllBe(c => c.First.Setting == c.Second.Setting && c.First.Goal == c.Second.Goal);
        summary.Skipped.ShouldHaveSingleItem();
        summary.Complete.ShouldBeTrue();
        RunSummary.Of(new FakeRun { Rows = run.Rows, RowsPlanned = run.Rows.Count + 1 }).Complete.ShouldBeFalse();
    }

    [Fact]
    public void A_success_without_a_norm_is_an_error_and_not_a_zero() =>
        Should.Throw<Exception>(() => RunSummary.Of(new FakeRun { Rows = [Row(0, 1) with { L2 = null }], RowsPlanned = 1 }))
            .ToString().ShouldContain("a success without a norm");

    /// <summary>The reference's own summary of its fifty pairs, recomputed from its pairs.</summary>
    [Fact]
    public void The_reference_is_summarised_as_it_summarises_itself()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("reference", "foolbox-v1", "results.json")));
        var rows = ReferenceRows(json.RootElement).ToList();
        rows.Count.ShouldBe(200);
        foreach (var attack in RunSummary.Of(new FakeRun { Rows = rows, RowsPlanned = 200 }).Attacks)
        {
            var expected = json.RootElement.GetProperty("summary").GetProperty(attack.Attack).GetProperty(LedgerRows.Name(attack.Goal));
            attack.Pairs.ShouldBe(expected.GetProperty("pairs").GetInt32());
            attack.Outcome.Success.Value!.Value.ShouldBe(Expected("success"), 5.1e-5);
            attack.Outcome.Below5.Value!.Value.ShouldBe(Expected("below_5"), 5.1e-5);
            attack.Outcome.Below1.Value!.Value.ShouldBe(Expected("below_1"), 5.1e-5);
            (attack.Outcome.MeanL2 is null).ShouldBe(expected.GetProperty("mean_l2").ValueKind == JsonValueKind.Null);
            if (attack.Outcome is { MeanL2: { } mean, MedianL2: { } median })
            {
                mean.Value.ShouldBe(Expected("mean_l2"), 5.1e-5);
                median.Value.ShouldBe(Expected("median_l2"), 5.1e-5);
            }
            attack.Forwards.ShouldBe((long)Expected("forwards"));

            double Expected(string name) => expected.GetProperty(name).GetDouble();
        }
    }

    private static IEnumerable<AttackRow> ReferenceRows(JsonElement root) =>
        from pair in root.GetProperty("pairs").EnumerateArray()
        let same = pair.GetProperty("same_person").GetBoolean()
        let wrong = pair.GetProperty("clean_distance").GetDouble() < 1.42 != same
        from attack in pair.GetProperty("attacks").EnumerateObject()
        let success = attack.Value.GetProperty("success").GetBoolean()
        select new AttackRow
        {
            Pair = pair.GetProperty("order").GetRawText(),
            Goal = same ? AttackGoal.Anonymize : AttackGoal.Impersonate,
            Attack = attack.Name,
            Family = "reference",
            Model = "mobilefacenet",
            Threshold = 1.42,
            Storage = "float",
            Success = success,
            AlreadyWrong = wrong,
            Status = success ? "ok" : "failed",
            L2 = success ? attack.Value.GetProperty("l2").GetDouble() : null,
            Forwards = attack.Value.GetProperty("forwards").GetInt64(),
            Backwards = attack.Value.GetProperty("gradients").GetInt64(),
        };

    private static AttackRow Row(int pair, double? norm) => FakeRun.Row("m", "float", "f", "fgsm", pair) with
    {
        Success = norm is not null,
        L2 = norm,
        Status = norm is null ? "failed" : "ok",
        Success8Bit = norm is null ? null : norm < 1,
        L2After8Bit = norm < 1 ? 0.6 : null,
        Ssim = norm is null ? null : 0.9,
        Forwards = pair switch { 0 => 10, 2 => 20, 6 => 30, _ => 40 },
        Backwards = 1,
        Seconds = pair switch { 0 => 0.5, 2 => 1, 6 => 1.5, _ => 2 },
    };
}
