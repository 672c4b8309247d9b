using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Statistics;

/// <summary>What was attacked, and under which rule: rows of one setting can be compared.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Threshold">Its threshold on the squared distance.</param>
/// <param name="Storage">The rule an adversarial image is judged under.</param>
/// <param name="Defense">The defense; empty for none.</param>
/// <param name="Knowledge">What the attacker knows of it.</param>
/// <param name="Detector">The detector; empty for none.</param>
public sealed record RunSetting(
    string Model, double Threshold, string Storage, string Defense, string Knowledge, string Detector)
{
    /// <summary>The setting of a row.</summary>
    public static RunSetting Of(AttackRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return new RunSetting(row.Model, row.Threshold, row.Storage, row.Defense, row.Knowledge, row.Detector);
    }
}

/// <summary>Success and norms under one way of counting pairs that were wrong before the attack.</summary>
/// <param name="Success">Fooled pairs, of all judged pairs.</param>
/// <param name="Below5">Of these pairs, the ones fooled with an L2 norm below 5.</param>
/// <param name="Below1">Of these pairs, the ones fooled with an L2 norm below 1.</param>
/// <param name="MeanL2">Mean L2 norm of the successes; null without any.</param>
/// <param name="MedianL2">Median L2 norm of the successes; null without any.</param>
public sealed record AttackOutcome(Rate Success, Rate Below5, Rate Below1, Estimate? MeanL2, Estimate? MedianL2)
{
    internal static AttackOutcome Of(IReadOnlyCollection<AttackRow> judged)
    {
        double[] norms = [.. judged.Where(r => r.Success).Select(r => r.Norm())];
        var l2 = Bootstrap.MeanAndMedian(norms);
        return new AttackOutcome(
            new Rate(norms.Length, judged.Count),
            new Rate(norms.Count(n => n < 5), judged.Count),
            new Rate(norms.Count(n => n < 1), judged.Count),
            l2?.Mean,
            l2?.Median);
    }
}

/// <summary>What one attack did in one setting to the pairs of one goal.</summary>
public sealed record AttackSummary
{
    /// <summary>What was attacked.</summary>
    public required RunSetting Setting { get; init; }

    /// <summary>Family of the attack.</summary>
    public required string Family { get; init; }

    /// <summary>Its name in the family.</summary>
    public required string Attack { get; init; }

    /// <summary>What the attacker wanted.</summary>
    public required AttackGoal Goal { get; init; }

    /// <summary>The rows behind the numbers, in the order of the pairs.</summary>
    public required IReadOnlyList<AttackRow> Rows { get; init; }

    /// <summary>Pairs that could not be read; they are in no rate.</summary>
    public required int Skipped { get; init; }

    /// <summary>Pairs wrong before the attack.</summary>
    public required int AlreadyWrong { get; init; }

    /// <summary>Pairs judged right at first, and attacked.</summary>
    public required int Attacked { get; init; }

    /// <summary>
    /// Attacked pairs that the attack gave up for want of a gradient. They count as not fooled, although that says nothing of the verifier.
    /// </summary>
    public required int WithoutGradient { get; init; }

    /// <summary>Pairs that the rates are over: attacked or wrong already.</summary>
    public int Pairs => Attacked + AlreadyWrong;

    /// <summary>The 2019 study's way of counting: a pair wrong before the attack is a success of norm 0.</summary>
    public required AttackOutcome Outcome { get; init; }

    /// <summary>The other way: a pair wrong before the attack is left out.</summary>
    public required AttackOutcome OutcomeExcludingAlreadyWrong { get; init; }

    /// <summary>Pairs fooled by an image that was rounded to 8 bits, of all judged pairs; the study's way of counting.</summary>
    public required Rate Success8Bit { get; init; }

    /// <summary>Mean L2 norm of those images; null without any.</summary>
    public required Estimate? MeanL28Bit { get; init; }

    /// <summary>Mean structural similarity to the clean probe over successes that an attack made; null without any.</summary>
    public required double? MeanSsim { get; init; }

    /// <summary>Images sent through the forward engine, over all pairs.</summary>
    public required long Forwards { get; init; }

    /// <summary>Images differentiated, over all pairs.</summary>
    public required long Backwards { get; init; }

    /// <summary>Time in all.</summary>
    public required double Seconds { get; init; }

    /// <summary>Median over attacked pairs; null without any.</summary>
    public required double? MedianForwards { get; init; }

    /// <summary>Median over attacked pairs; null without any.</summary>
    public required double? MedianBackwards { get; init; }

    /// <summary>Median over attacked pairs; null without any.</summary>
    public required double? MedianSeconds { get; init; }

    /// <summary>family/attack.</summary>
    public string FullName => $"{Family}/{Attack}";

    /// <summary>Summarises the rows of one setting, attack and goal.</summary>
    /// <param name="rows">At least one.</param>
    internal static AttackSummary Of(IReadOnlyList<AttackRow> rows)
    {
        var judged = rows.Where(r => !RowKinds.Skipped(r)).ToList();
        var attacked = judged.Where(RowKinds.Attacked).ToList();
        var rounded = judged.Where(r => r.Success8Bit ?? r.AlreadyWrong).ToList();
        double[] similarities = [.. attacked.Where(r => r.Success).Select(r => r.Ssim).OfType<double>()];
        var outcome = AttackOutcome.Of(judged);
        // Where images were searched for under the 8-bit rule, they are what they are after rounding.
        var same = rounded.Count == outcome.Success.Count && rounded.All(r => r.Success && (r.L2After8Bit ?? r.Norm()) == r.Norm());
        return new AttackSummary
        {
            Setting = RunSetting.Of(rows[0]),
            Family = rows[0].Family,
            Attack = rows[0].Attack,
            Goal = rows[0].Goal,
            Rows = rows,
            Skipped = rows.Count - judged.Count,
            AlreadyWrong = judged.Count - attacked.Count,
            Attacked = attacked.Count,
            WithoutGradient = attacked.Count(RowKinds.WithoutGradient),
            Outcome = outcome,
            OutcomeExcludingAlreadyWrong = attacked.Count == judged.Count ? outcome : AttackOutcome.Of(attacked),
            Success8Bit = new Rate(rounded.Count, judged.Count),
            MeanL28Bit = same ? outcome.MeanL2 : Bootstrap.MeanAndMedian(rounded.Select(r => r.L2After8Bit ?? r.Norm()))?.Mean,
            MeanSsim = similarities.Length == 0 ? null : similarities.Sum() / similarities.Length,
            Forwards = rows.Sum(r => r.Forwards),
            Backwards = rows.Sum(r => r.Backwards),
            Seconds = rows.Sum(r => r.Seconds),
            MedianForwards = Median(attacked, r => r.Forwards),
            MedianBackwards = Median(attacked, r => r.Backwards),
            MedianSeconds = Median(attacked, r => r.Seconds),
        };
    }

    private static double? Median(List<AttackRow> rows, Func<AttackRow, double> value) =>
        rows.Count == 0 ? null : Bootstrap.Quantile([.. rows.Select(value).Order()], 0.5);
}
