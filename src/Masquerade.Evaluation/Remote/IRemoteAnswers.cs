namespace Masquerade.Evaluation.Remote;

/// <summary>Answers that were paid for, kept where a <c>kill -9</c> does not reach them.</summary>
public interface IRemoteAnswers
{
    /// <summary>An answer that was kept; null where there is none.</summary>
    /// <param name="service">Name of the service.</param>
    /// <param name="key">SHA-256, in hex, over both images' hashes and the service's settings.</param>
    RemoteAnswer? Find(string service, string key);

    /// <summary>Keeps an answer; it is on disk when this returns. Calls come one at a time.</summary>
    /// <param name="service">Name of the service.</param>
    /// <param name="key">As in <see cref="Find"/>.</param>
    /// <param name="answer">What is kept.</param>
    void Keep(string service, string key, RemoteAnswer answer);
}
