using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Masquerade.Evaluation.Remote.Http;
using Masquerade.Evaluation.Remote.Keys;

namespace Masquerade.Evaluation.Remote.Azure;

/// <summary>
/// Azure Face (REST API v1.2): an image is shown once (Detect), which gives an id for its largest face, and two ids are compared (Verify).
/// Ids are remembered for as long as they live.
/// </summary>
internal sealed class AzureFaceVerifier : IRemoteVerifier, IDisposable
{
    public const string ServiceName = "azure-face";

    private const string KeyName = "AZURE_FACE_KEY";
    private const string EndpointName = "AZURE_FACE_ENDPOINT";
    private const int IdSeconds = 86_400;
    private const string Unapproved = "the resource has no approval for face verification, which Microsoft grants on request";
    private const string Models = "recognitionModel=recognition_04&detectionModel=detection_03";

    // An id that is about to expire is not used any more.
    private static readonly TimeSpan IdLife = TimeSpan.FromSeconds(IdSeconds - 600);

    private readonly string _endpoint;
    private readonly string? _key;
    private readonly RemoteChannel _channel;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<string, Detection> _detections = new(StringComparer.Ordinal);

    private AzureFaceVerifier(string endpoint, string? key, RemoteChannel channel, TimeProvider clock) =>
        (_endpoint, _key, _channel, _clock) = (endpoint, key, channel, clock);

    /// <summary>Opens the service with the key and the endpoint that the environment or the key file names.</summary>
    /// <exception cref="InputException">One is missing.</exception>
    public static AzureFaceVerifier Open(RemoteSettings settings)
    {
        if (settings.Replay is { } replay)
        {
            var recorded = CassettePlayer.Open(replay, ServiceName).Endpoint;
            return new(recorded, null, new(ServiceName, recorded, settings, new SecretSet()), settings.Clock);
        }
        var keys = new KeyRing(settings);
        var key = keys.Require(ServiceName, KeyName)[0];
        var given = keys.Setting(EndpointName) ?? throw new InputException(
            $"{ServiceName}: there is no endpoint: set {EndpointName} to that of your resource, https://NAME.cognitiveservices.azure.com");
        var endpoint = Endpoint.Read(given, EndpointName, holdsKeys: true).GetLeftPart(UriPartial.Path).TrimEnd('/');
        return new(endpoint, key, new RemoteChannel(ServiceName, endpoint, settings, keys.Secrets), settings.Clock);
    }

    public string Name => ServiceName;

    public string Identity => $"{ServiceName} v1.2 {_endpoint} {Models}";

    public string Destination => $"Azure Face ({_endpoint})";

    // From which it says "isIdentical".
    public double Threshold => 0.5;

    public int CallsPerPair => 1;

    public int CallsPerImage => 1;

    public long Calls => _channel.Calls;

    public void Dispose() => _channel.Dispose();

    public async Task<RemoteAnswer> CompareAsync(RemoteImage probe, RemoteImage reference, CancellationToken cancellation)
    {
        for (var again = false; ; again = true)
        {
            var a = await DetectAsync(probe, cancellation);
            if (a.Id is null) return Unjudged(a, RemoteOutcome.NoFaceInProbe, "probe");
            var b = await DetectAsync(reference, cancellation);
            if (b.Id is null) return Unjudged(b, RemoteOutcome.NoFaceInReference, "reference");
            var reply = await _channel.SendAsync(VerifyCall(probe, reference, a.Id, b.Id), r => r.UsualKind, cancellation);
            if (!reply.IsSuccess && !again && Error(reply).Code == "FaceNotFound")
            {
                // An id died before its time: the photographs are shown once more.
                _detections.TryRemove(probe.Sha256, out _);
                _detections.TryRemove(reference.Sha256, out _);
                continue;
            }
            if (!reply.IsSuccess) throw Refused(reply);
            return RemoteAnswer.Judged(ServiceJson.Confidence(reply.Json().Member("confidence"), 1)
                ?? throw Nonsense("the confidence is missing or not from 0 to 1", reply));
        }
    }

    private static RemoteAnswer Unjudged(Face face, RemoteOutcome noFace, string which) => face.Refusal is { } refusal
        ? new(RemoteOutcome.ImageRefused, null, $"the {which}: {refusal}") : new(noFace, null, $"no face in the {which}");

    /// <summary>What is known of an image; several threads that want to know share one call.</summary>
    private async Task<Face> DetectAsync(RemoteImage image, CancellationToken cancellation)
    {
        var now = _clock.GetUtcNow();
        if (_detections.TryGetValue(image.Sha256, out var old) && now - old.Time >= IdLife)
            _detections.TryRemove(KeyValuePair.Create(image.Sha256, old));
        var detection = _detections.GetOrAdd(image.Sha256, _ => new Detection(new(() => AskForFaceAsync(image, cancellation)), now));
        try
        {
            return await detection.Face.Value;
        }
        catch
        {
            _detections.TryRemove(KeyValuePair.Create(image.Sha256, detection));
            throw;
        }
    }

    private async Task<Face> AskForFaceAsync(RemoteImage image, CancellationToken cancellation)
    {
        var url = $"{_endpoint}/face/v1.2/detect?returnFaceId=true&{Models}&faceIdTimeToLive={IdSeconds}";
        var reply = await _channel.SendAsync(
            Call(url, "application/octet-stream", image.Png.ToArray(), RemoteCall.Shown(image)), r => r.UsualKind, cancellation);
        if (!reply.IsSuccess)
        {
            var (code, message) = Error(reply);
            return code is "InvalidImage" or "InvalidImageSize" ? new Face(null, _channel.Show($"{code}: {message}"))
                : throw Refused(reply);
        }
        if (reply.Json() is not { ValueKind: JsonValueKind.Array } faces) throw Nonsense("no list of faces", reply);
        if (faces.GetArrayLength() == 0) return new Face(null, null);
        // Largest first.
        JsonElement? largest = faces[0];
        if (largest.Text("faceId") is { Length: > 0 } id) return new Face(id, null);
        throw largest.Member("faceRectangle") is null ? Nonsense("a face without id and rectangle", reply) : new InputException(
            $"{Name}: sees faces but gives no face id: {Unapproved}");
    }

    private RemoteCall VerifyCall(RemoteImage probe, RemoteImage reference, string probeId, string referenceId)
    {
        var url = $"{_endpoint}/face/v1.2/verify";
        var body = JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["faceId1"] = probeId, ["faceId2"] = referenceId });
        // An id is another one after each Detect: the face that it stands for is not.
        var shown = new JsonObject
        {
            ["faceId1"] = $"face of {RemoteCall.Shown(probe)}",
            ["faceId2"] = $"face of {RemoteCall.Shown(reference)}",
        };
        return Call(url, "application/json", body, shown);
    }

    private RemoteCall Call(string url, string type, byte[] body, JsonNode shown) =>
        new(HttpMethod.Post, new Uri(url), url, type, body, shown) { Authorize = Authorize };

    private void Authorize(HttpRequestMessage request, DateTimeOffset now) =>
        request.Headers.TryAddWithoutValidation("Ocp-Apim-Subscription-Key", _key);

    private InputException Refused(RemoteReply reply)
    {
        var (code, message) = Error(reply);
        if (code == "UnsupportedFeature")
        {
            return new($"{Name}: {Unapproved} ({code})");
        }
        if (reply.Status == 403 && message.Contains("quota", StringComparison.OrdinalIgnoreCase))
        {
            return new($"{Name}: the quota of the resource is used up ({_channel.Show(message)}); what is answered is kept: start the same "
                + "command again when there is a new one");
        }
        if (reply.Status is 401 or 403)
        {
            return new(
                $"{Name}: refuses the key (status {reply.Status}); check {KeyName}, and that {EndpointName} is of the same resource");
        }
        return code.Length == 0 ? Nonsense("no error of Azure either", reply)
            : new($"{Name}: refuses the call ({_channel.Show($"status {reply.Status}, {code}: {message}")})");
    }

    private InputException Nonsense(string problem, RemoteReply reply) => ServiceJson.Nonsense(Name, problem, reply, _channel);

    private static (string Code, string Message) Error(RemoteReply reply)
    {
        var error = reply.Json().Member("error");
        return (error.Text("code") ?? "", error.Text("message") ?? "");
    }

    private sealed record Detection(Lazy<Task<Face>> Face, DateTimeOffset Time);

    /// <param name="Id">Its face id; null where there is no face.</param>
    /// <param name="Refusal">Why the image was refused; null where it was not.</param>
    private sealed record Face(string? Id, string? Refusal);
}
