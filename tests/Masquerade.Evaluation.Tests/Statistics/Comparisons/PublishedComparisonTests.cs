using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Comparisons;
using Masquerade.Evaluation.Statistics.Intervals;
using Masquerade.Evaluation.Tests.Reporting;
using Masquerade.Evaluation.Tests.Runs;

namespace Masquerade.Evaluation.Tests.Statistics.Comparisons;

public sealed class PublishedComparisonTests
{
    [Fact]
    public void The_study_s_table_is_there_whole()
    {
        var study = PublishedStudies.Study2019;
        study.Outcomes.Select(o => (o.Attack, o.Goal)).ShouldBe(
            from attack in new[] { "fgsm", "deepfool", "uniform", "gaussian" }
            from goal in Enum.GetValues<AttackGoal>()
            select ($"foolbox-v1/{attack}", goal));
        // Every share is one of 26 or of 24 pairs, to the two digits that were published.
        foreach (var outcome in study.Outcomes)
        {
            var pairs = outcome.Goal == AttackGoal.Anonymize ? 26 : 24;
            foreach (var share in new[] { outcome.Success, outcome.Below5, outcome.Below1 })
                (share * pairs - Math.Round(share * pairs)).ShouldBe(0, 0.003, $"{outcome}");
        }
        AttackRegistry.Resolve([.. study.Outcomes.Select(o => o.Attack).Distinct()]).Count.ShouldBe(4);
    }

    [Fact]
    public void A_published_number_is_in_the_interval_or_not()
    {
        // 26 pairs, all fooled, half of them below 1: 100, 100 and 50 % as published; the mean is far from 1.23.
        var rows = Enumerable.Range(0, 26).Select(i => Row("fgsm", 2 * i, 0.1 + i % 2 * 3.9)).ToList();
        // One of 24 fooled: the published mean over one image has nothing to be compared with.
        rows.AddRange(Enumerable.Range(0, 24).Select(i => Row("uniform", 2 * i + 1, i == 7 ? 11 : null)));
        var comparison = Compare(rows, "study-2019").ShouldHaveSingleItem();
        comparison.Cells.Select(c => (c.Attack, c.Goal, c.Quantity, c.Inside)).ShouldBe(
        [
            ("foolbox-v1/fgsm", AttackGoal.Anonymize, PublishedQuantity.Success, true),
            ("foolbox-v1/fgsm", AttackGoal.Anonymize, PublishedQuantity.Below5, true),
            ("foolbox-v1/fgsm", AttackGoal.Anonymize, PublishedQuantity.Below1, true),
            ("foolbox-v1/fgsm", AttackGoal.Anonymize, PublishedQuantity.MeanL2, false),
            ("foolbox-v1/uniform", AttackGoal.Impersonate, PublishedQuantity.Success, true),
            ("foolbox-v1/uniform", AttackGoal.Impersonate, PublishedQuantity.Below5, true),
            ("foolbox-v1/uniform", AttackGoal.Impersonate, PublishedQuantity.Below1, true),
            ("foolbox-v1/uniform", AttackGoal.Impersonate, PublishedQuantity.MeanL2, null),
        ]);
        var success = comparison.Cells[0];
        (success.Published, success.Here, success.Rate).ShouldBe((1, 1, new Rate(26, 26)));
        success.Interval.ShouldBe(WilsonInterval.Of(26, 26));
        comparison.Cells[3].Here!.Value.ShouldBe(2.05, 1e-12);
        comparison.Cells[7].Here.ShouldBe(11);
    }

    [Fact]
    public void Only_what_was_asked_for_and_was_published_is_compared()
    {
        List<AttackRow> rows = [Row("fgsm", 0, 1) with { Storage = "8bit" }, Row("fgsm", 0, 1) with { Family = "minimal" }];
        Compare(rows, "study-2019").ShouldBeEmpty();
        Compare([Row("fgsm", 0, 1)], null).ShouldBeEmpty();
        // Pairs that could not be read say nothing.
        Compare([Row("fgsm", 0, null) with { Status = "skipped" }], "study-2019").ShouldBeEmpty();
        // Each model stands beside the study by itself.
        Compare([Row("fgsm", 0, 1), Row("fgsm", 0, 1) with { Model = "other" }], "study-2019")
            .Select(c => c.Setting.Model).ShouldBe(["m", "other"]);
    }

    private static IReadOnlyList<PublishedComparison> Compare(List<AttackRow> rows, string? with)
    {
        var run = new FakeRun { Rows = rows, RowsPlanned = rows.Count };
        return RunSummary.Of(new FakeRun { Rows = rows, RowsPlanned = rows.Count, Experiment = run.Experiment with { CompareWith = with } })
            .PublishedComparisons;
    }

    private static AttackRow Row(string attack, int pair, double? norm) => FakeRun.Row("m", "float", "foolbox-v1", attack, pair) with
    {
        Success = norm is not null,
        AlreadyWrong = false,
        L2 = norm,
        Status = norm is null ? "failed" : "ok",
    };
}
