namespace Masquerade.Verification;

/// <summary>How a verifier answers.</summary>
public enum VerificationOutcome
{
    /// <summary>The same person.</summary>
    Accepted,

    /// <summary>Somebody else.</summary>
    Rejected,

    /// <summary>The image looks attacked: nobody is identified by it.</summary>
    Refused,
}

/// <summary>
/// The one place that says same or different, and who has won. A tie is <em>same</em>: a distance that equals the threshold is accepted, as LFW's
/// evaluation has it here, and a score that equals the most that is let pass is let pass.
/// </summary>
/// <remarks>
/// <para>What the attacker has won, by what the pair shows and how the verifier answers:</para>
/// <list type="table">
/// <item><term>one person (anonymization)</term><description>accepted: no; rejected: yes; refused: yes, unless he has to stay unseen</description></item>
/// <item><term>two persons (impersonation)</term><description>accepted: yes; rejected: no; refused: no</description></item>
/// </list>
/// <para>
/// A refusal hides a person as well as a rejection does. It counts where a clean probe is judged, where images of attackers who do not know the
/// defense are shown to it, and in the judgement of every finished image. An attacker who searches and knows the detector has to stay unseen: it
/// would be no art to be refused.
/// </para>
/// </remarks>
/// <param name="Threshold">The largest squared distance, in (0,4), that means the same person.</param>
/// <param name="MostScore">The largest score of a detector that is let pass; null where nothing is refused.</param>
public readonly record struct DecisionRule(double Threshold, double? MostScore = null)
{
    /// <summary>Whether a squared distance means the same person; false where it is no number.</summary>
    public bool IsSame(double distance) => distance <= Threshold;

    /// <summary>Whether an image of this score is refused.</summary>
    public bool Refuses(double score) => score > MostScore;

    /// <summary>The answer.</summary>
    /// <param name="distance">Squared distance of the embeddings, in [0,4].</param>
    /// <param name="score">The detector's score of the probe; of no effect where nothing is refused.</param>
    public VerificationOutcome Decide(double distance, double score = double.NegativeInfinity) =>
        Refuses(score) ? VerificationOutcome.Refused : IsSame(distance) ? VerificationOutcome.Accepted : VerificationOutcome.Rejected;

    /// <summary>Whether the attacker has won; a clean probe for which that is so was judged wrongly before any attack.</summary>
    /// <param name="samePerson">Whether the pair shows one person, so that the probe is to be hidden; else it is to pass for the other.</param>
    /// <param name="distance">Squared distance of the embeddings, in [0,4]. What is no number wins nothing.</param>
    /// <param name="score">The detector's score of the probe; of no effect where nothing is refused.</param>
    /// <param name="unseen">Whether the attacker has to stay unseen: a refusal is a defeat then.</param>
    public bool AttackerWins(bool samePerson, double distance, double score = double.NegativeInfinity, bool unseen = false) =>
        Decide(distance, score) switch
        {
            VerificationOutcome.Accepted => !samePerson,
            VerificationOutcome.Rejected => samePerson && !double.IsNaN(distance),
            _ => samePerson && !unseen,
        };
}
