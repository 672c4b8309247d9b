namespace Masquerade.Evaluation.Statistics;

/// <summary>What a row says about its pair.</summary>
internal static class RowKinds
{
    /// <summary>The pair could not be read.</summary>
    public static bool Skipped(AttackRow row) => row.Status == "skipped";

    /// <summary>The pair was read and judged right at first, so that there was something to attack.</summary>
    public static bool Attacked(AttackRow row) => !Skipped(row) && !row.AlreadyWrong;

    /// <summary>The norm of a success; a pair that was wrong before the attack needed none.</summary>
    public static double Norm(this AttackRow row) =>
        row.L2 ?? (row.AlreadyWrong ? 0 : throw new ArgumentException(
            $"{row.Family}/{row.Attack} on {row.Pair}: a success without a norm", nameof(row)));
}
