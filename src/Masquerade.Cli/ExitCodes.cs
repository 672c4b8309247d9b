namespace Masquerade.Cli;

/// <summary>What the process ends with.</summary>
internal static class ExitCodes
{
    /// <summary>Done; a verifier's "different" is an answer, not a failure.</summary>
    public const int Done = 0;

    /// <summary>A check that was asked for did not hold.</summary>
    public const int CheckFailed = 1;

    /// <summary>Bad input or usage.</summary>
    public const int BadInput = 2;

    /// <summary>A defect of this program (EX_SOFTWARE of sysexits.h).</summary>
    public const int Defect = 70;

    /// <summary>Interrupted.</summary>
    public const int Interrupted = 130;
}
