using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Masquerade.Testing;

/// <summary>A request as it came over the wire.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Headers">Headers, in their order, as they were written.</param>
/// <param name="Body">The body.</param>
internal sealed record ServiceRequest(string Method, string Target, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body)
{
    /// <summary>Path without query.</summary>
    public string Path => Target.Split('?')[0];

    /// <summary>A header; null where there is none.</summary>
    public string? Header(string name) =>
        Headers.Where(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value).FirstOrDefault();
}

/// <summary>An answer.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">A text, JSON mostly.</param>
/// <param name="Headers">Headers besides type and length.</param>
internal sealed record ServiceResponse(int Status, string Body, params (string Name, string Value)[] Headers)
{
    /// <summary>No answer: the connection stays open, and nothing comes.</summary>
    public static ServiceResponse Hang { get; } = new(0, "");

    /// <summary>No answer: the connection is closed.</summary>
    public static ServiceResponse Drop { get; } = new(-1, "");

    public string ContentType { get; init; } = "application/json";
}

/// <summary>A service on this machine that takes requests with bodies; one request a connection.</summary>
internal sealed class ServiceServer : IDisposable
{
    // Whoever runs the tests may have a proxy; this machine is not behind it.
    static ServiceServer() => Environment.SetEnvironmentVariable("NO_PROXY", "127.0.0.1");

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<ServiceRequest> _requests = new();
    private readonly Func<ServiceRequest, ServiceResponse> _answer;
    private readonly Task _serving;
    private int _hanging;
    private int _taken;

    /// <param name="answer">What a request is answered; called one at a time.</param>
    public ServiceServer(Func<ServiceRequest, ServiceResponse> answer)
    {
        _answer = answer;
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>Its address, without a slash at the end.</summary>
    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>What came.</summary>
    public IReadOnlyList<ServiceRequest> Requests => [.. _requests];

    /// <summary>How many requests were left hanging so far.</summary>
    public int Hanging => Volatile.Read(ref _hanging);

    /// <summary>Whether a request hangs that was not taken note of yet.</summary>
    public bool TakeHanging()
    {
        if (_taken == Hanging) return false;
        _taken++;
        return true;
    }

    public void Dispose()
    {
        // Not disposed of: connections that are about to end still look at it.
        _stop.Cancel();
        _listener.Stop();
        _serving.Wait(TimeSpan.FromSeconds(10));
    }

    private async Task ServeAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested) _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                if (await ReadAsync(stream) is not { } request) return;
                _requests.Enqueue(request);
                ServiceResponse response;
                lock (_requests) response = _answer(request);
                if (ReferenceEquals(response, ServiceResponse.Drop)) return;
                if (ReferenceEquals(response, ServiceResponse.Hang)) Interlocked.Increment(ref _hanging);
                else await WriteAsync(stream, response);
                while (await stream.ReadAsync(new byte[4096], _stop.Token) > 0) { }
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The client went away.
            }
        }
    }

    private async Task WriteAsync(NetworkStream stream, ServiceResponse response)
    {
        var body = Encoding.UTF8.GetBytes(response.Body);
        var head = $"HTTP/1.1 {response.Status} Status\r\nContent-Type: {response.ContentType}\r\nContent-Length: {body.Length}\r\n"
            + string.Concat(response.Headers.Select(h => $"{h.Name}: {h.Value}\r\n")) + "Connection: close\r\n\r\n";
        await stream.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body], _stop.Token);
        stream.Socket.Shutdown(SocketShutdown.Send);
    }

    private async Task<ServiceRequest?> ReadAsync(NetworkStream stream)
    {
        var (bytes, buffer) = (new List<byte>(), new byte[16 << 10]);
        int end;
        while ((end = EndOfHead(bytes)) < 0)
        {
            var read = await stream.ReadAsync(buffer, _stop.Token);
            if (read == 0) return null;
            bytes.AddRange(buffer.AsSpan(0, read));
        }
        var lines = Encoding.Latin1.GetString([.. bytes[..end]]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(l => l.Split(':', 2)).Select(h => (h[0], h[1].Trim())).ToList();
        var start = lines[0].Split(' ');
        var request = new ServiceRequest(start[0], start[1], headers, []);
        var length = int.Parse(request.Header("Content-Length") ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        while (bytes.Count < end + length)
        {
            var read = await stream.ReadAsync(buffer, _stop.Token);
            if (read == 0) return null;
            bytes.AddRange(buffer.AsSpan(0, read));
        }
        return request with { Body = [.. bytes[end..(end + length)]] };
    }

    private static int EndOfHead(List<byte> bytes)
    {
        for (var i = 4; i <= bytes.Count; i++)
            if (bytes[i - 4] == '\r' && bytes[i - 3] == '\n' && bytes[i - 2] == '\r' && bytes[i - 1] == '\n') return i;
        return -1;
    }
}
