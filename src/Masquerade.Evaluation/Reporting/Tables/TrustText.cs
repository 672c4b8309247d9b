using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting.Tables;

/// <summary>Why the numbers of a run may be wrong: what is said before them. None of it is encoded yet.</summary>
internal static class TrustText
{
    /// <summary>What stands above the warnings.</summary>
    public const string Title = "Not to be trusted without a second look";

    /// <summary>More warnings than these are told kind by kind where there is little room.</summary>
    private const int MostInFull = 6;

    /// <summary>The warnings, to be told before any number: each in full, or one line a kind where there are many.</summary>
    public static IEnumerable<string> Lines(RunSummary summary)
    {
        if (summary.TrustWarnings.Count <= MostInFull) return summary.TrustWarnings.Select(w => w.Text);
        return summary.TrustWarnings.GroupBy(w => w.Kind).OrderBy(k => k.Key).Select(kind =>
        {
            var where = kind.Select(w => $"{w.Model} {DefenseTables.Name(w.Defense)}").Distinct().ToList();
            return $"{Kind(kind.Key)}: {string.Join(", ", where.Take(MostInFull))}"
                + (where.Count > MostInFull ? $" and {where.Count - MostInFull} more" : "") + "; summary.json has each of them.";
        });
    }

    private static string Kind(TrustWarningKind kind) => kind switch
    {
        TrustWarningKind.ZeroGradient => "No gradient comes through",
        TrustWarningKind.NoisyGradient => "The gradient is mostly noise",
        TrustWarningKind.WrongGradient => "The gradient leads astray",
        TrustWarningKind.PerfectWeakerThanZero => "Attackers who know the defense did worse than those who do not",
        TrustWarningKind.OneSample => "A random defense was tried with a single draw",
        TrustWarningKind.SuccessStopsGrowing => "White-box attacks failed though no norm limits them",
        TrustWarningKind.NotConverged => "Attacks ended before their norms stopped falling",
        TrustWarningKind.NoGradientAttack => "Only attacks without gradients were made",
        _ => "Judged at zero knowledge only, which is not judged",
    };
}
