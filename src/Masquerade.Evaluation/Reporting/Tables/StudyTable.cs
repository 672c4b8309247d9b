using Masquerade.Attacks;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Comparisons;

namespace Masquerade.Evaluation.Reporting.Tables;

/// <summary>A number to show, with what qualifies it.</summary>
/// <param name="Text">The number; an en dash where there is none.</param>
/// <param name="Detail">Its interval and the successes it is over; empty where there is none.</param>
public sealed record CellValue(string Text, string Detail = "")
{
    /// <summary>Nothing to show.</summary>
    public static CellValue None { get; } = new("–");

    /// <summary>The same value with a reservation before its other details.</summary>
    /// <param name="reservation">What must be known before the number is believed; empty for nothing.</param>
    internal CellValue Qualified(string reservation) => reservation.Length == 0 ? this
        : this with { Detail = Detail.Length == 0 ? reservation : $"{reservation}; {Detail}" };

    /// <inheritdoc/>
    public override string ToString() => Detail.Length == 0 ? Text : $"{Text} ({Detail})";
}

/// <summary>One cell: a single value, or one for anonymization and one for impersonation.</summary>
/// <param name="Values">One or two values.</param>
public sealed record TableCell(params IReadOnlyList<CellValue> Values)
{
    /// <inheritdoc/>
    public override string ToString() => string.Join(" / ", Values);
}

/// <summary>A table to print on the console, in Markdown or in HTML: the first column names, the others hold numbers.</summary>
/// <param name="Title">What it is about.</param>
/// <param name="Headers">One a column.</param>
/// <param name="Rows">As many cells each as there are headers.</param>
public sealed record StudyTable(string Title, IReadOnlyList<string> Headers, IReadOnlyList<IReadOnlyList<TableCell>> Rows)
{
    /// <summary>
    /// The study's table, one for each setting: a row an attack, each cell anonymization / impersonation. Rates are over all judged pairs,
    /// those wrong before the attack counting as successes of norm 0.
    /// </summary>
    public static IReadOnlyList<StudyTable> Of(RunSummary summary) => Each(
        summary,
        ["Attack", "‖Δ‖ < ∞", "‖Δ‖ < 5", "‖Δ‖ < 1", "Mean ‖Δ‖", "Forwards", "Backwards", "Time"],
        (name, goals) =>
        [
            name,
            Pair(goals, a => Numbers.Share(a.Outcome.Success)),
            Pair(goals, a => Numbers.Share(a.Outcome.Below5)),
            Pair(goals, a => Numbers.Share(a.Outcome.Below1)),
            Pair(goals, a => Numbers.Norm(a.Outcome.MeanL2, a.Outcome.Success.Count)),
            One(Numbers.Count(goals.Sum(a => a?.Forwards ?? 0))),
            One(Numbers.Count(goals.Sum(a => a?.Backwards ?? 0))),
            One(Numbers.Time(goals.Sum(a => a?.Seconds ?? 0))),
        ]);

    /// <summary>The same successes with pairs that were wrong before the attack left out.</summary>
    internal static IReadOnlyList<StudyTable> ExcludingAlreadyWrong(RunSummary summary) => Each(
        summary,
        ["Attack", "‖Δ‖ < ∞", "‖Δ‖ < 5", "‖Δ‖ < 1", "Mean ‖Δ‖", "Median ‖Δ‖"],
        (name, goals) =>
        [
            name,
            Pair(goals, a => Numbers.Share(a.OutcomeExcludingAlreadyWrong.Success)),
            Pair(goals, a => Numbers.Share(a.OutcomeExcludingAlreadyWrong.Below5)),
            Pair(goals, a => Numbers.Share(a.OutcomeExcludingAlreadyWrong.Below1)),
            Pair(goals, a => Numbers.Norm(a.OutcomeExcludingAlreadyWrong.MeanL2, a.OutcomeExcludingAlreadyWrong.Success.Count)),
            Pair(goals, a => Numbers.Norm(a.OutcomeExcludingAlreadyWrong.MedianL2, a.OutcomeExcludingAlreadyWrong.Success.Count)),
        ]);

    /// <summary>What an attacked pair cost: medians.</summary>
    internal static IReadOnlyList<StudyTable> Cost(RunSummary summary) => Each(
        summary,
        ["Attack", "Forwards a pair", "Backwards a pair", "Time a pair"],
        (name, goals) =>
        [
            name,
            Pair(goals, a => Numbers.Optional(a.MedianForwards, Numbers.Plain)),
            Pair(goals, a => Numbers.Optional(a.MedianBackwards, Numbers.Plain)),
            Pair(goals, a => Numbers.Optional(a.MedianSeconds, Numbers.Time)),
        ]);

    /// <summary>What is left after rounding to 8 bits, and how alike the images are.</summary>
    internal static IReadOnlyList<StudyTable> Rounded(RunSummary summary) => Each(
        summary,
        ["Attack", "Success as judged", "Success after rounding", "Mean ‖Δ‖ after rounding", "Mean SSIM"],
        (name, goals) =>
        [
            name,
            Pair(goals, a => Numbers.Share(a.Outcome.Success)),
            Pair(goals, a => Numbers.Share(a.Success8Bit)),
            Pair(goals, a => Numbers.Norm(a.MeanL28Bit, a.Success8Bit.Count)),
            Pair(goals, a => Numbers.Optional(a.MeanSsim, Numbers.Similarity)),
        ]);

    /// <summary>Several models on the same pairs, one table for each storage rule: a row an attack, a column a model.</summary>
    internal static IReadOnlyList<StudyTable> SideBySide(RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        return [.. summary.ModelComparisons.GroupBy(c => c.Storage).Select(rule =>
        {
            string[] models = [.. rule.First().Models.Select(m => m.Model)];
            return new StudyTable(
                $"Side by side, {ReportText.Judged(rule.Key)}",
                ["Attack", .. models.Select(m => $"{m}: median ‖Δ‖"), .. models.Skip(1).Select(m => $"{m} / {models[0]}")],
                [.. rule.GroupBy(c => c.Attack).Select(attack => Row(attack.Key, [.. attack.OrderBy(c => c.Goal)], models.Length))]);
        })];

        static IReadOnlyList<TableCell> Row(string? attack, ModelComparison[] goals, int models) =>
        [
            One(attack ?? "smallest for each pair"),
            .. Enumerable.Range(0, models).Select(m => Cell(goals, c => Median(c.Models[m]))),
            .. Enumerable.Range(1, models - 1).Select(m => Cell(goals, c => Ratio(c.Models[m], c.Models[0]))),
        ];

        static TableCell Cell(ModelComparison[] goals, Func<ModelComparison, CellValue> value) =>
            new([.. Enum.GetValues<AttackGoal>().Select(
                goal => goals.FirstOrDefault(g => g.Goal == goal) is { } found ? value(found) : CellValue.None)]);

        static CellValue Median(ModelStrength model) =>
            Numbers.MedianOfAll(model.MedianL2, model.Fooled).Qualified(ReportText.WithoutGradient(model.WithoutGradient, model.Fooled.Of));

        static CellValue Ratio(ModelStrength model, ModelStrength first) => Numbers.Ratio(model.Ratio)
            .Qualified(model.WithoutGradient + first.WithoutGradient > 0 ? ReportText.NotTrusted : "");
    }

    /// <summary>The run beside published results, one table for each setting: a row for an attack and a published column.</summary>
    internal static IReadOnlyList<StudyTable> Published(RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        return [.. summary.PublishedComparisons.Select(comparison => new StudyTable(
            $"Beside {comparison.Study.Title}: {ReportText.Title(comparison.Setting)}",
            ["Attack", "Published", "Here", "Published in the interval"],
            [.. comparison.Cells.GroupBy(c => (c.Attack, c.Quantity)).Select(row => (IReadOnlyList<TableCell>)
                [
                    One($"{row.Key.Attack} {ReportText.Quantity(row.Key.Quantity)}"),
                    Cell(row, c => new CellValue(Numbers.Published(c))),
                    Cell(row, Numbers.Here),
                    Cell(row, c => c.Inside is { } inside ? new CellValue(inside ? "yes" : "no") : CellValue.None),
                ])]))];

        static TableCell Cell(IEnumerable<PublishedCell> row, Func<PublishedCell, CellValue> value) =>
            new([.. Enum.GetValues<AttackGoal>().Select(
                goal => row.FirstOrDefault(c => c.Goal == goal) is { } found ? value(found) : CellValue.None)]);
    }

    private static List<StudyTable> Each(
        RunSummary summary, IReadOnlyList<string> headers, Func<TableCell, AttackSummary?[], IReadOnlyList<TableCell>> row)
    {
        ArgumentNullException.ThrowIfNull(summary);
        return [.. summary.BareSettings.Select(setting => new StudyTable(
            ReportText.Title(setting.Key),
            headers,
            [.. setting.GroupBy(a => a.FullName).Select(attack => row(
                One(attack.Key), [.. Enum.GetValues<AttackGoal>().Select(goal => attack.FirstOrDefault(a => a.Goal == goal))]))]))];
    }

    private static TableCell One(string text) => new(new CellValue(text));

    private static TableCell Pair(AttackSummary?[] goals, Func<AttackSummary, CellValue> value) =>
        new([.. goals.Select(a => a is null ? CellValue.None : value(a))]);
}
