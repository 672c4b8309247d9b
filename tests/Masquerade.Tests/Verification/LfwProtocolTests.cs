using CsCheck;
using Masquerade.Verification;

namespace Masquerade.Tests.Verification;

public sealed class LfwProtocolTests
{
    private static readonly double[] Fars = [0.01, 0.001, 0.2];

    private static readonly Gen<ScoredPair[]> Folds = Gen.Int[2, 5].SelectMany(folds =>
        Gen.Select(Scored.Any, Gen.Int[0, folds - 1]).Select((p, fold) => Scored.Pair(p.Distance, p.Same, fold)).Array[10, 80]
            // Every fold has a pair of each kind.
            .Select(pairs => pairs.Concat(Enumerable.Range(0, 2 * folds).Select(i => Scored.Pair(i / 7.0, i % 2 == 0, i / 2))).ToArray()));

    [Fact]
    public void Equals_every_threshold_tried_on_every_pair_of_every_fold() => Folds.Sample(pairs =>
    {
        var result = LfwProtocol.Evaluate(Scored.List(pairs), pairs, Fars);
        var folds = pairs.Select(p => p.Pair.Fold).Distinct().Order().ToArray();
        result.Folds.Select(f => f.Fold).ShouldBe(folds);
        var accuracies = new List<double>();
        for (var i = 0; i < folds.Length; i++)
        {
            var (own, others) = Split(pairs, folds[i]);
            var threshold = Enumerable.Range(0, 400).Select(k => k / 100.0).MaxBy(t => Right(others, t));
            result.Folds[i].Threshold.ShouldBe(threshold);
            result.Folds[i].Pairs.ShouldBe(own.Length);
            accuracies.Add(Right(own, threshold) / (double)own.Length);
            result.Folds[i].Accuracy.ShouldBe(accuracies[i]);
        }
        result.Accuracy.ShouldBe(accuracies.Average(), 1e-12);
        result.AccuracyStd.ShouldBe(Math.Sqrt(accuracies.Average(a => Math.Pow(a - accuracies.Average(), 2))), 1e-12);
        for (var f = 0; f < Fars.Length; f++) CheckTar(result.TarAtFar[f], Fars[f], pairs, folds);
        result.Roc.Auc.ShouldBe(RocCurve.Of(pairs).Auc);
    }, iter: 60);

    private static void CheckTar(TarAtFar found, double far, ScoredPair[] pairs, int[] folds)
    {
        var thresholds = folds.Select(fold => Enumerable.Range(0, 4000).Select(k => k / 1000.0)
            .LastOrDefault(t => Accepted(Split(pairs, fold).Others, t, same: false) <= far)).ToArray();
        found.Target.ShouldBe(far);
        found.Thresholds.ShouldBe(thresholds);
        found.Tar.ShouldBe(folds.Select((fold, i) => Accepted(Split(pairs, fold).Own, thresholds[i], same: true)).Average(), 1e-12);
        found.Far.ShouldBe(folds.Select((fold, i) => Accepted(Split(pairs, fold).Own, thresholds[i], same: false)).Average(), 1e-12);
    }

    [Fact]
    public void A_verifier_that_parts_all_pairs_is_right_in_every_fold()
    {
        var pairs = Enumerable.Range(0, 40).Select(i => Scored.Pair(i % 2 == 0 ? 0.5 : 2.5, i % 2 == 0, i / 4)).ToArray();
        var result = LfwProtocol.Evaluate(Scored.List(pairs), pairs, [0.001]);
        result.Accuracy.ShouldBe(1);
        result.AccuracyStd.ShouldBe(0);
        // The first threshold that accepts 0.5, and the last that accepts nothing at 2.5.
        result.Folds.ShouldAllBe(f => f.Threshold == 0.5);
        result.TarAtFar[0].Thresholds.ShouldAllBe(t => t == 2.499);
        result.TarAtFar[0].Tar.ShouldBe(1);
        result.TarAtFar[0].Far.ShouldBe(0);
    }

    [Fact]
    public void The_standard_deviation_is_the_populations()
    {
        // Fold 0 is right on both pairs, fold 1 on one of two: 0.75 ± 0.25, where the sample's would be 0.35.
        ScoredPair[] pairs =
        [
            Scored.Pair(1.00, true, 0), Scored.Pair(2, false, 0), Scored.Pair(1.00, true, 1), Scored.Pair(0.5, false, 1),
            Scored.Pair(1.00, true, 0), Scored.Pair(2, false, 0), Scored.Pair(1.00, true, 1), Scored.Pair(0.5, false, 1),
        ];
        var result = LfwProtocol.Evaluate(Scored.List(pairs), pairs, []);
        result.Folds.Select(f => f.Accuracy).ShouldBe([0.5, 0.5]);
        // Fold 1 alone is best judged by refusing everybody, first at threshold 0; fold 0 by accepting up to 1.
        result.Folds.Select(f => f.Threshold).ShouldBe([0, 1.00]);
        ScoredPair[] uneven = [.. pairs, Scored.Pair(3.5, true, 0), Scored.Pair(3.6, true, 0)];
        var again = LfwProtocol.Evaluate(Scored.List(uneven), uneven, []);
        var accuracies = again.Folds.Select(f => f.Accuracy).ToArray();
        accuracies[0].ShouldNotBe(accuracies[1]);
        again.AccuracyStd.ShouldBe(Math.Abs(accuracies[0] - accuracies[1]) / 2, 1e-12);
    }

    [Fact]
    public void A_fold_with_half_of_its_pairs_counts_and_one_with_fewer_is_left_out_altogether()
    {
        ScoredPair[] Fold(int fold, int pairs, double shift) =>
            [.. Enumerable.Range(0, pairs).Select(i => Scored.Pair((i % 2 == 0 ? 0.5 : 2) + shift, i % 2 == 0, fold))];
        VerificationPair[] Missing(int fold, int pairs) => [.. Fold(fold, pairs, 0).Select(s => s.Pair)];
        ScoredPair[] whole = [.. Fold(0, 4, 0), .. Fold(1, 4, 0), .. Fold(2, 2, 0)];
        // Fold 3's pairs lie where they would change every threshold and the ROC curve.
        ScoredPair[] present = [.. whole, .. Fold(3, 3, 1.7)];
        var list = Scored.List(present, [.. Missing(2, 2), .. Missing(3, 4), .. Missing(4, 6)]);
        var result = LfwProtocol.Evaluate(list, present, [0.01]);
        result.FoldsLeftOut.ShouldBe([3, 4]);
        result.Folds.Select(f => (f.Fold, f.Pairs)).ShouldBe([(0, 4), (1, 4), (2, 2)]);
        var without = LfwProtocol.Evaluate(Scored.List(whole), whole, [0.01]);
        result.Accuracy.ShouldBe(without.Accuracy);
        result.Roc.Points.ShouldBe(without.Roc.Points);
        result.TarAtFar[0].Thresholds.ShouldBe(without.TarAtFar[0].Thresholds);
    }

    [Fact]
    public void A_fold_with_one_kind_of_pairs_says_nothing_of_the_others_rate()
    {
        ScoredPair[] pairs =
        [
            Scored.Pair(0.5, true, 0), Scored.Pair(2, false, 0), Scored.Pair(0.5, true, 1), Scored.Pair(2, false, 1),
            Scored.Pair(0.5, true, 2),
        ];
        var tar = LfwProtocol.Evaluate(Scored.List(pairs), pairs, [0.01]).TarAtFar[0];
        tar.Tar.ShouldBe(1);
        tar.Far.ShouldBe(0);
    }

    [Fact]
    public void What_cannot_be_judged_is_refused()
    {
        ScoredPair[] one = [Scored.Pair(0.5, true, 0), Scored.Pair(2, false, 0)];
        var list = Scored.List(one, [new VerificationPair("x|y", "x", "y", true, 1)]);
        Should.Throw<InputException>(() => LfwProtocol.Evaluate(list, one, [0.1])).Message.ShouldContain("only 1 of its 2 folds");
        Should.Throw<InputException>(() => LfwProtocol.Evaluate(list, [], [0.1])).Message.ShouldContain("only 0 of its 2 folds");
        ScoredPair[] sameOnly = [Scored.Pair(0.5, true, 0), Scored.Pair(0.5, true, 1)];
        Should.Throw<InputException>(() => LfwProtocol.Evaluate(Scored.List(sameOnly), sameOnly, [0.1]))
            .Message.ShouldContain("0 different-person");
        ScoredPair[] differentOnce = [.. sameOnly, Scored.Pair(2, false, 1)];
        Should.Throw<InputException>(() => LfwProtocol.Evaluate(Scored.List(differentOnce), differentOnce, [0.1]))
            .Message.ShouldContain("one fold only");
        Should.Throw<ArgumentOutOfRangeException>(() => LfwProtocol.Evaluate(list, one, [1.5]));
    }

    private static (ScoredPair[] Own, ScoredPair[] Others) Split(ScoredPair[] pairs, int fold) =>
        ([.. pairs.Where(p => p.Pair.Fold == fold)], [.. pairs.Where(p => p.Pair.Fold != fold)]);

    private static int Right(ScoredPair[] pairs, double threshold) => pairs.Count(p => p.Distance <= threshold == p.Pair.SamePerson);

    private static double Accepted(ScoredPair[] pairs, double threshold, bool same)
    {
        var kind = pairs.Where(p => p.Pair.SamePerson == same).ToArray();
        return kind.Count(p => p.Distance <= threshold) / (double)kind.Length;
    }
}
