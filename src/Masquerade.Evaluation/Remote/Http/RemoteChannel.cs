using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Polly;
using Polly.Retry;

namespace Masquerade.Evaluation.Remote.Http;

/// <summary>
/// The way to one service: spaced, counted, tried again (exponential back-off with full jitter, or as the service asks), timed, recorded.
/// Or no way at all, only a recording that is played back. May be used by several threads.
/// </summary>
internal sealed class RemoteChannel : IDisposable
{
    private const int MostReplyBytes = 1 << 20;

    private readonly string _service;
    private readonly RemoteSettings _settings;
    private readonly SecretSet _secrets;
    private readonly HttpClient? _http;
    private readonly CallRate _rate;
    private readonly CassetteRecorder? _recorder;
    private readonly CassettePlayer? _player;
    private readonly ResiliencePipeline _retries;
    private long _calls;

    /// <param name="service">Its name.</param>
    /// <param name="endpoint">Its address, without secrets.</param>
    /// <param name="settings">Times, retries, budget, recordings.</param>
    /// <param name="secrets">What must not be seen.</param>
    /// <exception cref="InputException">A setting cannot be, or a recording cannot be written or read.</exception>
    public RemoteChannel(string service, string endpoint, RemoteSettings settings, SecretSet secrets)
    {
        Check(settings);
        (_service, _settings, _secrets) = (service, settings, secrets);
        _rate = new CallRate(settings.CallsPerSecond, settings.Clock);
        _retries = new ResiliencePipelineBuilder { TimeProvider = settings.Clock }.AddRetry(Retries()).Build();
        if (settings.Replay is { } replay)
        {
            _player = CassettePlayer.Open(replay, service);
            return;
        }
        if (settings.Record is { } record) _recorder = CassetteRecorder.Open(record, service, endpoint);
        // A redirect might take the key, or a photograph, to somewhere else.
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.All,
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        var version = typeof(RemoteChannel).Assembly.GetName().Version!.ToString(3);
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("masq", version));
    }

    /// <summary>Calls made so far that the service may charge for.</summary>
    public long Calls => Interlocked.Read(ref _calls);

    public void Dispose()
    {
        _http?.Dispose();
        _recorder?.Dispose();
    }

    /// <summary>Sends a call until there is an answer that would be the same another time.</summary>
    /// <param name="call">What is asked.</param>
    /// <param name="kindOf">What an answer means.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="RemoteUnansweredException">There is none this time.</exception>
    /// <exception cref="InputException">The budget is used up, nobody can be asked, or the recording has no such call.</exception>
    public async Task<RemoteReply> SendAsync(RemoteCall call, Func<RemoteReply, ReplyKind> kindOf, CancellationToken cancellation)
    {
        if (_player is not null) return _player.Answer(call, kindOf);
        try
        {
            return await _retries.ExecuteAsync(
                static async (state, token) => await state.Channel.AttemptAsync(state.Call, state.KindOf, token),
                (Channel: this, Call: call, KindOf: kindOf), cancellation);
        }
        catch (AttemptFailedException e)
        {
            throw new RemoteUnansweredException($"no answer after {_settings.Retries + 1} attempts ({e.Message})", e);
        }
    }

    /// <summary>A text as it may be shown: without keys, on one line, and not long.</summary>
    public string Show(string text)
    {
        var line = InputFile.OneLine(_secrets.Redact(text)).Trim();
        return line.Length <= 200 ? line : line[..200] + "…";
    }

    private static void Check(RemoteSettings settings)
    {
        if (!(settings.CallsPerSecond > 0 && double.IsFinite(settings.CallsPerSecond)))
            throw new InputException("the rate of calls must be a number above 0, in calls a second");
        if (settings.MaxCalls < 0) throw new InputException("the most calls that are made (--max-calls) cannot be fewer than 0");
        if (settings.Timeout <= TimeSpan.Zero) throw new InputException("the time that a call may take must be above 0");
        if (settings.Retries < 0) throw new InputException("a call cannot be tried again fewer than 0 times");
        if (settings is { Record: not null, Replay: not null })
            throw new InputException("a recording is either made or played back, not both at once");
    }

    private RetryStrategyOptions Retries() => new()
    {
        // Polly wants one at least; none is what ShouldHandle says then.
        MaxRetryAttempts = Math.Max(1, _settings.Retries),
        ShouldHandle = arguments => ValueTask.FromResult(_settings.Retries > 0
            && arguments.Outcome.Exception is AttemptFailedException e && !(e.RetryAfter > _settings.LongestAskedWait)),
        DelayGenerator = arguments => ValueTask.FromResult<TimeSpan?>(
            (arguments.Outcome.Exception as AttemptFailedException)?.RetryAfter ?? BackOff(arguments.AttemptNumber)),
        OnRetry = arguments =>
        {
            _settings.Say?.Invoke(FormattableString.Invariant(
                $"{_service}: {arguments.Outcome.Exception!.Message}; again in {arguments.RetryDelay.TotalSeconds:0.#} s"));
            return default;
        },
    };

    private TimeSpan BackOff(int attempt)
    {
        var most = Math.Min(_settings.LongestWait.TotalSeconds, _settings.FirstWait.TotalSeconds * Math.Pow(2, attempt));
        return TimeSpan.FromSeconds(_settings.Jitter() * most);
    }

    private async Task<RemoteReply> AttemptAsync(RemoteCall call, Func<RemoteReply, ReplyKind> kindOf, CancellationToken cancellation)
    {
        await _rate.WaitAsync(cancellation);
        Spend();
        using var late = new CancellationTokenSource(_settings.Timeout, _settings.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        RemoteReply reply;
        try
        {
            reply = await ExchangeAsync(call, either.Token);
        }
        catch (HttpRequestException e)
        {
            throw Unsent(e, call);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new AttemptFailedException(FormattableString.Invariant($"no answer in {_settings.Timeout.TotalSeconds:0.#} s"), e);
        }
        catch (IOException e)
        {
            throw new AttemptFailedException($"the connection broke: {Show(e.Message)}", e);
        }
        // What was paid for is on disk before anybody looks at it.
        _recorder?.Write(call, reply, _secrets);
        var kind = kindOf(reply);
        if (kind == ReplyKind.Final) return reply;
        if (kind == ReplyKind.Throttled) Interlocked.Decrement(ref _calls);
        var wait = RetryAfter(reply);
        if (wait is { } asked && asked <= _settings.LongestAskedWait) _rate.Hold(asked);
        var what = kind == ReplyKind.Throttled ? "too many requests" : "the server fails";
        throw new AttemptFailedException($"{what} ({reply.Status})") { RetryAfter = wait };
    }

    private void Spend()
    {
        if (Interlocked.Increment(ref _calls) <= (_settings.MaxCalls ?? long.MaxValue)) return;
        Interlocked.Decrement(ref _calls);
        throw RemoteSession.OverBudget(_service, _settings.MaxCalls!.Value);
    }

    private async Task<RemoteReply> ExchangeAsync(RemoteCall call, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(call.Method, call.Url) { Content = new ByteArrayContent(call.Body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", call.ContentType);
        foreach (var (name, value) in call.Headers) request.Headers.TryAddWithoutValidation(name, value);
        call.Authorize?.Invoke(request, _settings.Clock.GetUtcNow());
        using var response = await _http!.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        var headers = response.Headers.Concat(response.Content.Headers)
            .ToDictionary(h => h.Key.ToLowerInvariant(), h => string.Join(", ", h.Value), StringComparer.Ordinal);
        using var content = await response.Content.ReadAsStreamAsync(cancellation);
        using var body = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (await content.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            body.Write(buffer, 0, read);
            if (body.Length > MostReplyBytes)
                throw new InputException($"{_service}: sends an answer without end; is that the right address?");
        }
        return new RemoteReply((int)response.StatusCode, headers, Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length));
    }

    /// <summary>What a failed request means.</summary>
    private Exception Unsent(HttpRequestException e, RemoteCall call)
    {
        var reason = Show((e.InnerException ?? e).Message);
        switch (e.HttpRequestError)
        {
            case HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError:
                Interlocked.Decrement(ref _calls);
                return new AttemptFailedException($"{call.Url.Host} cannot be reached: {reason}", e);
            case HttpRequestError.SecureConnectionError:
                return new InputException($"{_service}: no secure connection to {call.Url.Host} ({reason})", e);
            case HttpRequestError.ProxyTunnelError:
                return new InputException($"{_service}: the proxy does not let through to {call.Url.Host} ({reason})", e);
            default:
                return new AttemptFailedException($"the connection broke: {reason}", e);
        }
    }

    private TimeSpan? RetryAfter(RemoteReply reply)
    {
        if (!reply.Headers.TryGetValue("retry-after", out var text)) return null;
        TimeSpan? asked = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 1e6))
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
                ? date - _settings.Clock.GetUtcNow() : null;
        return asked < TimeSpan.Zero ? TimeSpan.Zero : asked;
    }
}
