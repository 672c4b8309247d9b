using System.Globalization;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Statistics;

/// <summary>A check that no attack of a run succeeds too often. It holds only on results that can be trusted.</summary>
public static class SuccessLimit
{
    /// <summary>Checks a run.</summary>
    /// <param name="summary">The run.</param>
    /// <param name="most">The largest rate of success, over all judged pairs of a goal, that is allowed; in [0,1].</param>
    /// <returns>Why the check does not hold, in one line; null where it does.</returns>
    public static string? Exceeded(RunSummary summary, double most)
    {
        ArgumentNullException.ThrowIfNull(summary);
        if (summary.Attacks.Count == 0) return "nothing was attacked, so nothing is known of the verifier";
        if (summary.Attacks.FirstOrDefault(a => a.Pairs == 0) is { } unknown)
            return $"{Name(unknown)}: no pair could be used, so nothing is known of it";
        var worst = summary.Attacks.MaxBy(Rate)!;
        if (Rate(worst) > most)
            return Text($"{Name(worst)} succeeds on {Rate(worst):P1} of the pairs of its goal, more than {most:P1}");
        // A pair that an attack gave up for want of a gradient did not withstand it.
        var untrusted = summary.Attacks.Where(a => a.WithoutGradient > 0)
            .FirstOrDefault(a => a.WithoutGradient > TrustWarnings.MostZeroGradients * a.Attacked || AtMost(a) > most);
        return untrusted is null ? null
            : $"{Name(untrusted)} ended for want of a gradient on {untrusted.WithoutGradient} of {untrusted.Attacked} pairs, so that its failures "
                + "do not show that the verifier withstands; find out why no gradient comes through, or choose attacks that need none";
    }

    private static double Rate(AttackSummary attack) => attack.Outcome.Success.Value ?? 0;

    private static double AtMost(AttackSummary attack) => (attack.Outcome.Success.Count + attack.WithoutGradient) / (double)attack.Pairs;

    private static string Name(AttackSummary attack)
    {
        var setting = attack.Setting;
        var through = setting.Defense.Length > 0 ? $" behind {setting.Defense}" : "";
        return $"{attack.FullName} on {setting.Model}{through} ({setting.Storage}, {LedgerRows.Name(attack.Goal)})";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
