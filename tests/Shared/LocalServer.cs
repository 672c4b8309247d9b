using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Masquerade.Testing;

/// <summary>What a client asked for.</summary>
/// <param name="Path">The path of the URL.</param>
/// <param name="Headers">Its headers.</param>
internal sealed record Asked(string Path, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Where the range that is asked for begins; 0 without one.</summary>
    public int From => Headers.TryGetValue("Range", out var range)
        ? int.Parse(range["bytes=".Length..^1], System.Globalization.CultureInfo.InvariantCulture) : 0;
}

/// <summary>A web server on this machine that behaves as badly as a test wants it to: its answers are bytes, not promises.</summary>
internal sealed class LocalServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Asked> _asked = new();
    private readonly ConcurrentQueue<Func<Asked, Connection, Task>> _answers = new();
    private readonly Task _serving;

    public LocalServer()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>Its address, without a slash at the end.</summary>
    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>What was asked for, in order.</summary>
    public IReadOnlyList<Asked> Requests => [.. _asked];

    /// <summary>What is answered when no answer is queued.</summary>
    public Func<Asked, Connection, Task> Usually { get; set; } =
        (_, to) => to.SendAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");

    /// <summary>Queues the answer to one request.</summary>
    public LocalServer Then(Func<Asked, Connection, Task> answer)
    {
        _answers.Enqueue(answer);
        return this;
    }

    /// <summary>Queues an answer that is only a status and headers, each with its line end.</summary>
    public LocalServer Then(string status, string headers = "") =>
        Then((_, to) => to.SendAsync($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n{headers}\r\n"));

    /// <summary>A well-behaved file: ranges, and a tag if it has one.</summary>
    public static Func<Asked, Connection, Task> File(byte[] content, string? etag = null) => (asked, to) =>
    {
        var matches = !asked.Headers.TryGetValue("If-Range", out var wanted) || wanted == etag;
        var from = matches ? asked.From : 0;
        if (from >= content.Length && from > 0)
        {
            return to.SendAsync("HTTP/1.1 416 Range Not Satisfiable\r\n"
                + $"Content-Range: bytes */{content.Length}\r\nContent-Length: 0\r\n\r\n");
        }
        var status = from == 0 ? "200 OK" : $"206 Partial Content\r\nContent-Range: bytes {from}-{content.Length - 1}/{content.Length}";
        return to.SendAsync($"HTTP/1.1 {status}\r\n{Tag(etag)}Content-Length: {content.Length - from}\r\n\r\n", content[from..]);
    };

    /// <summary>The beginning of a file whose end is promised; then the connection is closed.</summary>
    public static Func<Asked, Connection, Task> Truncated(byte[] content, int until, string? etag = null) => (asked, to) =>
    {
        var from = asked.From;
        var status = from == 0 ? "200 OK" : $"206 Partial Content\r\nContent-Range: bytes {from}-{content.Length - 1}/{content.Length}";
        return to.SendAsync($"HTTP/1.1 {status}\r\n{Tag(etag)}Content-Length: {content.Length - from}\r\n\r\n", content[from..until]);
    };

    public void Dispose()
    {
        // Not disposed of: connections that are about to end still look at it.
        _stop.Cancel();
        _listener.Stop();
        _serving.Wait(TimeSpan.FromSeconds(10));
    }

    private static string Tag(string? etag) => etag is null ? "" : $"ETag: {etag}\r\n";

    private async Task ServeAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested) _ = AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    /// <summary>One request a connection: what is sent and the end of it are the test's to say.</summary>
    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                if (await ReadAsync(stream) is not { } asked) return;
                _asked.Enqueue(asked);
                await (_answers.TryDequeue(out var answer) ? answer : Usually)(asked, new Connection(stream, _stop.Token));
                client.Client.Shutdown(SocketShutdown.Send);
                // Until the client is done as well: closing at once might lose what it has not read yet.
                while (await stream.ReadAsync(new byte[4096], _stop.Token) > 0) { }
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The client went away.
            }
        }
    }

    private async Task<Asked?> ReadAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var one = new byte[1];
        while (!(bytes.Count >= 4 && bytes[^4..] is [13, 10, 13, 10]))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0) return null;
            bytes.Add(one[0]);
        }
        var lines = Encoding.ASCII.GetString([.. bytes]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(l => l.Split(": ", 2)).ToDictionary(h => h[0], h => h[1], StringComparer.OrdinalIgnoreCase);
        return new Asked(lines[0].Split(' ')[1], headers);
    }

    /// <summary>The server's side of a connection.</summary>
    internal sealed class Connection(NetworkStream stream, CancellationToken stop)
    {
        /// <summary>Sends headers, and a body.</summary>
        public async Task SendAsync(string head, byte[]? body = null)
        {
            // One request a connection, so that none is sent into one that is about to end.
            head = head.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head), stop);
            if (body is not null) await stream.WriteAsync(body, stop);
        }

        /// <summary>Sends nothing any more, and keeps the connection open until the client leaves.</summary>
        public async Task StallAsync()
        {
            while (await stream.ReadAsync(new byte[4096], stop) > 0) { }
        }
    }
}
