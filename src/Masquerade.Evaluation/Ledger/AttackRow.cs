using Masquerade.Attacks;

namespace Masquerade.Evaluation.Ledger;

/// <summary>One row of a run: what one attack did to one pair.</summary>
public sealed record AttackRow
{
    /// <summary>Id of the pair.</summary>
    public required string Pair { get; init; }

    /// <summary>What the attacker wanted.</summary>
    public required AttackGoal Goal { get; init; }

    /// <summary>Name of the attack in its family.</summary>
    public required string Attack { get; init; }

    /// <summary>Family of the attack, as <c>foolbox-v1</c> or <c>minimal</c>.</summary>
    public required string Family { get; init; }

    /// <summary>
    /// Whether the attacker won, under the rule of <see cref="Storage"/>: the verifier was fooled. Behind a detector an image that is to pass
    /// for somebody else must not be refused, and one that is to hide somebody hides by a refusal, too. Includes pairs wrong before the attack.
    /// </summary>
    public required bool Success { get; init; }

    /// <summary>Whether the clean probe was judged wrongly already; then it was not attacked and counts with norm 0.</summary>
    public required bool AlreadyWrong { get; init; }

    /// <summary>L2 norm of the perturbation over values in [0,1]; null without success.</summary>
    public double? L2 { get; init; }

    /// <summary>Largest absolute change of a value in [0,1]; null without success.</summary>
    public double? Linf { get; init; }

    /// <summary>Squared embedding distance of the clean probe to the reference, in [0,4]; null where the pair could not be read.</summary>
    public double? DistanceBefore { get; init; }

    /// <summary>Squared embedding distance of the adversarial image; null without success.</summary>
    public double? DistanceAfter { get; init; }

    /// <summary>Images of this pair that the attack sent through the forward engine.</summary>
    public long Forwards { get; init; }

    /// <summary>Images of this pair that were differentiated (each includes its own forward pass).</summary>
    public long Backwards { get; init; }

    /// <summary>This pair's share of the attack's time.</summary>
    public double Seconds { get; init; }

    /// <summary>Whether the adversarial image still fools the verifier after rounding to 8 bits; null without success.</summary>
    public bool? Success8Bit { get; init; }

    /// <summary>L2 norm of the perturbation after rounding to 8 bits; null where that image does not fool the verifier.</summary>
    public double? L2After8Bit { get; init; }

    /// <summary>Structural similarity of adversarial image and clean probe; null without success.</summary>
    public double? Ssim { get; init; }

    /// <summary>
    /// Behind a random defense, the share of fresh draws in which the adversarial image fools the verifier: success means at least half.
    /// Null elsewhere.
    /// </summary>
    public double? FooledShare { get; init; }

    /// <summary>
    /// By how much of itself the norm fell in the last quarter of the attack's calls on this pair, in [0,1]: what is left to gain. Null
    /// without success.
    /// </summary>
    public double? LateGain { get; init; }

    /// <summary>The detector's score of the adversarial image; null without a detector or an image.</summary>
    public double? Score { get; init; }

    /// <summary>Whether the adversarial image is refused; null without a detector or an image.</summary>
    public bool? Refused { get; init; }

    /// <summary>Name of the model under attack.</summary>
    public required string Model { get; init; }

    /// <summary>Its threshold on the squared distance.</summary>
    public required double Threshold { get; init; }

    /// <summary>The rule an adversarial image is judged under: <c>float</c> or <c>8bit</c>.</summary>
    public required string Storage { get; init; }

    /// <summary>The defense in front of the verifier; empty for none.</summary>
    public string Defense { get; init; } = "";

    /// <summary>What the attacker knows of the defense; empty where there is none.</summary>
    public string Knowledge { get; init; } = "";

    /// <summary>The detector in front of the verifier; empty for none.</summary>
    public string Detector { get; init; } = "";

    /// <summary><c>ok</c>, <c>failed</c> (attacked without success) or <c>skipped</c> (the pair could not be read).</summary>
    public required string Status { get; init; }

    /// <summary>Why a pair failed or was skipped, where there is more to say; else empty.</summary>
    public string Reason { get; init; } = "";
}
