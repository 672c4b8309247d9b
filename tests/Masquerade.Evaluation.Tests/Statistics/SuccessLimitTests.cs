using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Tests.Reporting;
using Masquerade.Evaluation.Tests.Runs;

namespace Masquerade.Evaluation.Tests.Statistics;

public class SuccessLimitTests
{
    [Fact]
    public void It_holds_as_far_as_the_best_attack_goes()
    {
        var rows = Rows("fgsm", 10, fooled: 4);
        Exceeded(rows, 0.4).ShouldBeNull();
        Exceeded(rows, 0.39).ShouldBe("f/fgsm on m (float, anonymization) succeeds on 40.0 % of the pairs of its goal, more than 39.0 %");
        Exceeded([.. rows, .. Rows("deepfool", 10, fooled: 10)], 0.9)!.ShouldStartWith("f/deepfool on m");
    }

    [Fact]
    public void It_does_not_hold_where_attacks_had_no_gradient()
    {
        // One of 40 pairs alone is no reason to distrust the others, unless it would exceed the limit.
        Exceeded(Rows("fgsm", 40, fooled: 4, without: 1), 0.5).ShouldBeNull();
        Exceeded(Rows("fgsm", 40, fooled: 4, without: 1), 0.11)!.ShouldStartWith("f/fgsm on m (float, anonymization) ended for want of a gradient on 1 of 40 pairs");
        Exceeded(Rows("fgsm", 40, fooled: 4, without: 3), 1)!.ShouldContain("on 3 of 40 pairs");
        Exceeded([.. Rows("noise", 10, fooled: 0), .. Rows("fgsm", 10, fooled: 0, without: 10)], 0.5)!.ShouldStartWith("f/fgsm on m");
    }

    [Fact]
    public void It_does_not_hold_where_nothing_is_known()
    {
        Exceeded([], 1)!.ShouldContain("nothing was attacked");
        var skipped = Rows("fgsm", 3, fooled: 0).Select(r => r with { Status = "skipped", Goal = AttackGoal.Impersonate });
        Exceeded([.. Rows("fgsm", 3, fooled: 0), .. skipped], 1).ShouldBe(
            "f/fgsm on m (float, impersonation): no pair could be used, so nothing is known of it");
    }

    private static string? Exceeded(IReadOnlyList<AttackRow> rows, double most) =>
        SuccessLimit.Exceeded(RunSummary.Of(new FakeRun { Rows = rows, RowsPlanned = rows.Count }), most);

    private static AttackRow[] Rows(string attack, int pairs, int fooled, int without = 0) =>
    [
        .. Enumerable.Range(0, pairs).Select(i => new AttackRow
        {
            Pair = $"p{i}",
            Goal = AttackGoal.Anonymize,
            Family = "f",
            Attack = attack,
            Model = "m",
            Threshold = 1,
            Storage = "float",
            AlreadyWrong = false,
            Success = i < fooled,
            L2 = i < fooled ? 1 : null,
            Status = i < fooled ? "ok" : "failed",
            Reason = i >= pairs - without ? "zero-gradient" : "",
        }),
    ];
}
