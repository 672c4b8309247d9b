using System.Net;
using System.Net.Http.Headers;
using Polly;
using Polly.Retry;

namespace Masquerade.Evaluation.Assets.Downloads;

/// <summary>
/// Downloads files of known size and hash over HTTP. What came is kept when a connection breaks and the rest is asked for (RFC 9110,
/// range requests); a file is there only once it is whole and its hash is right.
/// </summary>
internal sealed class Downloader : IDisposable
{
    private const int MostRedirects = 10;
    private const int BufferBytes = 128 << 10;

    // An attempt that brings so much was no failure: the next begins to count anew.
    private const long WorthwhileBytes = 1 << 20;
    private const int UnreachableRetries = 2;

    private readonly HttpClient _http;
    private readonly FetchSettings _settings;
    private readonly Action<string>? _say;

    /// <param name="settings">Times and retries.</param>
    /// <param name="say">Told a line when something is tried again; may be null.</param>
    public Downloader(FetchSettings settings, Action<string>? say)
    {
        _settings = settings;
        _say = say;
        // Redirects are followed here, so that each is looked at.
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        var version = typeof(Downloader).Assembly.GetName().Version!.ToString(3);
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("masq", version));
        _http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("identity");
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Gets a file from the first place that has it.</summary>
    /// <param name="file">What it is.</param>
    /// <param name="urls">Where it may be.</param>
    /// <param name="path">Where it goes; its beginning is kept beside it.</param>
    /// <param name="progress">Told how many of its bytes there are; may be null.</param>
    /// <param name="cancellation">Ends it; the beginning stays.</param>
    /// <exception cref="DownloadException">No place has it.</exception>
    /// <exception cref="InputException">It cannot be written.</exception>
    public async Task GetAsync(
        AssetDownload file, IReadOnlyList<string> urls, string path, Action<long>? progress, CancellationToken cancellation)
    {
        Exception? first = null;
        foreach (var url in urls)
        {
            try
            {
                await GetFromAsync(new Job(file, url, path, new PartialFile(path, _settings.OpenPartial), progress), cancellation);
                return;
            }
            catch (Exception e) when (e is SourceException or InterruptedException)
            {
                if (e is SourceException { Worthless: true }) new PartialFile(path, _settings.OpenPartial).Clear();
                first ??= e;
            }
        }
        throw new DownloadException(first!.Message, first);
    }

    private async Task GetFromAsync(Job job, CancellationToken cancellation)
    {
        for (var again = false; ; again = true)
        {
            await BringAsync(job, cancellation);
            var hash = FileHash.Of(job.Part.Path, cancellation);
            if (hash == job.File.Sha256)
            {
                job.Part.MoveTo(job.Path);
                return;
            }
            if (job.InPieces && !again)
            {
                // Pieces of different versions make no file; one in one piece may.
                _say?.Invoke($"{job.File.FileName}: what came in several pieces is not the file; it is downloaded once more in one");
                job.Part.Clear();
                job.InPieces = false;
                continue;
            }
            var aside = job.Path + ".bad";
            job.Part.MoveTo(aside);
            throw new SourceException($"what {job.Url} sends is not the file of the catalog (SHA-256 {hash} instead of "
                + $"{job.File.Sha256}); it is kept as {aside} and never used");
        }
    }

    /// <summary>Attempts until all bytes are there.</summary>
    private async Task BringAsync(Job job, CancellationToken cancellation)
    {
        var retries = new ResiliencePipelineBuilder { TimeProvider = _settings.Clock }.AddRetry(Retries(job)).Build();
        job.InPieces = job.Part.Length > 0;
        if (job.Part.Length > job.File.Bytes) job.Part.Clear();
        job.Progress?.Invoke(job.Part.Length);
        var best = job.Part.Length;
        while (job.Part.Length < job.File.Bytes)
        {
            await retries.ExecuteAsync(async token =>
            {
                try
                {
                    await AttemptAsync(job, token);
                }
                catch (InterruptedException) when (job.Part.Length >= best + WorthwhileBytes)
                {
                    best = job.Part.Length;
                }
            }, cancellation);
        }
    }

    private RetryStrategyOptions Retries(Job job) => new()
    {
        MaxRetryAttempts = _settings.Retries,
        BackoffType = DelayBackoffType.Exponential,
        Delay = _settings.FirstWait,
        MaxDelay = TimeSpan.FromMinutes(1),
        UseJitter = true,
        ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is InterruptedException e
            && !(e.RetryAfter > _settings.LongestAskedWait) && !(e.Unreachable && arguments.AttemptNumber >= UnreachableRetries)),
        DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as InterruptedException)?.RetryAfter is { } asked
            ? asked > TimeSpan.Zero ? asked : TimeSpan.Zero : (TimeSpan?)null),
        OnRetry = arguments =>
        {
            _say?.Invoke(FormattableString.Invariant($"{job.File.FileName}: {arguments.Outcome.Exception!.Message}; ")
                + FormattableString.Invariant($"again in {Math.Ceiling(arguments.RetryDelay.TotalSeconds):F0} s"));
            return default;
        },
    };

    private async Task AttemptAsync(Job job, CancellationToken cancellation)
    {
        using var stall = new CancellationTokenSource(_settings.StallTimeout, _settings.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stall.Token);
        try
        {
            using var response = await AskAsync(job, either.Token);
            await ReceiveAsync(job, response, () => stall.CancelAfter(_settings.StallTimeout), either.Token);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new InterruptedException(FormattableString.Invariant(
                $"nothing came for {_settings.StallTimeout.TotalSeconds:0.#} s"), e);
        }
        catch (IOException e)
        {
            throw new InterruptedException($"the connection broke ({InputFile.OneLine(e.Message)})", e);
        }
    }

    /// <summary>Asks for what is missing. An answer that does not continue what there is makes it begin anew.</summary>
    private async Task<HttpResponseMessage> AskAsync(Job job, CancellationToken cancellation)
    {
        while (true)
        {
            var response = await FollowAsync(job, cancellation);
            try
            {
                var begins = job.Part.Length == 0;
                switch (response.StatusCode)
                {
                    case HttpStatusCode.OK:
                        // A page of a network that wants a login, say: what came before it stays.
                        if (response.Content.Headers.ContentLength is { } length && length != job.File.Bytes)
                            throw OtherSize(job, FormattableString.Invariant($"{length:N0} bytes"));
                        job.Part.Begin(response, job.Url);
                        job.InPieces = false;
                        return response;
                    case HttpStatusCode.PartialContent when !begins && Continues(job, response):
                        job.InPieces = true;
                        return response;
                    case HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable when !begins:
                        job.Part.Clear();
                        response.Dispose();
                        continue;
                    default:
                        throw InterruptedException.Of(response, _settings.Clock);
                }
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
    }

    private static bool Continues(Job job, HttpResponseMessage response) => !job.Part.Contradicts(response, job.Url)
        && response.Content.Headers.ContentRange is { Unit: "bytes", HasRange: true } range && range.From == job.Part.Length
        && (!range.HasLength || range.Length == job.File.Bytes);

    private async Task<HttpResponseMessage> FollowAsync(Job job, CancellationToken cancellation)
    {
        var url = new Uri(job.Url);
        for (var hop = 0; hop <= MostRedirects; hop++)
        {
            if (url.Scheme is not ("http" or "https"))
                throw new SourceException($"{job.Url} leads to {url.Scheme}:, and only http and https are followed");
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            job.Part.AskForRest(request.Headers, job.Url);
            var response = await SendAsync(request, cancellation);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308)) return response;
            var location = response.Headers.Location;
            response.Dispose();
            if (location is null || !Uri.TryCreate(url, location, out var next)) throw new SourceException($"{url} redirects to nowhere");
            url = next;
        }
        throw new SourceException($"{job.Url} redirects more than {MostRedirects} times");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw InterruptedException.Of(e, request.RequestUri!);
        }
    }

    private static async Task ReceiveAsync(Job job, HttpResponseMessage response, Action alive, CancellationToken cancellation)
    {
        using var content = await response.Content.ReadAsStreamAsync(cancellation);
        using var file = job.Part.Open();
        var buffer = new byte[BufferBytes];
        while (true)
        {
            alive();
            var read = await content.ReadAsync(buffer, cancellation);
            if (read == 0) break;
            if (job.Part.Length + read > job.File.Bytes) throw OtherSize(job, "more", worthless: true);
            job.Part.Append(file, buffer.AsSpan(0, read), job.File.Bytes);
            job.Progress?.Invoke(job.Part.Length);
        }
        if (job.Part.Length < job.File.Bytes)
        {
            throw new InterruptedException(FormattableString.Invariant(
                $"the connection ended after {job.Part.Length:N0} of {job.File.Bytes:N0} bytes"));
        }
    }

    private static SourceException OtherSize(Job job, string sent, bool worthless = false) =>
        new(FormattableString.Invariant($"{job.Url} sends {sent}, and the file of the catalog has {job.File.Bytes:N0} bytes"))
        {
            Worthless = worthless,
        };

    private sealed class Job(AssetDownload file, string url, string path, PartialFile part, Action<long>? progress)
    {
        public AssetDownload File => file;

        public string Url => url;

        public string Path => path;

        public PartialFile Part => part;

        public Action<long>? Progress => progress;

        /// <summary>Whether it is put together of several answers.</summary>
        public bool InPieces { get; set; }
    }
}
