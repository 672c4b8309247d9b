using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Defenses;
using Masquerade.Evaluation.Statistics.Intervals;
using Masquerade.Evaluation.Tests.Reporting;
using Masquerade.Evaluation.Tests.Runs;

namespace Masquerade.Evaluation.Tests.Statistics.Defenses;

public class CleanCostTests
{
    [Fact]
    public void A_defense_that_shifts_every_distance_costs_nothing_once_the_threshold_follows()
    {
        // Same-person pairs at 0.9 … 1.4, others at 1.5 … 2: behind the defense everything is 0.4 farther apart.
        var scores = Scores("", 0).Concat(Scores("blur", 0.4)).ToArray();
        var costs = Costs(scores, new DefenseFact("m", "blur", "exact", 1, false, 0.001, 0.004));
        costs.Select(c => (c.Defense, c.Same, c.Different)).ShouldBe([("", 50, 100), ("blur", 50, 100)]);
        var (bare, blur) = (costs[0], costs[1]);
        // The fold of the farthest same-person pair is judged by a threshold chosen without it: just too low.
        (bare.Accuracy, bare.RecalibratedAccuracy).ShouldBe((new Rate(150, 150), new Rate(149, 150)));
        (bare.SecondsPerImage, bare.ShareOfForward, bare.EnoughForFar).ShouldBe((null, null, false));
        // At 1.42 as it was only distances up to 1.02 before the defense are still below.
        blur.Accuracy.ShouldBe(new Rate(100 + Scores("", 0).Count(s => s.SamePerson && s.Distance + 0.4 <= 1.42), 150));
        blur.RecalibratedAccuracy.ShouldBe(bare.RecalibratedAccuracy);
        // The bare verifier accepts nobody wrongly up to 1.5, where 0.9 … 1.1 of the same people are left.
        blur.AsItWas!.Far.ShouldBe(new Rate(0, 100));
        blur.AsItWas.Tar.ShouldBe(new Rate(Scores("", 0).Count(s => s.SamePerson && s.Distance + 0.4 < 1.5), 50));
        blur.Recalibrated!.Tar.ShouldBe(new Rate(50, 50));
        (blur.SecondsPerImage, blur.ShareOfForward).ShouldBe((0.001, 0.25));
    }

    [Fact]
    public void A_threshold_that_lets_others_in_behind_the_defense_shows_the_rate_attained()
    {
        var costs = Costs([.. Scores("", 0), .. Scores("sharpen", -0.1)]);
        costs[1].AsItWas!.Far.ShouldBe(new Rate(Scores("", 0).Count(s => !s.SamePerson && s.Distance - 0.1 < 1.5), 100));
        costs[1].AsItWas!.Far.Count.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_fold_is_judged_by_a_threshold_chosen_without_it()
    {
        // The first tenth of the pairs has distances of its own: only a threshold that has seen it could judge it.
        CleanScore[] scores = [.. Enumerable.Range(0, 100).SelectMany(i => new[]
        {
            new CleanScore("m", "", $"s{i}", true, i < 10 ? 3 : 1), new CleanScore("m", "", $"d{i}", false, i < 10 ? 3.5 : 2),
        })];
        Costs(scores)[0].RecalibratedAccuracy.ShouldBe(new Rate(190, 200));
    }

    [Fact]
    public void With_too_few_pairs_there_is_nothing_to_recalibrate_on()
    {
        var cost = Costs([new("m", "", "a", true, 1), new("m", "", "b", false, 2)]).ShouldHaveSingleItem();
        (cost.Accuracy, cost.RecalibratedAccuracy, cost.Recalibrated).ShouldBe((new Rate(2, 2), null, null));
        cost.AsItWas!.Tar.ShouldBe(new Rate(1, 1));
        Costs([new("m", "", "a", true, 1)]).ShouldHaveSingleItem().AsItWas.ShouldBeNull();
        Costs([new("unknown", "", "a", true, 1)]).ShouldBeEmpty();
    }

    private static IEnumerable<CleanScore> Scores(string defense, double shift) => Enumerable.Range(0, 150).Select(i => i % 3 == 0
        ? new CleanScore("m", defense, $"p{i}", true, 0.9 + 0.5 * (i / 3 * 0.618 % 1) + shift)
        : new CleanScore("m", defense, $"p{i}", false, 1.5 + 0.5 * (i * 0.618 % 1) + shift));

    private static IReadOnlyList<CleanCost> Costs(CleanScore[] scores, params DefenseFact[] facts) => RunSummary.Of(new FakeRun
    {
        Rows = [FakeRun.Row("m", "8bit", "f", "fgsm", 0)],
        RowsPlanned = 1,
        CleanScores = scores,
        Defenses = facts,
    }).CleanCosts;
}
