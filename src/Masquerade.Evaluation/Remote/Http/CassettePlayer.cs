using System.Text.Json;
using System.Text.Json.Nodes;

namespace Masquerade.Evaluation.Remote.Http;

/// <summary>Plays a recording back: the same calls get the same answers, in the order in which they were recorded.</summary>
internal sealed class CassettePlayer
{
    private readonly string _path;
    private readonly Dictionary<string, Recorded> _answers = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    private CassettePlayer(string path, string endpoint) => (_path, Endpoint) = (path, endpoint);

    /// <summary>Address of the service when it was recorded.</summary>
    public string Endpoint { get; }

    /// <summary>Reads a recording.</summary>
    /// <param name="folder">The folder it lies in, or the file itself.</param>
    /// <param name="service">The service.</param>
    /// <exception cref="InputException">There is none, or the file is something else.</exception>
    public static CassettePlayer Open(string folder, string service)
    {
        var path = File.Exists(folder) ? folder : Cassette.PathOf(folder, service);
        if (!File.Exists(path)) throw new InputException($"{path}: there is no recording of {service}; check the folder");
        var bytes = InputFile.ReadLines(path);
        var player = Parse(bytes[0]) is { } first && (string?)first[Cassette.Service] == service && first[Cassette.Version] is not null
            ? new CassettePlayer(path, (string?)first[Cassette.Endpoint] ?? "")
            : throw new InputException($"{path}: is no recording of {service}");
        for (var i = 1; i < bytes.Length; i++)
        {
            try
            {
                player.Add(Parse(bytes[i]) ?? throw new JsonException("not an object"));
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or FormatException)
            {
                // A recording that was killed ends anywhere.
                if (i == bytes.Length - 1) break;
                throw new InputException($"{path} line {i + 1}: is no exchange with a service; get the file again", e);
            }
        }
        return player;
    }

    /// <summary>What a call was answered.</summary>
    /// <exception cref="InputException">It was not recorded.</exception>
    public RemoteReply Answer(RemoteCall call, Func<RemoteReply, ReplyKind> kindOf)
    {
        lock (_lock)
        {
            if (_answers.TryGetValue(Cassette.Key(call.Method.Method, call.ShownUrl, call.ShownBody), out var recorded)
                && recorded.Next(kindOf) is { } reply)
            {
                return reply;
            }
        }
        var about = call.ShownBody.ToJsonString();
        if (about.Length > 300) about = about[..300] + "…";
        throw new InputException(
            $"{_path}: has no answer to {call.Method} {call.ShownUrl} {about}; it was recorded with other images or settings");
    }

    private static JsonObject? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Add(JsonObject exchange)
    {
        var request = exchange[Cassette.Request]!;
        var reply = Cassette.Reply(exchange[Cassette.Response]!);
        var key = Cassette.Key((string)request[Cassette.Method]!, (string)request[Cassette.Url]!, request[Cassette.Body]);
        if (!_answers.TryGetValue(key, out var recorded)) _answers[key] = recorded = new();
        recorded.Replies.Add(reply);
    }

    private sealed class Recorded
    {
        private int _played;
        private RemoteReply? _last;

        public List<RemoteReply> Replies { get; } = [];

        /// <summary>The next that counts, and from then on the last: who asks more often than was recorded gets it again.</summary>
        public RemoteReply? Next(Func<RemoteReply, ReplyKind> kindOf)
        {
            while (_played < Replies.Count)
            {
                var reply = Replies[_played++];
                if (kindOf(reply) == ReplyKind.Final) return _last = reply;
            }
            return _last;
        }
    }
}
