namespace Masquerade.Evaluation.Remote.Http;

/// <summary>One attempt came to nothing; the next may go better.</summary>
/// <param name="message">What happened, as the end of a sentence, without a secret.</param>
/// <param name="inner">What was caught.</param>
internal sealed class AttemptFailedException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How long the service asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
