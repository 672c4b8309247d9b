using System.Globalization;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Statistics.Comparisons;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Reporting.Tables;

/// <summary>Numbers as people read them.</summary>
internal static class Numbers
{
    public static string Percent(double share) => Text($"{100 * share:F1}%");

    /// <summary>Two decimals, or as many as a small norm needs for two digits.</summary>
    public static string Norm(double norm) => Math.Abs(norm) switch
    {
        double.PositiveInfinity => "∞",
        0 or >= 0.1 => Text($"{norm:F2}"),
        >= 0.01 => Text($"{norm:F3}"),
        _ => Text($"{norm:G2}"),
    };

    public static string Distance(double? distance) => distance is { } d ? Text($"{d:F3}") : "?";

    public static string Count(long count) => Text($"{count:N0}");

    public static string Plain(double value) => Text($"{value:#,0.#}");

    public static string Similarity(double value) => Text($"{value:F3}");

    public static string Time(double seconds) => seconds switch
    {
        < 1 => Text($"{1000 * seconds:F0} ms"),
        < 60 => Text($"{seconds:F1} s"),
        < 3600 => Text($"{Math.Floor(seconds / 60):F0} min {Math.Floor(seconds % 60):F0} s"),
        _ => Text($"{Math.Floor(seconds / 3600):F0} h {Math.Floor(seconds % 3600 / 60):F0} min"),
    };

    public static CellValue Share(Rate rate) => rate is { Value: { } share, Interval: { } interval }
        ? new CellValue(Percent(share), Text($"{100 * interval.Low:F1}–{100 * interval.High:F1}"))
        : CellValue.None;

    /// <summary>A norm never stands without the number of successes it is over.</summary>
    public static CellValue Norm(Estimate? norm, int successes) => norm is { } estimate
        ? new CellValue(
            Norm(estimate.Value), (estimate.Interval is { } i ? $"{Norm(i.Low)}–{Norm(i.High)}; " : "") + $"n = {Count(successes)}")
        : CellValue.None;

    /// <summary>A median over pairs of which some may have withstood.</summary>
    public static CellValue MedianOfAll(Estimate? norm, Rate fooled)
    {
        if (fooled.Of == 0) return CellValue.None;
        var count = $"{Count(fooled.Count)} of {Count(fooled.Of)}";
        return norm is { } estimate
            ? new CellValue(Norm(estimate.Value), (estimate.Interval is { } i ? $"{Norm(i.Low)}–{Norm(i.High)}; " : "") + count)
            : new CellValue("∞", count);
    }

    /// <summary>How many times as much.</summary>
    public static CellValue Ratio(Estimate? ratio) => ratio is { } estimate
        ? new CellValue($"{Norm(estimate.Value)}×", estimate.Interval is { } i ? $"{Norm(i.Low)}–{Norm(i.High)}" : "")
        : CellValue.None;

    /// <summary>A published number, with the digits that were published.</summary>
    public static string Published(PublishedCell cell) => cell.Quantity == PublishedQuantity.MeanL2
        ? Text($"{cell.Published:F2}")
        : Text($"{100 * cell.Published:0.##}%");

    /// <summary>What a run has where something was published.</summary>
    public static CellValue Here(PublishedCell cell) => cell.Quantity == PublishedQuantity.MeanL2
        ? Norm(cell.Here is { } mean ? new Estimate(mean, cell.Interval) : null, cell.Rate.Count)
        : Share(cell.Rate);

    public static CellValue Optional(double? value, Func<double, string> text) =>
        value is { } number ? new CellValue(text(number)) : CellValue.None;

    public static string Text(FormattableString text) => FormattableString.Invariant(text);
}
