
namespace Masquerade.Verification;

/// <summary>One fold, judged with a threshold that was chosen without it.</summary>
/// <param name="Fold">Its number, from 0.</param>
/// <param name="Pairs">Pairs judged.</param>
/// <param name="Threshold">The most accurate threshold on the other folds.</param>
/// <param name="Accuracy">Share of right decisions in the fold.</param>
public sealed record FoldAccuracy(int Fold, int Pairs, double Threshold, double Accuracy);

/// <summary>The true accept rate where false accepts are held to a target.</summary>
/// <param name="Target">The false accept rate that thresholds were chosen for.</param>
/// <param name="Tar">True accept rate: with folds the mean over them.</param>
/// <param name="Far">The false accept rate attained: with folds the mean over them.</param>
/// <param name="Thresholds">The thresholds: one a fold, or one.</param>
public sealed record TarAtFar(double Target, double Tar, double Far, IReadOnlyList<double> Thresholds);

/// <summary>What the ten-fold evaluation finds.</summary>
/// <param name="Accuracy">Mean accuracy over folds.</param>
/// <param name="AccuracyStd">Population standard deviation over folds.</param>
/// <param name="Folds">Each fold judged, in order.</param>
/// <param name="FoldsLeftOut">Folds, from 0, of which fewer than half the pairs are present.</param>
/// <param name="TarAtFar">One for each target, in the targets' order.</param>
/// <param name="Roc">The ROC curve over all pairs of the folds judged.</param>
public sealed record LfwResult(
    double Accuracy, double AccuracyStd, IReadOnlyList<FoldAccuracy> Folds, IReadOnlyList<int> FoldsLeftOut,
    IReadOnlyList<TarAtFar> TarAtFar, RocCurve Roc);

/// <summary>
/// The evaluation of Labeled Faces in the Wild, View 2 (Huang et al., 2007; thresholds on squared distance as FaceNet's published
/// evaluation has them): a fold is judged with the threshold that is best on the other folds.
/// </summary>
public static class LfwProtocol
{
    /// <summary>Evaluates a verifier's distances.</summary>
    /// <param name="list">The list with its folds, complete.</param>
    /// <param name="scored">The pairs of it that can be used. Folds with fewer than half of theirs are left out altogether.</param>
    /// <param name="fars">False accept rates to hold, each in [0,1].</param>
    /// <exception cref="InputException">
    /// Fewer than two folds are half present, or the other folds of one lack same-person or different-person pairs.
    /// </exception>
    public static LfwResult Evaluate(PairList list, IReadOnlyCollection<ScoredPair> scored, IReadOnlyList<double> fars)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(scored);
        ArgumentNullException.ThrowIfNull(fars);
        foreach (var far in fars) ThresholdCalibration.RequireRate(far);
        var listed = list.Pairs.CountBy(p => p.Fold).ToDictionary();
        var present = scored.GroupBy(s => s.Pair.Fold).ToDictionary(g => g.Key, g => g.ToArray());
        var judged = present.Where(fold => 2 * fold.Value.Length >= listed[fold.Key]).Select(fold => fold.Key).Order().ToArray();
        if (judged.Length < 2)
        {
            throw new InputException($"{list.Source}: only {judged.Length} of its {listed.Count} folds have half of their pairs in the "
                + "images folder; two are needed, add photographs");
        }
        var all = judged.SelectMany(fold => present[fold]).ToArray();
        var roc = RocCurve.Of(all);
        var folds = EachFold(ThresholdCalibration.AccuracySteps).Select((fold, i) =>
        {
            var best = fold.Others.MostAccurate();
            return new FoldAccuracy(judged[i], fold.Own.Same + fold.Own.Different, fold.Own.Threshold(best), fold.Own.Accuracy(best));
        }).ToArray();
        var mean = folds.Average(f => f.Accuracy);
        var std = Math.Sqrt(folds.Average(f => (f.Accuracy - mean) * (f.Accuracy - mean)));
        var fine = EachFold(ThresholdCalibration.FarSteps).ToArray();
        TarAtFar[] tars = [.. fars.Select(far => AtFar(list, fine, far))];
        return new LfwResult(mean, std, folds, [.. listed.Keys.Except(judged).Order()], tars, roc);

        IEnumerable<(ThresholdCounts Own, ThresholdCounts Others)> EachFold(int steps)
        {
            var total = ThresholdCounts.Of(all, steps);
            return judged.Select(fold => ThresholdCounts.Of(present[fold], steps)).Select(own => (own, total.Without(own)));
        }
    }

    private static TarAtFar AtFar(PairList list, IReadOnlyCollection<(ThresholdCounts Own, ThresholdCounts Others)> folds, double target)
    {
        if (folds.Any(f => f.Others.Different == 0))
            throw new InputException($"{list.Source}: different-person pairs are present in one fold only; add photographs of other folds");
        var chosen = folds.Select(f => (Counts: f.Own, K: f.Others.LargestWithin(target))).ToArray();
        // A fold of which only one kind of pairs is present says nothing of the other kind's rate.
        return new TarAtFar(target,
            chosen.Where(c => c.Counts.Same > 0).Average(c => c.Counts.Tar(c.K)),
            chosen.Where(c => c.Counts.Different > 0).Average(c => c.Counts.Far(c.K)),
            [.. chosen.Select(c => c.Counts.Threshold(c.K))]);
    }
}
