using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Defenses;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Reporting.Tables;

/// <summary>The tables of a run with defenses. Rows are defenses, the bare verifier first.</summary>
internal static class DefenseTables
{
    /// <summary>The name of a row.</summary>
    public static string Name(string defense) => defense.Length > 0 ? defense : "no defense";

    /// <summary>What the table or figure of some matrices is about.</summary>
    public static string Title(DefenseMatrix matrix) =>
        Numbers.Text($"{matrix.Model}, {ReportText.Judged(matrix.Storage)}, threshold {matrix.Threshold}");

    /// <summary>One for each model and storage rule: both levels of knowledge and the worst case, anonymization / impersonation.</summary>
    public static IReadOnlyList<StudyTable> Overview(RunSummary summary) => Each(summary, goals => new StudyTable(
        Title(goals[0]),
        ["Defense", "Zero knowledge", "Perfect knowledge", "Worst case", "Median ‖Δ‖, worst case", "To no defense", "Zero stronger",
            "Warnings"],
        [.. Defenses(goals).Select(defense => (IReadOnlyList<TableCell>)
        [
            One(Name(defense)),
            Pair(goals, defense, r => Share(r.Zero)),
            Pair(goals, defense, r => Share(r.Perfect)),
            Pair(goals, defense, r => Share(r.Worst)),
            Pair(goals, defense, r => Numbers.MedianOfAll(r.Worst.MedianL2, r.Worst.Success)),
            Pair(goals, defense, r => Numbers.Ratio(r.Ratio)),
            Pair(goals, defense, r => r.BothLevels == 0 ? CellValue.None : new CellValue($"{r.ZeroStronger} of {r.BothLevels}")),
            One($"{Warnings(summary, goals[0].Model, defense)}"),
        ])]));

    /// <summary>The worst case without the pairs that were wrong before the attack, likewise.</summary>
    public static IReadOnlyList<StudyTable> ExcludingAlreadyWrong(RunSummary summary) => Each(summary, goals => new StudyTable(
        $"{Title(goals[0])}: worst case, only pairs judged correctly before the attack",
        ["Defense", "Worst case", "Median ‖Δ‖ in the worst case"],
        [.. Defenses(goals).Select(defense => (IReadOnlyList<TableCell>)
        [
            One(Name(defense)),
            Pair(goals, defense, r => Share(r.WorstExcludingAlreadyWrong)),
            Pair(goals, defense, r => Numbers.MedianOfAll(
                r.WorstExcludingAlreadyWrong.MedianL2, r.WorstExcludingAlreadyWrong.Success)),
        ])]));

    /// <summary>Attack by attack: for each model, rule and level of knowledge the pairs fooled, median and mean norms.</summary>
    public static IReadOnlyList<StudyTable> Matrix(RunSummary summary) =>
    [
        .. from goals in Groups(summary)
           from level in goals[0].Knowledge
           from table in (StudyTable[])
           [
               Attacks(goals, level, "pairs fooled", a => Numbers.Share(a.Outcome.Success),
                   r => Share(r.Defense.Length == 0 ? r.Worst : level == KnowledgeNames.Zero ? r.Zero : r.Perfect)),
               Attacks(goals, level, "median ‖Δ‖ of the successes", a => Numbers.Norm(a.Outcome.MedianL2, a.Outcome.Success.Count)),
               Attacks(goals, level, "mean ‖Δ‖ of the successes", a => Numbers.Norm(a.Outcome.MeanL2, a.Outcome.Success.Count)),
           ]
           select table,
    ];

    /// <summary>What the defenses cost clean pairs, one table for each model.</summary>
    public static IReadOnlyList<StudyTable> CleanCosts(RunSummary summary)
    {
        return [.. summary.CleanCosts.GroupBy(c => c.Model).Select(model => new StudyTable(
            $"{model.Key}: pairs that nobody attacks",
            ["Defense", "Pairs", .. model.Any(c => c.Detects) ? (string[])["Refused"] : [], "Accuracy", "Accuracy, recalibrated", "TAR", "FAR attained",
                "TAR, recalibrated", "FAR attained then", "Time an image", "Of a forward"],
            [.. model.Select(cost => (IReadOnlyList<TableCell>)
            [
                One(Name(cost.Defense)),
                One($"{cost.Same} + {cost.Different}"),
                .. model.Any(c => c.Detects) ? (TableCell[])[cost.Detects ? Rate(cost.Refused) : new(CellValue.None)] : [],
                Rate(cost.Accuracy),
                Rate(cost.RecalibratedAccuracy),
                Rate(cost.AsItWas?.Tar),
                Rate(cost.AsItWas?.Far),
                Rate(cost.Recalibrated?.Tar),
                Rate(cost.Recalibrated?.Far),
                new(Numbers.Optional(cost.SecondsPerImage, s => Numbers.Text($"{1000 * s:G2} ms"))),
                new(Numbers.Optional(cost.ShareOfForward, Numbers.Percent)),
            ])]))];

        static TableCell Rate(Rate? rate) => new(rate is { } known ? Numbers.Share(known) : CellValue.None);
    }

    /// <summary>What detectors do, by themselves: one table for each model and defense, anonymization / impersonation.</summary>
    public static IReadOnlyList<StudyTable> Detections(RunSummary summary) =>
    [
        .. summary.Detections.GroupBy(d => (d.Model, d.Defense)).Select(own => new StudyTable(
            $"{own.Key.Model}, {own.Key.Defense}: adversarial images refused, and the refusal evaded",
            [
                "Attack", "Images", "AUC", .. DefenseText.FalseAlarms.Select(f => Numbers.Text($"At {100 * f:0} % false alarms")), "Refused", "of smaller norms",
                "of larger norms", "Evaded by attackers who know it", "Median ‖Δ‖ bare", "Median ‖Δ‖ evading",
            ],
            [.. own.GroupBy(d => d.Attack).Select(attack => (IReadOnlyList<TableCell>)
            [
                One(attack.Key),
                Goals(attack, d => d.Refused is { } r ? new CellValue($"{r.Of}") : CellValue.None),
                Goals(attack, d => d.Rates is { } r ? new CellValue(Numbers.Text($"{r.Auc:F3} ± {r.AucError:F3}")) : CellValue.None),
                .. DefenseText.FalseAlarms.Select(f => Goals(attack, d => d.Roc is { } roc ? Rate(new Rate(roc.DetectedAt(f), roc.Adversarial)) : CellValue.None)),
                Goals(attack, d => Rate(d.Refused)),
                Goals(attack, d => Rate(d.RefusedSmaller)),
                Goals(attack, d => Rate(d.RefusedLarger)),
                Goals(attack, d => Rate(d.Evaded)),
                Goals(attack, d => d.MedianL2Bare is { } m ? new CellValue(Numbers.Text($"{m.Value:F2}")) : CellValue.None),
                Goals(attack, d => d.MedianL2Evading is { } m ? new CellValue(Numbers.Text($"{m.Value:F2}")) : CellValue.None),
            ])])),
    ];

    private static TableCell Goals(IEnumerable<DetectionSummary> attack, Func<DetectionSummary, CellValue> value) =>
        new([.. Enum.GetValues<AttackGoal>().Select(goal => attack.FirstOrDefault(d => d.Goal == goal) is { } own ? value(own) : CellValue.None)]);

    private static CellValue Rate(Rate? rate) => rate is { Of: > 0 } known ? Numbers.Share(known) : CellValue.None;

    /// <summary>The defenses in the order of the worst case, one table for each model, rule and goal.</summary>
    public static IReadOnlyList<StudyTable> Rankings(RunSummary summary) => [.. summary.DefenseRankings.Select(ranking =>
    {
        var title = $"{ranking.Model}, {ReportText.Judged(ranking.Storage)}, {LedgerRows.Name(ranking.Goal)}: ";
        var pairs = ReportText.Count(ranking.Pairs, "pair");
        return ranking.IsRanking
            ? new StudyTable(
                $"{title}ranking by the worst case on {pairs}",
                ["Defense", "Place", "Median ‖Δ‖", "Pairs fooled", "To the one before", "McNemar's p"],
                [.. ranking.Order.Select(r => (IReadOnlyList<TableCell>)
                [
                    One(Name(r.Defense)), One($"{r.Place}"), Median(r), new(Share(r.Worst)), new(Numbers.Ratio(r.Ratio)),
                    new(Numbers.Optional(r.SuccessPValue, p => Numbers.Text($"{p:G2}"))),
                ])])
            : new StudyTable(
                $"{title}in the order of the worst case on {pairs}, which is no ranking",
                ["Defense", "Median ‖Δ‖", "Pairs fooled"],
                [.. ranking.Order.Select(r => (IReadOnlyList<TableCell>)[One(Name(r.Defense)), Median(r), new(Share(r.Worst))])]);

        static TableCell Median(RankedDefense r) => new(Numbers.MedianOfAll(r.Worst.MedianL2, r.Worst.Success));
    })];

    /// <summary>For a console: one table for each matrix.</summary>
    public static IReadOnlyList<StudyTable> Compact(RunSummary summary) => [.. summary.DefenseMatrices.Select(matrix => new StudyTable(
        $"{Title(matrix)}: {LedgerRows.Name(matrix.Goal)} behind defenses",
        ["Defense", "Fooled, zero", "Fooled, perfect", "Worst-case median ‖Δ‖", "To none", "Clean accuracy", "Warnings"],
        [.. matrix.Rows.Select(row => (IReadOnlyList<TableCell>)
        [
            One(Name(row.Defense)),
            new(Share(row.Defense.Length == 0 ? row.Worst : row.Zero)),
            new(Share(row.Defense.Length == 0 ? row.Worst : row.Perfect)),
            new(Numbers.MedianOfAll(row.Worst.MedianL2, row.Worst.Success)),
            new(Numbers.Ratio(row.Ratio)),
            new(summary.CleanCosts.FirstOrDefault(c => c.Model == matrix.Model && c.Defense == row.Defense) is { } cost
                ? Numbers.Share(cost.RecalibratedAccuracy ?? cost.Accuracy) : CellValue.None),
            One($"{Warnings(summary, matrix.Model, row.Defense, matrix.Goal)}"),
        ])]))];

    /// <summary>Warnings about a defense, for one goal or for both.</summary>
    public static int Warnings(RunSummary summary, string model, string defense, AttackGoal? goal = null) => summary.TrustWarnings
        .Count(w => w.Model == model && w.Defense == defense && (goal is null || w.Goal is null || w.Goal == goal));

    private static StudyTable Attacks(
        DefenseMatrix[] goals, string level, string what, Func<AttackSummary, CellValue> value, Func<DefenseRow, CellValue>? pooled = null)
    {
        string[] attacks = [.. goals.SelectMany(m => m.Attacks).Distinct()];
        return new StudyTable(
            $"{Title(goals[0])}, {level} knowledge: {what}",
            ["Defense", .. attacks, .. pooled is null ? (string[])[] : ["any of them"]],
            [.. Defenses(goals).Select(defense => (IReadOnlyList<TableCell>)
            [
                One(Name(defense)),
                .. attacks.Select(attack =>
                    Pair(goals, defense, r => r.At(attack, level) is { } found ? value(found) : CellValue.None)),
                .. pooled is null ? (TableCell[])[] : [Pair(goals, defense, pooled)],
            ])]);
    }

    private static IEnumerable<DefenseMatrix[]> Groups(RunSummary summary) =>
        summary.DefenseMatrices.GroupBy(m => (m.Model, m.Storage)).Select(g => g.ToArray());

    private static List<StudyTable> Each(RunSummary summary, Func<DefenseMatrix[], StudyTable> table) =>
        [.. Groups(summary).Select(table)];

    private static IEnumerable<string> Defenses(IEnumerable<DefenseMatrix> goals) =>
        goals.SelectMany(m => m.Rows).Select(r => r.Defense).Distinct();

    private static TableCell One(string text) => new(new CellValue(text));

    private static TableCell Pair(DefenseMatrix[] goals, string defense, Func<DefenseRow, CellValue> value) =>
        new([.. Enum.GetValues<AttackGoal>().Select(goal =>
            goals.FirstOrDefault(m => m.Goal == goal)?.Rows.FirstOrDefault(r => r.Defense == defense) is { } row
                ? value(row) : CellValue.None)]);

    private static CellValue Share(PooledOutcome? outcome) => outcome is null ? CellValue.None : Numbers.Share(outcome.Success);
}
