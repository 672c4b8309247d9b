namespace Masquerade.Evaluation.Assets;

/// <summary>How assets are downloaded.</summary>
public sealed record FetchSettings
{
    /// <summary>The variable that names a mirror.</summary>
    public const string MirrorVariable = "MASQ_MIRROR";

    /// <summary>
    /// Base URL of a mirror, which is then asked instead of the publishers: <c>MIRROR/NAME/FILE</c> for each file of an asset. Null for
    /// none.
    /// </summary>
    public string? Mirror { get; init; }

    /// <summary>How long nothing may come before a download is taken up anew.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a download is taken up anew while nothing comes of it.</summary>
    public int Retries { get; init; } = 6;

    /// <summary>The first wait before that; it doubles each time, to a minute at most, with some jitter.</summary>
    public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait that a server may ask for.</summary>
    public TimeSpan LongestAskedWait { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Opens a file that grows; a test's may be on a disk that gets full.</summary>
    internal Func<string, Stream> OpenPartial { get; init; } = path =>
        new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);

    /// <summary>The usual ones, with the mirror that the variable MASQ_MIRROR names.</summary>
    public static FetchSettings FromEnvironment() => new()
    {
        Mirror = Environment.GetEnvironmentVariable(MirrorVariable) is { } mirror && !string.IsNullOrWhiteSpace(mirror) ? mirror : null,
    };
}
