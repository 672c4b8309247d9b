namespace Masquerade.Evaluation.Remote;

/// <summary>How a service is asked. Holds no secret, only where keys are found.</summary>
public sealed record RemoteSettings
{
    /// <summary>A YAML file that describes a plain HTTP service whose URL is the target; null for none.</summary>
    public string? ServiceFile { get; init; }

    /// <summary>A file with keys, which go before environment variables; null for none.</summary>
    public string? KeyFile { get; init; }

    /// <summary>
    /// Most calls that are made, of those that the service may charge for (throttled ones it does not); null for no limit.
    /// </summary>
    public long? MaxCalls { get; init; }

    /// <summary>Most calls a second.</summary>
    public double CallsPerSecond { get; init; } = 5;

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a call is tried again that was throttled, failed at the server, or got no answer.</summary>
    public int Retries { get; init; } = 6;

    /// <summary>
    /// The first wait before that is drawn from 0 to this; the most doubles each time (exponential back-off with full jitter).
    /// </summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest of these waits.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest wait that a service may ask for with Retry-After.</summary>
    public TimeSpan LongestAskedWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>After so many pairs in a row without an answer the session stops.</summary>
    public int FailuresToStop { get; init; } = 3;

    /// <summary>A folder that every exchange is recorded in, one cassette a service; null for none.</summary>
    public string? Record { get; init; }

    /// <summary>A folder with cassettes to be played back: nothing is sent, no key is needed. Null to ask the service.</summary>
    public string? Replay { get; init; }

    /// <summary>The time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Environment variables; a test has its own.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Told a line when something is worth a word, such as another attempt; may be null. No line holds a secret.</summary>
    public Action<string>? Say { get; init; }

    /// <summary>Where jitter comes from, in [0,1).</summary>
    internal Func<double> Jitter { get; init; } = Random.Shared.NextDouble;
}
