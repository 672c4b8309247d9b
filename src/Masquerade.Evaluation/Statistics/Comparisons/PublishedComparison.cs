using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Statistics.Comparisons;

/// <summary>What is compared with a published table: its columns.</summary>
public enum PublishedQuantity
{
    /// <summary>Share of the pairs that was fooled.</summary>
    Success,

    /// <summary>Share fooled with an L2 norm below 5.</summary>
    Below5,

    /// <summary>Share fooled with an L2 norm below 1.</summary>
    Below1,

    /// <summary>Mean L2 norm of the successes.</summary>
    MeanL2,
}

/// <summary>A cell of a published table, and the run's.</summary>
/// <param name="Attack">family/attack.</param>
/// <param name="Goal">What the attacker wanted.</param>
/// <param name="Quantity">The column.</param>
/// <param name="Published">The published number: a share in [0,1], or a norm.</param>
/// <param name="Here">The run's number; null where it has none.</param>
/// <param name="Interval">Its 95 % interval: Wilson's of a share, the bootstrap's of a mean; null where it has none.</param>
/// <param name="Rate">How many of how many, of a share; how many successes of how many pairs, of a mean.</param>
public sealed record PublishedCell(
    string Attack, AttackGoal Goal, PublishedQuantity Quantity, double Published, double? Here, Interval? Interval, Rate Rate)
{
    /// <summary>Whether the published number lies in the interval; null where there is no interval.</summary>
    public bool? Inside => Interval is { } i ? Published >= i.Low && Published <= i.High : null;
}

/// <summary>A run's results in one setting beside a study's, cell by cell.</summary>
/// <param name="Study">The study.</param>
/// <param name="Setting">What the run attacked.</param>
/// <param name="Cells">Every cell of the table whose attack and goal the run has, in the table's order, a column after another.</param>
public sealed record PublishedComparison(PublishedStudy Study, RunSetting Setting, IReadOnlyList<PublishedCell> Cells)
{
    /// <summary>One for each setting of a run that made attacks of the study under its storage rule.</summary>
    internal static IReadOnlyList<PublishedComparison> All(Experiment experiment, IReadOnlyList<AttackSummary> attacks)
    {
        if (experiment.CompareWith is not { } name) return [];
        var study = PublishedStudies.Find(name);
        return
        [
            .. from setting in attacks.GroupBy(a => a.Setting)
               where setting.Key.Storage == study.Storage
               let cells = study.Outcomes.SelectMany(published => Compare(published, setting)).ToList()
               where cells.Count > 0
               select new PublishedComparison(study, setting.Key, cells),
        ];
    }

    private static IEnumerable<PublishedCell> Compare(PublishedOutcome published, IEnumerable<AttackSummary> attacks)
    {
        var found = attacks.FirstOrDefault(a => a.FullName == published.Attack && a.Goal == published.Goal && a.Pairs > 0);
        if (found?.Outcome is not { } outcome) yield break;
        yield return Share(PublishedQuantity.Success, published.Success, outcome.Success);
        yield return Share(PublishedQuantity.Below5, published.Below5, outcome.Below5);
        yield return Share(PublishedQuantity.Below1, published.Below1, outcome.Below1);
        yield return new PublishedCell(published.Attack, published.Goal, PublishedQuantity.MeanL2, published.MeanL2,
            outcome.MeanL2?.Value, outcome.MeanL2?.Interval, outcome.Success);

        PublishedCell Share(PublishedQuantity quantity, double value, Rate rate) =>
            new(published.Attack, published.Goal, quantity, value, rate.Value, rate.Interval, rate);
    }
}
