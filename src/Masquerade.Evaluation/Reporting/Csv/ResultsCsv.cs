using System.Globalization;
using System.Text;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting.Csv;

/// <summary>
/// A run's rows as CSV (RFC 4180 with line feeds): the header is part of the project's contract with other programs. Rows whose
/// <c>target</c> is not empty are of images that were carried over to another verifier: success, threshold and distances are that
/// verifier's.
/// </summary>
public static class ResultsCsv
{
    private static readonly (string Name, Func<AttackRow, string> Value, Func<TransferLine, string> Carried)[] Columns =
    [
        Both("pair", r => r.Pair),
        Both("goal", r => LedgerRows.Name(r.Goal)),
        Both("attack", r => r.Attack),
        Both("family", r => r.Family),
        ("success", r => Text(r.Success), t => Text(t.Row.Fooled)),
        ("already_wrong", r => Text(r.AlreadyWrong), t => Text(!t.Clean?.Right)),
        Both("l2", r => Text(r.L2)),
        Both("linf", r => Text(r.Linf)),
        ("distance_before", r => Text(r.DistanceBefore), t => Text(t.Clean?.Judgement.Distance)),
        ("distance_after", r => Text(r.DistanceAfter), t => Text(t.Row.Judgement.Distance)),
        OfAttacks("forwards", r => Text(r.Forwards)),
        OfAttacks("backwards", r => Text(r.Backwards)),
        OfAttacks("seconds", r => Text(r.Seconds)),
        OfAttacks("success_8bit", r => Text(r.Success8Bit)),
        OfAttacks("l2_8bit", r => Text(r.L2After8Bit)),
        Both("ssim", r => Text(r.Ssim)),
        Both("model", r => r.Model),
        ("threshold", r => Text(r.Threshold), t => Text(t.Threshold)),
        Both("storage", r => r.Storage),
        Both("defense", r => r.Defense),
        Both("knowledge", r => r.Knowledge),
        Both("detector", r => r.Detector),
        OfTransfers("target", t => t.Row.Target),
        ("status", r => r.Status, t => t.Row.Fooled is { } fooled ? (fooled ? "ok" : "failed") : "refused"),
        ("reason", r => r.Reason, t => t.Row.Judgement.Reason),
        OfAttacks("fooled_share", r => Text(r.FooledShare)),
        OfAttacks("late_gain", r => Text(r.LateGain)),
        OfAttacks("score", r => Text(r.Score)),
        OfAttacks("refused", r => Text(r.Refused)),
        OfTransfers("way", t => t.Row.Way),
        OfTransfers("outcome", t => RunLedger.Name(t.Row.Judgement.Outcome)),
        OfTransfers("confidence_before", t => Text(t.Clean?.Judgement.RightConfidence(t.Row.SamePerson))),
        OfTransfers("confidence_after", t => Text(t.Row.Judgement.RightConfidence(t.Row.SamePerson))),
    ];

    /// <summary>
    /// Writes rows in their order, those of transfers last: booleans as 1 and 0, numbers as the shortest text that reads back as the same
    /// value.
    /// </summary>
    /// <exception cref="InputException">The file cannot be written; what was there stays.</exception>
    public static void Write(string path, IEnumerable<AttackRow> rows, IEnumerable<TransferLine>? transfers = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(rows);
        using var bytes = new MemoryStream();
        using (var writer = new StreamWriter(bytes, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" })
        {
            writer.WriteLine(string.Join(',', Columns.Select(c => c.Name)));
            foreach (var row in rows) writer.WriteLine(string.Join(',', Columns.Select(c => CsvTable.Quote(c.Value(row)))));
            foreach (var line in transfers ?? []) writer.WriteLine(string.Join(',', Columns.Select(c => CsvTable.Quote(c.Carried(line)))));
        }
        OutputFile.Write(path, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    private static (string, Func<AttackRow, string>, Func<TransferLine, string>) Both(string name, Func<AttackRow, string> value) =>
        (name, value, t => value(t.Row.Image));

    private static (string, Func<AttackRow, string>, Func<TransferLine, string>) OfAttacks(string name, Func<AttackRow, string> value) =>
        (name, value, _ => "");

    private static (string, Func<AttackRow, string>, Func<TransferLine, string>) OfTransfers(
        string name, Func<TransferLine, string> value) => (name, _ => "", value);

    private static string Text(bool? value) => value is null ? "" : value.Value ? "1" : "0";

    private static string Text(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
