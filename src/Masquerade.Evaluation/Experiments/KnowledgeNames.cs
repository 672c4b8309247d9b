namespace Masquerade.Evaluation.Experiments;

/// <summary>What an attacker knows of a defense; names in specs and ledgers.</summary>
public static class KnowledgeNames
{
    /// <summary>Nothing: images made against the bare verifier are shown to the defended one.</summary>
    public const string Zero = "zero";

    /// <summary>Everything: the attack is made through the defense.</summary>
    public const string Perfect = "perfect";
}
