using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Reporting.Tables;

/// <summary>The tables of images that were carried over to other verifiers.</summary>
public static class TransferTables
{
    /// <summary>A verifier's name, with the way that images come to it where that is not the usual one.</summary>
    public static string Name(TransferTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var way = target.IsService
            ? target.Way.Replace("detected", "", StringComparison.Ordinal).TrimEnd('-')
            : target.Way.Replace("mapped", "", StringComparison.Ordinal);
        return way.Length == 0 ? target.Name : $"{target.Name} ({way.Replace("-", ", ", StringComparison.Ordinal)})";
    }

    /// <summary>
    /// One table for each attacked setting and verifier: clean pairs first, then a row an attack, each cell anonymization / impersonation.
    /// </summary>
    public static IReadOnlyList<StudyTable> Of(RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        return
        [
            .. summary.Transfers.GroupBy(t => (t.Source, t.Target)).Select(group => new StudyTable(
                Title(group.First()),
                ["Attack", "Fooled", "Confidence in the right answer", "Fallen by", "Over all pairs", "No face"],
                [Clean([.. group]), .. group.GroupBy(t => t.Attack).Select(attack => Row(attack.Key, [.. attack]))])),
        ];
    }

    /// <summary>What a table is about.</summary>
    public static string Title(TransferSummary transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        var (target, source) = (transfer.Target, ReportText.Title(transfer.Source));
        if (transfer.IsItself && target.Way == default(TransferWay).Name) return $"{source}: judged by itself, rounded to 8 bits";
        var threshold = target.IsService ? "confidence from" : "threshold";
        return Numbers.Text($"{source}: judged by {Name(target)}, {threshold} {target.Threshold}");
    }

    /// <summary>A confidence with its interval and the images that it is over.</summary>
    public static CellValue Confidence(Estimate? mean, int images) => mean is { } estimate
        ? new CellValue(Short(estimate.Value), (Ends(estimate) is { Length: > 0 } ends ? $"{ends}; " : "") + $"n = {Numbers.Count(images)}")
        : CellValue.None;

    private static IReadOnlyList<TableCell> Clean(IReadOnlyList<TransferSummary> transfers)
    {
        // Attacks may have met different pairs where a run is not finished: the largest number is of all.
        var goals = Goals(transfers.OrderByDescending(t => t.Pairs));
        return
        [
            new(new CellValue("clean pairs (of which wrong)")),
            Cell(goals, t => Numbers.Share(t.CleanErrors)),
            Cell(goals, t => Confidence(t.Clean, t.Pairs)),
            Cell(goals, _ => CellValue.None),
            Cell(goals, _ => CellValue.None),
            Cell(goals, _ => CellValue.None),
        ];
    }

    private static IReadOnlyList<TableCell> Row(string attack, IReadOnlyList<TransferSummary> transfers)
    {
        var goals = Goals(transfers);
        return
        [
            new(new CellValue(attack)),
            Cell(goals, t => t.Success.Of == 0 ? CellValue.None : new CellValue(Numbers.Percent(t.Success.Value!.Value),
                $"{Numbers.Share(t.Success).Detail}; {t.Success.Count} of {t.Success.Of}")),
            Cell(goals, t => Confidence(t.Confidence, t.Images)),
            Cell(goals, t => t.Drop is { } drop ? new CellValue(Short(drop.Value), Ends(drop)) : CellValue.None),
            Cell(goals, t => t.ConfidenceOfAll is { } mean ? new CellValue(Short(mean.Value)) : CellValue.None),
            Cell(goals, t => t.Images == 0 ? CellValue.None : new CellValue($"{t.NoFace}", t.Refused > 0 ? $"{t.Refused} refused" : "")),
        ];
    }

    private static TransferSummary?[] Goals(IEnumerable<TransferSummary> transfers)
    {
        var all = transfers.ToList();
        return [.. Enum.GetValues<AttackGoal>().Select(goal => all.FirstOrDefault(t => t.Goal == goal))];
    }

    private static TableCell Cell(TransferSummary?[] goals, Func<TransferSummary, CellValue> value) =>
        new([.. goals.Select(t => t is null ? CellValue.None : value(t))]);

    private static string Ends(Estimate estimate) => estimate.Interval is { } i ? $"{Short(i.Low)}–{Short(i.High)}" : "";

    // Never a negative zero.
    private static string Short(double value) => Numbers.Text($"{Math.Round(value, 3) + 0.0:F3}");
}
