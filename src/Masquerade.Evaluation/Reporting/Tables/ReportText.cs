using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Comparisons;
using Masquerade.Evaluation.Statistics.Defenses;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Reporting.Tables;

/// <summary>The sentences of a report: the same on the console, in Markdown and in HTML. None of it is encoded yet.</summary>
internal static class ReportText
{
    /// <summary>For tables that have both goals beside each other.</summary>
    public const string CellOrder = "Each cell is anonymization / impersonation. ";

    public const string Caption =
        "‖Δ‖ is the L2 norm of the perturbation over the height × width × 3 values of the crop, " +
        "each in [0,1]. Rates are over all pairs that could be read; the mean is over the n successes. In brackets: 95% intervals " +
        "(Wilson for rates, percentile bootstrap with 10,000 resamples for means). Forwards are images sent through the network, " +
        "backwards images that were differentiated, each over all pairs of both goals.";

    public const string SideBySide =
        "The median ‖Δ‖ that fools a pair, over the pairs that every model judged correctly before the attack; a pair that withstood " +
        "counts as farther than any norm, and ∞ means that fewer than half were fooled. In brackets: 95% bootstrap intervals, and how " +
        "many of these pairs were fooled. The last row takes the smallest norm that any attack found for a pair. The last columns divide the " +
        "medians, resampled pair by pair: above 1, the model takes more to fool.";

    /// <summary>What stands beside a ratio that tells nothing of robustness.</summary>
    public const string NotTrusted = "not to be trusted: no gradient";

    /// <summary>What stands beside a norm where attacks gave pairs up for want of a gradient; empty where none did.</summary>
    public static string WithoutGradient(int pairs, int of) => pairs == 0 ? "" : $"no gradient on {pairs} of {of}";

    /// <summary>What stands below a run beside published results.</summary>
    public static string Beside(RunSummary summary)
    {
        var study = summary.PublishedComparisons[0].Study;
        return $"Published: {study.Setting}. {study.Remark} {Agreement(summary)} An interval is of what was measured here: beside " +
            "another model, other pairs or other crops it says how far the two are apart, not which one is right.";
    }

    /// <summary>How many published numbers lie in the intervals measured here.</summary>
    public static string Agreement(RunSummary summary)
    {
        var cells = summary.PublishedComparisons.SelectMany(c => c.Cells).ToList();
        var judged = cells.Count(c => c.Inside is not null);
        var others = cells.Count > judged ? $"; {cells.Count - judged} more have none, as a mean of less than two images has not" : "";
        return $"{cells.Count(c => c.Inside == true)} of {judged} published numbers lie in the 95% intervals measured here{others}.";
    }

    public static string Quantity(PublishedQuantity quantity) => quantity switch
    {
        PublishedQuantity.Success => "‖Δ‖ < ∞",
        PublishedQuantity.Below5 => "‖Δ‖ < 5",
        PublishedQuantity.Below1 => "‖Δ‖ < 1",
        _ => "mean ‖Δ‖",
    };

    public static string Headline(RunSummary summary)
    {
        var models = Words(summary.Attacks.Select(a => a.Setting.Model).Distinct());
        return models.Length == 0 ? "Nothing was attacked" : $"Attacks on {models}";
    }

    public static string Scope(RunSummary summary)
    {
        var pairs = summary.Rows.Select(r => (r.Pair, r.Goal)).Distinct().ToList();
        if (pairs.Count == 0) return $"No pair has been attacked so far; {Numbers.Count(summary.RowsPlanned)} results are planned.";
        var attacks = summary.Attacks.Select(a => a.FullName).Distinct().Count();
        return $"{Count(pairs.Count, "pair")} of photographs ({pairs.Count(p => p.Goal == AttackGoal.Anonymize)} of the same person, " +
            $"{pairs.Count(p => p.Goal == AttackGoal.Impersonate)} of different persons), {Count(attacks, "attack")}{Defenses(summary)}.";
    }

    private static string Defenses(RunSummary summary)
    {
        var defenses = summary.DefenseMatrices.SelectMany(m => m.Defended).Select(r => r.Defense).Distinct().Count();
        var levels = Words(summary.DefenseMatrices.SelectMany(m => m.Knowledge).Distinct());
        return defenses == 0 ? "" : $", {Count(defenses, "defense")} at {levels} knowledge";
    }

    public static string Title(RunSetting setting)
    {
        var parts = new List<string> { setting.Model };
        if (setting.Storage.Length > 0) parts.Add(Judged(setting.Storage));
        parts.Add(Numbers.Text($"threshold {setting.Threshold}"));
        if (setting.Defense.Length > 0) parts.Add($"defense {setting.Defense}");
        if (setting.Knowledge.Length > 0) parts.Add($"attacker's knowledge: {setting.Knowledge}");
        if (setting.Detector.Length > 0) parts.Add($"detector {setting.Detector}");
        return string.Join(", ", parts);
    }

    public static string Judged(string storage) => storage switch
    {
        StorageNames.Float => "float images",
        StorageNames.EightBit => "8-bit images",
        _ => storage,
    };

    public static string Goal(AttackGoal goal) => goal == AttackGoal.Anonymize
        ? "Anonymization (same person, to be judged different)"
        : "Impersonation (different persons, to be judged the same)";

    /// <summary>What must be known before a number is believed.</summary>
    public static IReadOnlyList<string> Notes(RunSummary summary)
    {
        var notes = new List<string>();
        if (!summary.Complete)
            notes.Add($"Unfinished run: {Numbers.Count(summary.Rows.Count)} of {Numbers.Count(summary.RowsPlanned)} results are there. " +
                "Every number is of what has been done so far, and attacks may have met different pairs.");
        // Which pairs are wrong before the attack does not depend on how its images are stored.
        foreach (var verifier in summary.BareSettings.SelectMany(s => s).GroupBy(a => Title(a.Setting with { Storage = "" })))
        {
            var judged = verifier.SelectMany(a => a.Rows).Where(r => !RowKinds.Skipped(r)).ToList();
            var wrong = judged.Where(r => r.AlreadyWrong).DistinctBy(r => r.Pair).Count();
            if (wrong > 0)
                notes.Add($"{verifier.Key}: {wrong} of {Count(judged.DistinctBy(r => r.Pair).Count(), "pair")} " +
                    $"{(wrong == 1 ? "was" : "were")} judged wrongly before any attack and {(wrong == 1 ? "counts" : "count")} as fooled " +
                    "with ‖Δ‖ = 0. The numbers without are in report.html and summary.json.");
        }
        notes.AddRange(DefenseText.WrongBefore(summary));
        notes.AddRange(TransferText.Notes(summary));
        var skipped = summary.Skipped.Select(s => s.Pair).Distinct().Count();
        if (skipped > 0)
            notes.Add($"{Count(skipped, "pair")} could not be read and {(skipped == 1 ? "is" : "are")} in no rate; report.html says why.");
        foreach (var goal in Enum.GetValues<AttackGoal>())
        {
            if (summary.Attacks.Count > 0 && !summary.Attacks.Any(a => a.Goal == goal && a.Pairs > 0))
                notes.Add($"No pair for {LedgerRows.Name(goal)}: nothing is known of it.");
        }
        var preprocessing = Preprocessings.Parse(summary.Experiment.Preprocessing);
        if (preprocessing != Preprocessing.None)
            notes.Add($"The crops are not photographs any more ({summary.Experiment.Preprocessing}: {preprocessing.Description()}): " +
                "‖Δ‖ is measured between images so made, and the pictures show them.");
        var fewest = summary.Attacks.Where(a => a.Pairs > 0).Select(a => a.Pairs).DefaultIfEmpty(DefenseRanking.PairsToRank).Min();
        if (fewest < DefenseRanking.PairsToRank)
        {
            notes.Add($"Fewer than {DefenseRanking.PairsToRank} pairs of a goal: the attacks can be described, "
                + "but their order is no ranking.");
        }
        foreach (var (name, value) in Thresholds(summary))
            notes.Add($"{name.Replace(": ", " ", StringComparison.Ordinal)}: {value.TrimEnd('.')}.");
        return notes;
    }

    /// <summary>Where thresholds come from, as the run recorded it.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Thresholds(RunSummary summary) =>
        summary.Facts.Where(f => f.Key.Contains("threshold", StringComparison.OrdinalIgnoreCase));

    /// <summary>What came out in one setting for one goal, in a sentence or two.</summary>
    public static string Finding(IEnumerable<AttackSummary> attacks, AttackGoal goal)
    {
        var name = goal == AttackGoal.Anonymize ? "Anonymization" : "Impersonation";
        var tried = attacks.Where(a => a.Goal == goal && a.Attacked > 0).ToList();
        if (tried.Count == 0) return $"{name} was not tried.";
        // Of equal successes, the smaller perturbation is the stronger attack.
        var best = tried.OrderByDescending(a => a.OutcomeExcludingAlreadyWrong.Success.Value)
            .ThenBy(a => a.OutcomeExcludingAlreadyWrong.MedianL2?.Value ?? double.PositiveInfinity).First();
        var outcome = best.OutcomeExcludingAlreadyWrong;
        var pairs = Count(best.Attacked, "pair");
        var attack = tried.Count == 1 ? best.FullName : $"the best of {tried.Count} attacks, {best.FullName},";
        // A failure for want of a gradient is the attack's, not the model's merit.
        var gaveUp = tried.Where(a => a.WithoutGradient > 0).ToList();
        if (gaveUp.Count > 0 && outcome.Success.Count == 0)
            return $"Nothing is known of {name.ToLowerInvariant()}: {GaveUp(gaveUp)}, and none of {Count(tried.Count, "attack")} succeeded.";
        if (outcome.Success.Count == 0 || outcome.MedianL2 is not { } median)
            return $"{name} never succeeded: {attack} fooled none of {pairs} (95% interval of the rate: 0–" +
                $"{Numbers.Percent(outcome.Success.Interval?.High ?? 1)}).";
        var sentence = $"{name}: {attack} fooled {outcome.Success.Count} of {pairs} judged correctly before the attack " +
            $"({Numbers.Percent(outcome.Success.Value!.Value)}, 95% interval {Numbers.Share(outcome.Success).Detail}), " +
            $"with a median ‖Δ‖ of {Numbers.Norm(median, outcome.Success.Count)}." +
            (gaveUp.Count > 0 ? $" This does not show how robust the model is: {GaveUp(gaveUp)}." : "");
        if (best.Setting.Storage == StorageNames.EightBit) return sentence;
        var survivors = best.Success8Bit.Count - best.AlreadyWrong;
        return $"{sentence} After rounding to 8 bits, {survivors} of these {outcome.Success.Count} still succeed.";
    }

    private static string GaveUp(List<AttackSummary> attacks) =>
        $"{string.Join(", ", attacks.Select(a => a.FullName).Distinct())} ended for want of a gradient on "
        + $"{attacks.Sum(a => a.WithoutGradient)} of {attacks.Sum(a => a.Attacked)} attempts";

    public static string Count(int count, string noun) => $"{Numbers.Count(count)} {noun}{(count == 1 ? "" : "s")}";

    private static string Words(IEnumerable<string> words)
    {
        var all = words.ToList();
        return all.Count < 2 ? string.Concat(all) : $"{string.Join(", ", all.SkipLast(1))} and {all[^1]}";
    }
}
