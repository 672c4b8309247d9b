using System.Globalization;
using System.Text;
using Masquerade.Evaluation;

namespace Masquerade.Reporting;

/// <summary>A run's rows as CSV (RFC 4180 with line feeds): the header is part of the project's contract with other programs.</summary>
public static class ResultsCsv
{
    private static readonly (string Name, Func<AttackRow, string> Value)[] Columns =
    [
        ("pair", r => r.Pair),
        ("goal", r => LedgerRows.Name(r.Goal)),
        ("attack", r => r.Attack),
        ("family", r => r.Family),
        ("success", r => Text(r.Success)),
        ("already_wrong", r => Text(r.AlreadyWrong)),
        ("l2", r => Text(r.L2)),
        ("linf", r => Text(r.Linf)),
        ("distance_before", r => Text(r.DistanceBefore)),
        ("distance_after", r => Text(r.DistanceAfter)),
        ("forwards", r => Text(r.Forwards)),
        ("backwards", r => Text(r.Backwards)),
        ("seconds", r => Text(r.Seconds)),
        ("success_8bit", r => Text(r.Success8Bit)),
        ("l2_8bit", r => Text(r.L2After8Bit)),
        ("ssim", r => Text(r.Ssim)),
        ("model", r => r.Model),
        ("threshold", r => Text(r.Threshold)),
        ("storage", r => r.Storage),
        ("defense", r => r.Defense),
        ("knowledge", r => r.Knowledge),
        ("detector", r => r.Detector),
        ("target", r => r.Target),
        ("status", r => r.Status),
        ("reason", r => r.Reason),
        ("fooled_share", r => Text(r.FooledShare)),
        ("late_gain", r => Text(r.LateGain)),
        ("score", r => Text(r.Score)),
        ("refused", r => Text(r.Refused)),
    ];

    /// <summary>Writes rows in their order: booleans as 1 and 0, numbers as the shortest text that reads back as the same value.</summary>
    /// <exception cref="InputException">The file cannot be written; what was there stays.</exception>
    public static void Write(string path, IEnumerable<AttackRow> rows)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(rows);
        using var bytes = new MemoryStream();
        using (var writer = new StreamWriter(bytes, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" })
        {
            writer.WriteLine(string.Join(',', Columns.Select(c => c.Name)));
            foreach (var row in rows) writer.WriteLine(string.Join(',', Columns.Select(c => CsvTable.Quote(c.Value(row)))));
        }
        OutputFile.Write(path, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    private static string Text(bool? value) => value is null ? "" : value.Value ? "1" : "0";

    private static string Text(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
