using Masquerade.Attacks;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Defenses;

namespace Masquerade.Evaluation.Reporting.Tables;

/// <summary>The sentences about defenses. None of it is encoded yet.</summary>
internal static class DefenseText
{
    public const string Levels =
        "Zero knowledge: images made against the bare verifier are shown to the defended one. Perfect knowledge: the attack is made " +
        "through the defense, as if it changed nothing where it has no gradient of its own (BPDA), averaged over draws where it is " +
        "random (EOT). The worst case takes, pair by pair, the smallest norm of all attacks at both levels: where zero knowledge is " +
        "the stronger, it counts. ";

    public const string Counting =
        "A pair that was judged wrongly before the attack counts as fooled with ‖Δ‖ = 0, a random defense as fooled where at least " +
        "half of many fresh draws are. The median is over all pairs, one that withstood counting as farther than any norm; ∞ means " +
        "that fewer than half were fooled. The ratio to no defense is of the pairs that both judged right before the attack, resampled " +
        "pair by pair. In brackets: 95% intervals (Wilson for rates, percentile bootstrap for norms). What rounding to 8 bits alone " +
        "undoes of an attack is told where attacks on the bare verifier are.";

    public const string Ranking =
        "By the worst case's median norm, then by how many pairs were fooled. Defenses share a place where they cannot be told apart " +
        "from its first: where neither the interval of their medians' ratio (paired bootstrap) excludes 1 nor McNemar's test of the " +
        "pairs fooled rejects at 5%. Each test is by itself, not corrected for how many there are.";

    /// <summary>Shares of clean probes at which the detection is told.</summary>
    public static readonly double[] FalseAlarms = [0.01, 0.05];

    public const string Detections =
        "The part by itself. Images: made against the bare verifier, which they fool, under the 8-bit rule, and shown to the detector; AUC: how " +
        "often such an image has a higher score than a clean probe (± half of the 95% interval of Hanley and McNeil); at 1 % and at 5 % false alarms: where no " +
        "more than so many of the clean probes here are refused; refused: at the threshold in force, all of them, those with norms up to the median, and above. Evaded: attackers who know the detector fooled the verifier and were not " +
        "refused, of the pairs that were right before. Elsewhere the outcome of the whole counts: passing for somebody else succeeds only unrefused, " +
        "hiding succeeds by a refusal as well, and a clean probe that is refused is not accepted. In brackets: 95% Wilson intervals.";

    public static readonly string NoRanking = Numbers.Text(
        $"Fewer than {DefenseRanking.PairsToRank} pairs of both goals: the defenses can be described, but their order is no ranking.");

    /// <summary>What stands below the table of clean costs.</summary>
    public static string CleanCosts(RunSummary summary)
    {
        var fewest = summary.CleanCosts.Select(c => c.Different).DefaultIfEmpty().Min();
        var few = fewest < CleanCost.PairsForFar
            ? $" There are {fewest} different-person pairs only: fewer than {Numbers.Count(CleanCost.PairsForFar)} cannot tell a FAR of "
                + "10⁻³, and what is shown is a threshold that accepts none of those it was chosen on."
            : "";
        return "Pairs: same-person + different-person. Accuracy: with the model's threshold as it was, and with the threshold that is " +
            $"most accurate behind the defense on the other folds ({CleanCost.MostFolds}-fold cross-validation; folds are neighbours in " +
            "the list). TAR: same-person pairs accepted where different-person pairs are to be accepted at a FAR of 10⁻³, with the " +
            "threshold that does so for the bare verifier on these pairs, and recalibrated likewise; FAR: what was attained." + few +
            " Time: purification of an image in a batch of 32, and as a share of the recogniser's forward. In brackets: 95% Wilson " +
            "intervals.";
    }

    /// <summary>What came out for one model, storage rule and goal, in a sentence or two.</summary>
    public static string Finding(RunSummary summary, DefenseMatrix matrix)
    {
        var name = matrix.Goal == AttackGoal.Anonymize ? "Anonymization" : "Impersonation";
        var defended = matrix.Defended.Where(r => r.Worst.Success.Of > 0).ToList();
        if (defended.Count == 0) return $"{name} was not tried.";
        var best = defended.OrderByDescending(r => r.Worst.MedianL2?.Value ?? double.PositiveInfinity)
            .ThenBy(r => r.Worst.Success.Count).First();
        var most = defended.Count == 1 ? $"{best.Defense} took" : $"of {defended.Count} defenses {best.Defense} took most,";
        var norm = best.Worst.MedianL2 is null
            ? $"more than any norm on most pairs ({best.Worst.Success.Count} of {best.Worst.Success.Of} were fooled)"
            : $"a median ‖Δ‖ of {Numbers.MedianOfAll(best.Worst.MedianL2, best.Worst.Success)}";
        var ratio = best.Ratio is { } r ? $", {Numbers.Ratio(r)} the bare verifier's" : "";
        var levels = best is { Zero: { } zero, Perfect: { } perfect }
            ? $" Attackers who do not know it fooled {Numbers.Share(zero.Success)}, those who do {Numbers.Share(perfect.Success)}."
            : "";
        var warnings = DefenseTables.Warnings(summary, matrix.Model, best.Defense, matrix.Goal);
        return $"{name}: in the worst case {most} {norm}{ratio}.{levels}"
            + (warnings > 0 ? $" {Trust(warnings)}" : "");
    }

    /// <summary>Pairs that verifiers were wrong of behind their defenses, a sentence for each model that was.</summary>
    public static IEnumerable<string> WrongBefore(RunSummary summary) =>
        from model in summary.DefenseMatrices.GroupBy(m => (m.Model, m.Threshold))
        let wrong = model.SelectMany(m => m.Defended).GroupBy(r => r.Defense).Select(d => (
            Defense: d.Key,
            Pairs: d.SelectMany(r => r.Attacks).SelectMany(a => a.Rows).Where(r => r.AlreadyWrong).DistinctBy(r => r.Pair).Count(),
            Of: d.SelectMany(r => r.Attacks).SelectMany(a => a.Rows).Where(r => !RowKinds.Skipped(r)).DistinctBy(r => r.Pair).Count()))
            .ToList()
        let most = wrong.MaxBy(w => w.Pairs)
        where most.Pairs > 0
        select $"{model.Key.Model}, behind a defense: up to {most.Pairs} of {ReportText.Count(most.Of, "pair")} ({most.Defense}) "
            + "judged wrongly before any attack; they count as fooled with ‖Δ‖ = 0.";

    private static string Trust(int warnings) => warnings == 1
        ? "There is a warning about this evaluation below."
        : $"There are {warnings} warnings about this evaluation below.";
}
