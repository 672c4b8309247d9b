namespace Masquerade.Attacks;

/// <summary>Why an attack gave up a pair, as results and ledgers name it.</summary>
internal static class FailureReasons
{
    /// <summary>The gradient was zero or not finite: the attack could not tell where to go, which says nothing of the verifier's robustness.</summary>
    public const string ZeroGradient = "zero-gradient";
}
