using System.Globalization;
using System.Text.Json;
using Masquerade.Evaluation.Remote.Http;
using Masquerade.Evaluation.Remote.Keys;

namespace Masquerade.Evaluation.Remote.PlainHttp;

/// <summary>
/// Any service that takes two images in one request and answers a score in JSON, as a <see cref="ServiceFile"/> describes it.
/// </summary>
internal sealed class HttpVerifier : IRemoteVerifier, IDisposable
{
    private readonly ServiceFile _file;
    private readonly Dictionary<string, string> _keys;
    private readonly Uri _url;
    private readonly ServiceBody _body;
    private readonly RemoteChannel _channel;

    private HttpVerifier(ServiceFile file, Dictionary<string, string> keys, RemoteSettings settings, SecretSet secrets)
    {
        (_file, _keys) = (file, keys);
        var url = Template.Fill(file.Url, name => Uri.EscapeDataString(Key(name)));
        _url = Endpoint.Read(url, $"{file.Source}: the service's url", holdsKeys: keys.Count > 0);
        _body = new ServiceBody(file, Key);
        _channel = new RemoteChannel(file.Name, file.Url, settings, secrets);
    }

    /// <summary>Opens a service with the keys that its file names.</summary>
    /// <exception cref="InputException">A key is missing, or would go over the network in the clear.</exception>
    public static HttpVerifier Open(ServiceFile file, RemoteSettings settings)
    {
        if (settings.Replay is not null) return new(file, [], settings, new SecretSet());
        var ring = new KeyRing(settings);
        var keys = ring.Require(file.Name, file.Keys);
        return new(file, file.Keys.ZipExact(keys).ToDictionary(k => k.First, k => k.Second, StringComparer.Ordinal), settings, ring.Secrets);
    }

    public string Name => _file.Name;

    public string Identity => _file.Identity;

    public string Destination => $"{_file.Name} ({_file.Url}{(_url.Scheme == "http" && !_url.IsLoopback ? ", unencrypted" : "")})";

    public double Threshold => _file.Confidence(_file.Threshold)!.Value;

    public int CallsPerPair => 1;

    public long Calls => _channel.Calls;

    public void Dispose() => _channel.Dispose();

    public async Task<RemoteAnswer> CompareAsync(RemoteImage probe, RemoteImage reference, CancellationToken cancellation)
    {
        var reply = await _channel.SendAsync(Call(probe, reference), KindOf, cancellation);
        var json = reply.Json();
        if (Rule(_file.Refused, reply, json) is { } refused)
        {
            var which = refused.InReference ? Template.Reference : Template.Probe;
            return new(RemoteOutcome.ImageRefused, null, _channel.Show($"the {which}: status {reply.Status}, {reply.Body}"));
        }
        if (Rule(_file.NoFace, reply, json) is { } noFace)
        {
            return noFace.InReference ? new(RemoteOutcome.NoFaceInReference, null, "no face in the reference")
                : new(RemoteOutcome.NoFaceInProbe, null, "no face in the probe");
        }
        if (!reply.IsSuccess) throw Refused(reply);
        if (json is not { } document) throw Nonsense("not JSON", reply);
        var score = _file.Score.Find(document) ?? throw Nonsense($"there is no {_file.Score}", reply);
        if (Number(score) is not { } number) throw Nonsense($"{_file.Score} is no number", reply);
        return RemoteAnswer.Judged(_file.Confidence(number) ?? throw Nonsense(
            FormattableString.Invariant($"{_file.Score} is not from {_file.Least} to {_file.Most}"), reply));
    }

    // Some services write numbers as texts.
    private static double? Number(JsonElement score)
    {
        var text = score.ValueKind switch
        {
            JsonValueKind.Number => score.GetRawText(),
            JsonValueKind.String => score.GetString(),
            _ => null,
        };
        var isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
        return isNumber && double.IsFinite(number) ? number : null;
    }

    private static AnswerRule? Rule(IEnumerable<AnswerRule> rules, RemoteReply reply, JsonElement? json) =>
        rules.FirstOrDefault(r => r.Matches(reply.Status, json));

    // A status that a rule knows is an answer, whatever it means elsewhere.
    private ReplyKind KindOf(RemoteReply reply) => reply.UsualKind == ReplyKind.Final
        || Rule(_file.Refused.Concat(_file.NoFace).Where(r => r.Status is not null), reply, reply.Json()) is not null
            ? ReplyKind.Final : reply.UsualKind;

    private RemoteCall Call(RemoteImage probe, RemoteImage reference)
    {
        var (type, bytes, shown) = _body.Write(probe, reference);
        return new RemoteCall(new HttpMethod(_file.Method), _url, _file.Url, type, bytes, shown)
        {
            Headers = [.. _body.Headers(probe)],
            Authorize = (request, _) =>
            {
                foreach (var (name, value) in _file.Headers) request.Headers.TryAddWithoutValidation(name, Template.Fill(value, Key));
            },
        };
    }

    private string Key(string name) => _keys.GetValueOrDefault(name, "");

    private InputException Refused(RemoteReply reply) => reply.Status is 401 or 403
        ? new($"{Name}: refuses the key (status {reply.Status}); check {(_keys.Count > 0 ? string.Join(", ", _keys.Keys)
            : $"whether {_file.Source} should name one")}")
        : new($"{Name}: refuses the call ({_channel.Show($"status {reply.Status}, {reply.Body}")}); check {_file.Source}");

    private InputException Nonsense(string problem, RemoteReply reply) => ServiceJson.Nonsense(Name, problem, reply, _channel);
}
