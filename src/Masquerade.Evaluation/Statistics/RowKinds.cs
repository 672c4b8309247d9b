using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;

namespace Masquerade.Evaluation.Statistics;

/// <summary>What a row says about its pair.</summary>
internal static class RowKinds
{
    /// <summary>The pair could not be read.</summary>
    public static bool Skipped(AttackRow row) => row.Status == "skipped";

    /// <summary>The pair was read and judged right at first, so that there was something to attack.</summary>
    public static bool Attacked(AttackRow row) => !Skipped(row) && !row.AlreadyWrong;

    /// <summary>
    /// The attack gave the pair up for want of a gradient: that the pair withstood says nothing of the verifier. Attackers who do not know a
    /// defense only show images made elsewhere; they have no gradient to miss.
    /// </summary>
    public static bool WithoutGradient(AttackRow row) => Attacked(row) && !row.Success && row.Knowledge != KnowledgeNames.Zero
        && row.Reason.Contains(FailureReasons.ZeroGradient, StringComparison.Ordinal);

    /// <summary>The norm of a success; a pair that was wrong before the attack needed none.</summary>
    public static double Norm(this AttackRow row) =>
        row.L2 ?? (row.AlreadyWrong ? 0 : throw new ArgumentException(
            $"{row.Family}/{row.Attack} on {row.Pair}: a success without a norm", nameof(row)));
}
