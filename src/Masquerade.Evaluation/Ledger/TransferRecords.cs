using Masquerade.Verification;

namespace Masquerade.Evaluation.Ledger;

/// <summary>What a verifier made of an image that was made against another one.</summary>
public enum TransferOutcome
{
    /// <summary>It compared the faces.</summary>
    Judged,

    /// <summary>It found no face in the image, or none in the reference.</summary>
    NoFace,

    /// <summary>It does not take one of the images: nothing is known of the pair.</summary>
    Refused,
}

/// <summary>A verifier that images are carried over to.</summary>
/// <param name="Name">Name of the model or of the service.</param>
/// <param name="Way">How images come to it (<see cref="TransferWay.Name"/>).</param>
/// <param name="IsService">Whether it is a service behind an API.</param>
/// <param name="Threshold">
/// Its own: of a model on the squared distance, below which it is the same person; of a service on its confidence, from which it is.
/// </param>
/// <param name="Fingerprint">What its judgements depend on: hashes of a model's files, a service's identity.</param>
public sealed record TransferTarget(string Name, string Way, bool IsService, double Threshold, string Fingerprint);

/// <summary>How images come to another verifier.</summary>
/// <param name="Paste">Whether the perturbation is put back into the full photograph first.</param>
/// <param name="Detect">Whether faces are looked for again, in the image as it is; else the known transforms are used.</param>
public readonly record struct TransferWay(bool Paste, bool Detect)
{
    /// <summary>Its name in ledgers and reports.</summary>
    public string Name => (Paste, Detect) switch
    {
        (false, false) => "mapped",
        (false, true) => "detected",
        (true, false) => "pasted",
        _ => "pasted-detected",
    };
}

/// <summary>A verifier's judgement of two images.</summary>
/// <param name="Outcome">Whether there is one.</param>
/// <param name="Distance">Squared distance of the embeddings, in [0,4]; null unless judged, and of services.</param>
/// <param name="Confidence">How sure the verifier is that both are the same person, in [0,1]; null unless judged.</param>
/// <param name="Same">Whether it takes them for the same person; false where no face was found, null where the image was refused.</param>
/// <param name="Reason">Why it was not judged, in a line; else empty.</param>
public sealed record TransferJudgement(TransferOutcome Outcome, double? Distance, double? Confidence, bool? Same, string Reason)
{
    /// <summary>No face was found: nobody is taken for anybody.</summary>
    public static TransferJudgement NoFace(string reason) => new(TransferOutcome.NoFace, null, null, false, reason);

    /// <summary>The verifier does not take an image.</summary>
    public static TransferJudgement Refused(string reason) => new(TransferOutcome.Refused, null, null, null, InputFile.OneLine(reason));

    /// <summary>A model's judgement of a squared distance; the confidence is P(same) of the pair as a classifier sees it.</summary>
    public static TransferJudgement Of(double distance, double threshold)
    {
        var classifier = new PairClassifier(threshold);
        return new TransferJudgement(
            TransferOutcome.Judged, distance, 1 - classifier.Different(distance), !classifier.IsWrong(distance, samePerson: true), "");
    }

    /// <summary>
    /// How sure the verifier is of the right answer, in [0,1]; 0 where no face was found, as the study of 2019 has it; null where the image
    /// was refused.
    /// </summary>
    /// <param name="samePerson">The right answer.</param>
    public double? RightConfidence(bool samePerson) => Outcome switch
    {
        TransferOutcome.Judged => samePerson ? Confidence : 1 - Confidence,
        TransferOutcome.NoFace => 0,
        _ => null,
    };
}

/// <summary>An adversarial image as another verifier judges it.</summary>
/// <param name="Image">The row of the attack that made it.</param>
/// <param name="Target">Name of the verifier.</param>
/// <param name="Way">How the image came to it.</param>
/// <param name="Judgement">What it made of it.</param>
public sealed record TransferRow(AttackRow Image, string Target, string Way, TransferJudgement Judgement)
{
    /// <summary>Whether the pair shows one person.</summary>
    public bool SamePerson => Image.Goal == Attacks.AttackGoal.Anonymize;

    /// <summary>
    /// Whether the image does to this verifier what it was made for. Who is to be hidden is hidden, too, where no face is found. Null where
    /// the image was refused.
    /// </summary>
    public bool? Fooled => Judgement.Same is { } same ? same != SamePerson : null;
}

/// <summary>A pair that nobody attacked, as a verifier judges it that images of a model are carried over to.</summary>
/// <param name="Model">The attacked model, whose crops came to the verifier where it was not shown the photographs.</param>
/// <param name="Target">Name of the verifier.</param>
/// <param name="Way">How the images came to it.</param>
/// <param name="Pair">Id of the pair.</param>
/// <param name="SamePerson">Whether it shows one person.</param>
/// <param name="Judgement">What it made of the pair.</param>
public sealed record CleanTransfer(string Model, string Target, string Way, string Pair, bool SamePerson, TransferJudgement Judgement)
{
    /// <summary>Whether it was right; it was not where it found no face. Null where an image was refused.</summary>
    public bool? Right => Judgement.Outcome switch
    {
        TransferOutcome.Judged => Judgement.Same == SamePerson,
        TransferOutcome.NoFace => false,
        _ => null,
    };
}
