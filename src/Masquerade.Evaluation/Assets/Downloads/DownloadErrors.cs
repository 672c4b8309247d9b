namespace Masquerade.Evaluation.Assets.Downloads;

/// <summary>No place gave the file.</summary>
/// <param name="message">What happened at the first of them, as the end of a sentence.</param>
/// <param name="inner">What was caught.</param>
internal sealed class DownloadException(string message, Exception? inner) : Exception(message, inner);

/// <summary>A download broke off; it may go better another time.</summary>
/// <param name="message">What happened, as the end of a sentence.</param>
/// <param name="inner">What was caught.</param>
internal sealed class InterruptedException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How long the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the server was not even reached.</summary>
    public bool Unreachable { get; init; }

    /// <summary>What a failed request means.</summary>
    /// <exception cref="SourceException">It would fail again.</exception>
    public static InterruptedException Of(HttpRequestException e, Uri url)
    {
        var reason = InputFile.OneLine((e.InnerException ?? e).Message);
        return e.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError =>
                new($"no network: {url.Host} cannot be reached ({reason})", e) { Unreachable = true },
            HttpRequestError.SecureConnectionError => throw new SourceException($"no secure connection to {url.Host} ({reason})", e),
            HttpRequestError.ProxyTunnelError => throw new SourceException($"the proxy does not let through to {url.Host} ({reason})", e),
            HttpRequestError.ConfigurationLimitExceeded => throw new SourceException($"{url} sends headers without end", e),
            _ => new($"the connection broke ({reason})", e),
        };
    }

    /// <summary>What an answer means that is neither the file nor a redirect.</summary>
    /// <exception cref="SourceException">It would be the same another time.</exception>
    public static InterruptedException Of(HttpResponseMessage response, TimeProvider clock)
    {
        var answer = $"{response.RequestMessage!.RequestUri} answers {(int)response.StatusCode} ({response.StatusCode})";
        // Request timeout, too early, too many requests, and what is wrong with the server.
        if ((int)response.StatusCode is not (408 or 425 or 429 or >= 500)) throw new SourceException(answer);
        var asked = response.Headers.RetryAfter;
        return new(answer) { RetryAfter = asked?.Delta ?? asked?.Date - clock.GetUtcNow() };
    }
}

/// <summary>A place does not have the file, or has another one: asking again would not help.</summary>
/// <param name="message">What happened, as the end of a sentence.</param>
/// <param name="inner">What was caught.</param>
internal sealed class SourceException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether what it sent so far is worth nothing.</summary>
    public bool Worthless { get; init; }
}
