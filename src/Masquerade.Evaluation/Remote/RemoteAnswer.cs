namespace Masquerade.Evaluation.Remote;

/// <summary>What a service made of a pair.</summary>
public enum RemoteOutcome
{
    /// <summary>It compared the faces.</summary>
    Judged,

    /// <summary>It saw no face in the probe.</summary>
    NoFaceInProbe,

    /// <summary>It saw no face in the reference.</summary>
    NoFaceInReference,

    /// <summary>It does not take one of the images: size or format.</summary>
    ImageRefused,
}

/// <summary>A service's answer about a pair.</summary>
/// <param name="Outcome">What it made of the pair.</param>
/// <param name="Confidence">How sure it is that both are the same person, in [0,1]; null unless judged.</param>
/// <param name="Reason">One line that says why it was not judged; else empty.</param>
public sealed record RemoteAnswer(RemoteOutcome Outcome, double? Confidence, string Reason)
{
    /// <summary>The faces were compared.</summary>
    /// <param name="confidence">That both are the same person, in [0,1].</param>
    public static RemoteAnswer Judged(double confidence) => new(RemoteOutcome.Judged, confidence, "");
}
