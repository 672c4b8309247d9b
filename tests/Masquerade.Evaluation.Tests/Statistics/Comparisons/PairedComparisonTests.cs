using System.Numerics;
using CsCheck;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics.Comparisons;
using Masquerade.Evaluation.Tests.Reporting;

namespace Masquerade.Evaluation.Tests.Statistics.Comparisons;

public class PairedComparisonTests
{
    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(5, 0, 0.0625)]
    [InlineData(3, 3, 1)]
    [InlineData(10, 2, 2 * 79 / 4096.0)]
    public void McNemar_is_twice_the_binomial_tail(int onlyFirst, int onlySecond, double expected)
    {
        PairedComparison.McNemar(onlyFirst, onlySecond).ShouldBe(expected, 1e-12);
        PairedComparison.McNemar(onlySecond, onlyFirst).ShouldBe(expected, 1e-12);
    }

    [Fact]
    public void McNemar_is_what_counting_all_outcomes_gives() =>
        Gen.Select(Gen.Int[0, 8], Gen.Int[0, 8]).Sample((b, c) =>
        {
            var n = b + c;
            // As or more unequal than what was seen, of the 2ⁿ ways in which n coins can fall.
            var extreme = Enumerable.Range(0, 1 << n)
                .Count(coins => Math.Abs(2 * BitOperations.PopCount((uint)coins) - n) >= Math.Abs(b - c));
            PairedComparison.McNemar(b, c).ShouldBe(extreme / Math.Pow(2, n), 1e-12);
        }, iter: 40);

    [Fact]
    public void McNemar_holds_far_beyond_what_a_double_can_count()
    {
        // Normal approximation with continuity correction: z = 199 / √6000, p = 0.01020.
        PairedComparison.McNemar(3100, 2900).ShouldBe(0.0102, 2e-4);
        PairedComparison.McNemar(6000, 0).ShouldBeInRange(0, 1e-300);
    }

    [Fact]
    public void Pairs_are_matched_and_only_what_both_attacked_counts()
    {
        var wrongAlready = FakeRun.Row("m", "float", "f", "deepfool", 4);
        AttackRow[] first = [Success(0, 2), Success(2, 3), Success(6, 5), Failure(8), Success(10, 1), wrongAlready];
        AttackRow[] second = [Failure(10), Success(8, 1), Success(6, 4), Success(2, 1), Success(0, 2), wrongAlready, Success(12, 1)];
        var comparison = PairedComparison.Of(first, second);
        comparison.Pairs.ShouldBe(5);
        comparison.OnlyFirst.ShouldBe(1);
        comparison.OnlySecond.ShouldBe(1);
        comparison.CommonSuccesses.ShouldBe(3);
        comparison.MeanDifference!.Value.Value.ShouldBe((0 + 2 + 1) / 3.0, 1e-12);
        comparison.SuccessPValue.ShouldBe(1);
        PairedComparison.Of(first, []).MeanDifference.ShouldBeNull();
        Should.Throw<ArgumentException>(() => PairedComparison.Of([Success(0, 2), Success(0, 3)], second));
    }

    private static AttackRow Success(int pair, double norm) => FakeRun.Row("m", "float", "f", "deepfool", pair) with { L2 = norm };

    private static AttackRow Failure(int pair) => Success(pair, 0) with { Success = false, L2 = null, Status = "failed" };
}
