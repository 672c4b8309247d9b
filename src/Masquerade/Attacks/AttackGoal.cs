namespace Masquerade.Attacks;

/// <summary>What an attacker wants of a pair; given by the pair's label.</summary>
public enum AttackGoal
{
    /// <summary>Same person, to be judged different (also: dodging).</summary>
    Anonymize,

    /// <summary>Different persons, to be judged the same.</summary>
    Impersonate,
}
