namespace Masquerade.Evaluation.Remote;

/// <summary>A service did not answer, however often it was asked: throttled, broken, out of reach. Another time it may.</summary>
public sealed class RemoteUnansweredException : Exception
{
    /// <param name="message">One line, without a secret.</param>
    public RemoteUnansweredException(string message) : base(message) { }

    /// <param name="message">One line, without a secret.</param>
    /// <param name="inner">What was caught, for a debugger.</param>
    public RemoteUnansweredException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Without a message of its own.</summary>
    public RemoteUnansweredException() { }
}
