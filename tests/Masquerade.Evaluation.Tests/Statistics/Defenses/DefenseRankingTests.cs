using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Defenses;
using Masquerade.Evaluation.Statistics.Intervals;
using Masquerade.Evaluation.Tests.Reporting;
using Masquerade.Evaluation.Tests.Runs;

namespace Masquerade.Evaluation.Tests.Statistics.Defenses;

public class DefenseRankingTests
{
    [Fact]
    public void What_cannot_be_told_apart_shares_a_place()
    {
        double[] norms = [.. Enumerable.Range(0, 200).Select(i => 1 + i * 0.618 % 1)];
        var ranking = Rank(
            ("", [.. norms]),
            ("same", [.. norms.Reverse().Select(n => 1.001 * n)]),
            ("strong", [.. norms.Select(n => 2 * n)]),
            ("strong too", [.. norms.Reverse().Select((n, i) => i < 4 ? double.PositiveInfinity : 1.98 * n)]));
        (ranking.Pairs, ranking.PairsInAll, ranking.IsRanking).ShouldBe((200, 200, true));
        ranking.Order.Select(r => (r.Defense, r.Place))
            .ShouldBe([("strong", 1), ("strong too", 1), ("same", 3), ("", 3)], ignoreOrder: true);
    }

    [Fact]
    public void Withstanding_more_pairs_tells_apart_what_medians_do_not()
    {
        double[] norms = [.. Enumerable.Range(0, 200).Select(i => 1 + i * 0.618 % 1)];
        // Of the largest norms some become infinite: the median stays what it is.
        var largest = norms.OrderDescending().Take(6).ToHashSet();
        var ranking = Rank(("weak", norms), ("withstands", [.. norms.Select(n => largest.Contains(n) ? double.PositiveInfinity : n)]));
        ranking.Order.Select(r => (r.Defense, r.Place)).ShouldBe([("withstands", 1), ("weak", 2)]);
        ranking.Order[1].Ratio!.Value.Interval.ShouldBe(new Interval(1, 1));
        ranking.Order[1].SuccessPValue!.Value.ShouldBe(2.0 / 64, 1e-9);
    }

    [Fact]
    public void With_fewer_than_200_pairs_there_is_an_order_and_no_ranking()
    {
        var ranking = Rank(("a", [.. Enumerable.Repeat(1.0, 199)]), ("b", [.. Enumerable.Repeat(9.0, 199)]));
        ranking.IsRanking.ShouldBeFalse();
        ranking.Order.Select(r => r.Defense).ShouldBe(["b", "a"]);
        ranking.Order.ShouldAllBe(r => r.Place == null && r.Ratio == null && r.SuccessPValue == null);
    }

    private static DefenseRanking Rank(params (string Defense, double[] Norms)[] defenses)
    {
        AttackRow[] rows =
        [
            .. defenses.SelectMany(d => DefenseMatrixTests.Rows("fgsm", d.Defense, d.Defense == "" ? "" : "perfect", d.Norms)),
        ];
        return RunSummary.Of(new FakeRun { Rows = rows, RowsPlanned = rows.Length }).DefenseRankings.ShouldHaveSingleItem();
    }
}
