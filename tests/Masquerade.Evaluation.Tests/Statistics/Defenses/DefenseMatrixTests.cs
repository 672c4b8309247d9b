using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Defenses;
using Masquerade.Evaluation.Statistics.Intervals;
using Masquerade.Evaluation.Tests.Reporting;
using Masquerade.Evaluation.Tests.Runs;

namespace Masquerade.Evaluation.Tests.Statistics.Defenses;

public class DefenseMatrixTests
{
    private const double None = double.PositiveInfinity;

    [Fact]
    public void The_worst_case_is_the_best_of_all_attacks_at_both_levels_pair_by_pair()
    {
        var matrix = Matrix(
        [
            .. Rows("fgsm", "", "", 4, 4, 4, 4, 4), .. Rows("deepfool", "", "", 1, 2, 3, 4, 5),
            .. Rows("fgsm", "mean:3", "zero", 4, None, None, 4, None), .. Rows("deepfool", "mean:3", "zero", None, None, None, None, None),
            .. Rows("fgsm", "mean:3", "perfect", 6, 6, 6, 6, None), .. Rows("deepfool", "mean:3", "perfect", 8, 3, None, 8, None),
        ]);
        (matrix.Model, matrix.Storage, matrix.Goal).ShouldBe(("m", "8bit", AttackGoal.Anonymize));
        matrix.Attacks.ShouldBe(["f/fgsm", "f/deepfool"]);
        matrix.Knowledge.ShouldBe(["zero", "perfect"]);
        matrix.Rows.Select(r => r.Defense).ShouldBe(["", "mean:3"]);
        var bare = matrix.Bare!;
        (bare.Zero, bare.Perfect, bare.Ratio, bare.BothLevels).ShouldBe((null, null, null, 0));
        bare.Worst.Success.ShouldBe(new Rate(5, 5));
        bare.Worst.MedianL2!.Value.Value.ShouldBe(3, "of 1, 2, 3, 4, 4");
        var row = matrix.Rows[1];
        row.Zero!.Success.ShouldBe(new Rate(2, 5));
        row.Zero.MedianL2.ShouldBeNull("fewer than half were fooled");
        row.Perfect!.Success.ShouldBe(new Rate(4, 5));
        row.Perfect.MedianL2!.Value.Value.ShouldBe(6, "of 6, 3, 6, 6, ∞");
        // Pair by pair 4, 3, 6, 4, ∞: zero knowledge is the stronger on the first and the fourth.
        row.Worst.Success.ShouldBe(new Rate(4, 5));
        row.Worst.MedianL2!.Value.Value.ShouldBe(4);
        row.Worst.MedianL2.Value.Interval!.Value.High.ShouldBe(None);
        (row.ZeroStronger, row.BothLevels).ShouldBe((2, 5));
        row.Ratio!.Value.Value.ShouldBe(4.0 / 3, 1e-12);
        row.At("f/fgsm", "perfect")!.Outcome.Success.ShouldBe(new Rate(4, 5));
        row.At("f/fgsm", "perfect")!.Outcome.MedianL2!.Value.Value.ShouldBe(6);
        row.At("f/pgd", "perfect").ShouldBeNull();
        bare.At("f/fgsm", "zero").ShouldBe(bare.At("f/fgsm", "perfect"));
    }

    [Fact]
    public void Pairs_wrong_before_the_attack_count_with_norm_0_but_not_in_the_ratio()
    {
        // The bare verifier is wrong of the first pair, the defended one of the first and the second.
        var rows = Rows("fgsm", "", "", 1, 1, 3, 5).Concat(Rows("fgsm", "d", "perfect", 9, 9, 6, 5)).ToArray();
        foreach (var wrong in (int[])[0, 4, 5]) rows[wrong] = rows[wrong] with { AlreadyWrong = true, L2 = 0 };
        var row = Matrix(rows).Rows[1];
        row.Worst.Success.ShouldBe(new Rate(4, 4));
        row.Worst.MedianL2!.Value.Value.ShouldBe(2.5, "of 0, 0, 6, 5");
        row.WorstExcludingAlreadyWrong.Success.ShouldBe(new Rate(2, 2));
        row.WorstExcludingAlreadyWrong.MedianL2!.Value.Value.ShouldBe(5.5);
        row.RatioPairs.ShouldBe(2);
        row.Ratio!.Value.Value.ShouldBe(5.5 / 4);
    }

    [Fact]
    public void An_interrupted_run_pools_what_every_attack_met()
    {
        AttackRow[] rows =
        [
            .. Rows("fgsm", "", "", 1, 1, 1), .. Rows("fgsm", "d", "zero", None, None, None),
            .. Rows("fgsm", "d", "perfect", 2, 2, 2).Take(1),
        ];
        var row = Matrix(rows).Rows[1];
        (row.Zero!.Success, row.Perfect!.Success, row.Worst.Success).ShouldBe((new Rate(0, 3), new Rate(1, 1), new Rate(1, 1)));
        row.RatioPairs.ShouldBe(1);
    }

    [Fact]
    public void Each_model_rule_and_goal_has_its_matrix_and_the_present_tables_keep_to_bare_verifiers()
    {
        var run = FakeRun.Defended(12, models: ["a", "b"]);
        var floats = FakeRun.Whole(12, ["a", "b"]).Rows;
        var summary = RunSummary.Of(new FakeRun { Rows = [.. run.Rows, .. floats], RowsPlanned = 1, Defenses = run.Defenses });
        summary.DefenseMatrices.Select(m => (m.Model, m.Storage, m.Goal)).ShouldBe(
            from model in new[] { "a", "b" } from goal in Enum.GetValues<AttackGoal>() select (model, "8bit", goal));
        summary.DefenseMatrices.ShouldAllBe(m => m.Rows.Count == 4 && m.Rows.All(r => r.Attacks.Count == (r.Defense == "" ? 4 : 8)));
        summary.Comparisons.ShouldAllBe(c => c.First.Setting.Defense == "");
        summary.ModelComparisons.Count.ShouldBe(2 * (5 + 9), "four attacks and the best under the one rule, eight under the other");
        summary.BareSettings.Count().ShouldBe(4);
    }

    [Fact]
    public void A_run_without_defenses_has_no_matrix()
    {
        var summary = RunSummary.Of(FakeRun.Whole());
        (summary.DefenseMatrices.Count, summary.DefenseRankings.Count, summary.CleanCosts.Count, summary.TrustWarnings.Count)
            .ShouldBe((0, 0, 0, 0));
    }

    internal static DefenseMatrix Matrix(AttackRow[] rows) =>
        RunSummary.Of(new FakeRun { Rows = rows, RowsPlanned = rows.Length }).DefenseMatrices.ShouldHaveSingleItem();

    /// <summary>Pairs of one person, fooled with these norms; infinite: not fooled.</summary>
    internal static IEnumerable<AttackRow> Rows(string attack, string defense, string knowledge, params double[] norms) =>
        norms.Select((norm, i) =>
        {
            var parts = attack.Split('/');
            var bare = FakeRun.Row("m", "8bit", parts.Length > 1 ? parts[0] : "f", parts[^1], 20 + 2 * i);
            return FakeRun.Behind(bare, defense, knowledge, double.IsFinite(norm) ? norm : null);
        });
}
