namespace Masquerade.Verification;

/// <summary>Two photographs and the truth about them.</summary>
/// <param name="Id">
/// Stable name of the pair in its list, unique in it: <c>probe|reference</c> by their names without folder or extension.
/// </param>
/// <param name="Probe">The photograph that an attacker may change, as the list names it.</param>
/// <param name="Reference">The photograph that is on file, as the list names it.</param>
/// <param name="SamePerson">Whether both show one person.</param>
/// <param name="Fold">The fold of a ten-fold list, from 0; 0 where the list has no folds.</param>
public sealed record VerificationPair(string Id, string Probe, string Reference, bool SamePerson, int Fold = 0);
