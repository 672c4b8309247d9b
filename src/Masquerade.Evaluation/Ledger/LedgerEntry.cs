namespace Masquerade.Evaluation.Ledger;

/// <summary>A row for the ledger, with what goes beside it.</summary>
/// <param name="Row">The row.</param>
/// <param name="Image">The adversarial image, encoded; null where it is not kept.</param>
internal sealed record LedgerEntry(AttackRow Row, byte[]? Image);
