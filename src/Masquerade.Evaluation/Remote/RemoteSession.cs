using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Masquerade.Evaluation.Remote;

/// <summary>
/// Asks one service about many pairs and keeps the books: nothing that has an answer is paid for again, an answer is kept before the next
/// call is made, a budget is not exceeded, and a service that does not answer any more is left alone. May be used by several threads.
/// </summary>
public sealed class RemoteSession : IDisposable
{
    private readonly IRemoteAnswers _answers;
    private readonly RemoteSettings _settings;
    private readonly ConcurrentDictionary<string, Lazy<Task<RemoteAnswer?>>> _underWay = new(StringComparer.Ordinal);
    private readonly Lock _keeping = new();
    private int _failuresInARow;
    private volatile InputException? _stopped;

    /// <param name="verifier">The service; disposed of with the session, if it can be.</param>
    /// <param name="settings">The same that it was opened with.</param>
    /// <param name="answers">What is answered already, and where new answers are kept.</param>
    public RemoteSession(IRemoteVerifier verifier, RemoteSettings settings, IRemoteAnswers answers) =>
        (Verifier, _settings, _answers) = (verifier, settings, answers);

    /// <summary>The service that is asked.</summary>
    public IRemoteVerifier Verifier { get; }

    /// <summary>
    /// What a user is asked once before photographs leave the machine: a question that names the service and what is sent where. Null where
    /// nothing is sent, as a recording is played back.
    /// </summary>
    public string? ConsentQuestion => _settings.Replay is not null ? null
        : $"{Verifier.Name}: photographs of people, originals and altered ones, are sent to {Verifier.Destination}. Whoever sends them "
            + "must be allowed to: by the people in them, the law, the terms of the data set and those of the service. Send them?";

    /// <summary>What comparing pairs would need, before anything is sent.</summary>
    /// <param name="pairs">The pairs.</param>
    public RemoteEstimate Estimate(IEnumerable<(RemoteImage Probe, RemoteImage Reference)> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        var (keys, images) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        long answered = 0;
        foreach (var (probe, reference) in pairs)
        {
            var key = Key(probe, reference);
            if (!keys.Add(key)) continue;
            lock (_keeping)
            {
                if (_answers.Find(Verifier.Name, key) is not null)
                {
                    answered++;
                    continue;
                }
            }
            images.Add(probe.Sha256);
            images.Add(reference.Sha256);
        }
        var calls = ((keys.Count - answered) * Verifier.CallsPerPair) + ((long)images.Count * Verifier.CallsPerImage);
        var seconds = _settings.Replay is null ? Math.Max(0, calls - 1) / _settings.CallsPerSecond : 0;
        return new RemoteEstimate(keys.Count, answered, images.Count, calls, TimeSpan.FromSeconds(seconds));
    }

    /// <summary>The answer about a pair: one that was kept, or the service's.</summary>
    /// <param name="probe">The image that may be adversarial.</param>
    /// <param name="reference">The image that it is compared with.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The answer; null where the service gave none this time, and nothing is kept.</returns>
    /// <exception cref="InputException">
    /// It makes no sense to go on: the key is refused, the answers are nonsense, the budget is spent, or pair after pair gets no answer.
    /// What was answered is kept.
    /// </exception>
    public Task<RemoteAnswer?> CompareAsync(RemoteImage probe, RemoteImage reference, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(probe);
        ArgumentNullException.ThrowIfNull(reference);
        var key = Key(probe, reference);
        // Two threads with the same pair share one call.
        return _underWay.GetOrAdd(key, k => new(() => AnswerAsync(k, probe, reference, cancellation))).Value;
    }

    /// <summary>What an answer is kept under: SHA-256, in lower-case hex, over the service's identity and both images' hashes.</summary>
    public string Key(RemoteImage probe, RemoteImage reference)
    {
        ArgumentNullException.ThrowIfNull(probe);
        ArgumentNullException.ThrowIfNull(reference);
        var all = $"{Verifier.Identity}\n{probe.Sha256}\n{reference.Sha256}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)));
    }

    /// <summary>Ends it; a recording is closed.</summary>
    public void Dispose() => (Verifier as IDisposable)?.Dispose();

    private async Task<RemoteAnswer?> AnswerAsync(string key, RemoteImage probe, RemoteImage reference, CancellationToken cancellation)
    {
        try
        {
            lock (_keeping)
            {
                if (_answers.Find(Verifier.Name, key) is { } known) return known;
            }
            CheckGoingOn();
            var answer = await Verifier.CompareAsync(probe, reference, cancellation);
            lock (_keeping) _answers.Keep(Verifier.Name, key, answer);
            Interlocked.Exchange(ref _failuresInARow, 0);
            return answer;
        }
        catch (RemoteUnansweredException e)
        {
            var failures = Interlocked.Increment(ref _failuresInARow);
            _settings.Say?.Invoke($"{Verifier.Name}: {e.Message}; this pair has no answer yet");
            if (failures < _settings.FailuresToStop) return null;
            throw _stopped = new InputException(FormattableString.Invariant($"{Verifier.Name}: {failures} pairs in a row got no answer ")
                + $"(the last: {e.Message}); what is answered is kept: start the same command again later", e);
        }
        catch (InputException e)
        {
            // Nobody asks with a key that was refused, or knocks at a wrong address, again.
            _stopped = e;
            throw;
        }
        finally
        {
            _underWay.TryRemove(key, out _);
        }
    }

    private void CheckGoingOn()
    {
        if (_stopped is { } stopped) throw new InputException(stopped.Message, stopped);
        if (_settings.Replay is null && _settings.MaxCalls is { } most && Verifier.Calls + Verifier.CallsPerPair > most)
            throw OverBudget(Verifier.Name, most);
    }

    internal static InputException OverBudget(string service, long most) => new(FormattableString.Invariant(
        $"{service}: the {most:N0} calls that --max-calls allows are used up; what is answered is kept: allow more, and go on"));
}
