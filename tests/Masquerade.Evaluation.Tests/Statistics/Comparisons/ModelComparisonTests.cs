using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Comparisons;
using Masquerade.Evaluation.Statistics.Intervals;
using Masquerade.Evaluation.Tests.Reporting;
using Masquerade.Evaluation.Tests.Runs;

namespace Masquerade.Evaluation.Tests.Statistics.Comparisons;

public class ModelComparisonTests
{
    private const double Infinity = double.PositiveInfinity;

    [Fact]
    public void Models_are_compared_on_the_pairs_that_all_of_them_judged_right()
    {
        AttackRow[] rows =
        [
            .. Rows("weak", "fgsm", 1, 2, 3, 4, 5), .. Rows("weak", "deepfool", 2, 1, 1, 9, 9),
            .. Rows("strong", "fgsm", 3, 6, 9, 100, Infinity), .. Rows("strong", "deepfool", 8, 8, 8, 8, 8),
        ];
        // The strong model was wrong about the fourth pair from the start: of that nothing can be learnt.
        rows[13] = rows[13] with { AlreadyWrong = true, L2 = 0 };
        rows[18] = rows[18] with { AlreadyWrong = true, L2 = 0 };
        var comparisons = Compare(rows);
        comparisons.Select(c => (c.Attack, c.Goal, c.Storage, c.Pairs)).ShouldBe(new[] { "f/fgsm", "f/deepfool", null }
            .Select(a => (a, AttackGoal.Anonymize, "float", 4)));
        comparisons.ShouldAllBe(c => c.Models[0].Model == "weak" && c.Models[1].Model == "strong" && c.Models[0].Ratio == null);
        Values(comparisons[0]).ShouldBe((2.5, 7.5, 3));
        Values(comparisons[1]).ShouldBe((1.5, 8, 8 / 1.5));
        // Pair by pair: 1, 1, 1, 5 against 3, 6, 8, 8.
        Values(comparisons[2]).ShouldBe((1, 7, 7));
        comparisons[0].Models[1].Fooled.ShouldBe(new Rate(3, 4));
        comparisons[0].Models[1].MedianL2!.Value.Interval!.Value.High.ShouldBe(Infinity);

        static (double, double, double) Values(ModelComparison c) =>
            (c.Models[0].MedianL2!.Value.Value, c.Models[1].MedianL2!.Value.Value, c.Models[1].Ratio!.Value.Value);
    }

    [Fact]
    public void A_model_that_withstands_most_has_no_median()
    {
        var comparison = Compare([.. Rows("a", "fgsm", 1, 2, 3), .. Rows("b", "fgsm", 1, Infinity, Infinity)]).Single();
        (comparison.Models[1].Fooled, comparison.Models[1].MedianL2, comparison.Models[1].Ratio).ShouldBe((new Rate(1, 3), null, null));
        // Nor can a ratio be had to it.
        Compare([.. Rows("b", "fgsm", 1, Infinity, Infinity), .. Rows("a", "fgsm", 1, 2, 3)]).Single().Models[1].Ratio.ShouldBeNull();
    }

    [Fact]
    public void Only_what_was_done_to_all_of_the_models_is_compared()
    {
        Compare([.. Rows("a", "fgsm", 1, 2), .. Rows("a", "deepfool", 1, 1)]).ShouldBeEmpty();
        Compare([.. Rows("a", "fgsm", 1, 2), .. Rows("b", "deepfool", 1, 2)]).ShouldBeEmpty();
        var comparisons = Compare(
        [
            .. Rows("a", "fgsm", 1, 2), .. Rows("b", "fgsm", 1, 2), .. Rows("a", "deepfool", 1, 2),
            .. Rows("a", "fgsm", 1, 2).Concat(Rows("b", "fgsm", 5, 6)).Select(r => r with { Storage = "8bit" }),
        ]);
        comparisons.Select(c => (c.Attack, c.Storage, c.Models[1].Ratio!.Value.Value))
            .ShouldBe([("f/fgsm", "float", 1), ("f/fgsm", "8bit", 5.5 / 1.5)]);
        // A run that was stopped has met the second model with some of the pairs only.
        Compare([.. Rows("a", "fgsm", 1, 2, 3, 4), .. Rows("b", "fgsm", 3, 4)]).Single().Models
            .Select(m => m.MedianL2!.Value.Value).ShouldBe([1.5, 3.5]);
        var wrong = Rows("b", "fgsm", 1).Select(r => r with { AlreadyWrong = true, L2 = 0 });
        var none = Compare([.. Rows("a", "fgsm", 1), .. wrong]).Single();
        (none.Pairs, none.Models[0].MedianL2).ShouldBe((0, null));
    }

    [Fact]
    public void Ratios_are_resampled_with_their_pairs()
    {
        double[] first = [.. Enumerable.Range(0, 25).Select(i => 1 + i * 0.618 % 1)];
        var medians = Bootstrap.PairedMedians([first, [.. first.Select(n => 4 * n)], [.. first.Reverse()]])!;
        medians[1].Ratio.ShouldBe(new Estimate(4, new Interval(4, 4)));
        medians[2].Ratio!.Value.Value.ShouldBe(1);
        medians[2].Ratio!.Value.Interval!.Value.Low.ShouldBeLessThan(0.95);
        (medians[1].Median!.Value.Interval!.Value.Low / medians[0].Median!.Value.Interval!.Value.Low).ShouldBe(4, 1e-12);
        // One sample alone is what it is elsewhere.
        double[] sorted = [.. first.Order()];
        Bootstrap.PairedMedians([sorted])![0].Median.ShouldBe(Bootstrap.MeanAndMedian(sorted)!.Value.Median);
        Bootstrap.PairedMedians([[2.0], [3.0]])![1].ShouldBe((new Estimate(3, null), new Estimate(1.5, null)));
        Bootstrap.PairedMedians([[], []]).ShouldBeNull();
    }

    private static IReadOnlyList<ModelComparison> Compare(AttackRow[] rows) =>
        RunSummary.Of(new FakeRun { Rows = rows, RowsPlanned = rows.Length }).ModelComparisons;

    /// <summary>Pairs of one person, fooled with these norms; infinite: not fooled.</summary>
    private static IEnumerable<AttackRow> Rows(string model, string attack, params double[] norms) => norms.Select((norm, i) =>
    {
        var row = FakeRun.Row(model, "float", "f", attack, 20 + 2 * i);
        return double.IsFinite(norm) ? row with { L2 = norm } : row with { Success = false, Status = "failed", L2 = null };
    });
}
