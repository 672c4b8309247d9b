using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Masquerade.Evaluation.Remote.Http;
using Masquerade.Evaluation.Remote.Keys;

namespace Masquerade.Evaluation.Remote.Aws;

/// <summary>
/// AWS Rekognition, CompareFaces (<i>Amazon Rekognition Developer Guide</i>). The reference is its source image, whose largest face is
/// compared with each face of the target image, the probe; the best match counts.
/// </summary>
internal sealed partial class RekognitionVerifier : IRemoteVerifier, IDisposable
{
    public const string ServiceName = "rekognition";

    private const string Target = "RekognitionService.CompareFaces";
    private const string JsonType = "application/x-amz-json-1.1";
    // Limits of Rekognition for images sent as bytes.
    private const int MostImageBytes = 5 << 20;
    private const int FewestPixels = 80;

    private static readonly string[] KeyRefused =
    [
        "UnrecognizedClientException", "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignatureException",
        "IncompleteSignature", "MissingAuthenticationTokenException", "MissingAuthenticationToken", "InvalidClientTokenId",
        "AccessDeniedException", "ExpiredTokenException", "ExpiredToken", "RequestExpired", "NotAuthorized", "OptInRequired",
    ];

    private static readonly string[] Throttled =
        ["ThrottlingException", "Throttling", "ProvisionedThroughputExceededException", "TooManyRequestsException", "RequestLimitExceeded"];

    private readonly Uri _endpoint;
    private readonly SignatureV4? _signature;
    private readonly RemoteChannel _channel;

    private RekognitionVerifier(Uri endpoint, SignatureV4? signature, RemoteChannel channel, string place) =>
        (_endpoint, _signature, _channel, Destination) = (endpoint, signature, channel, place);

    /// <summary>Opens the service with the credentials and the region that the environment or the key file names.</summary>
    /// <exception cref="InputException">There is no key or no region.</exception>
    public static RekognitionVerifier Open(RemoteSettings settings)
    {
        if (settings.Replay is { } replay)
        {
            var recorded = Endpoint.Read(CassettePlayer.Open(replay, ServiceName).Endpoint, replay, holdsKeys: false);
            return new(recorded, null, new(ServiceName, recorded.ToString(), settings, new SecretSet()), $"AWS Rekognition ({recorded})");
        }
        var keys = new KeyRing(settings);
        var needed = keys.Require(ServiceName, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
        var key = new AwsKey(needed[0], needed[1], keys.Find("AWS_SESSION_TOKEN"));
        var region = keys.SettingOfFile("REGION") ?? keys.Setting("AWS_REGION", "AWS_DEFAULT_REGION")
            ?? throw new InputException($"{ServiceName}: there is no region: set AWS_REGION, to eu-west-1 for example");
        if (!Region().IsMatch(region)) throw new InputException($"{ServiceName}: AWS_REGION holds no region; it looks like eu-west-1");
        var given = keys.Setting("AWS_ENDPOINT_URL_REKOGNITION", "AWS_ENDPOINT_URL");
        var address = given ?? $"https://rekognition.{region}.amazonaws.com/";
        var endpoint = Endpoint.Read(address, "AWS_ENDPOINT_URL_REKOGNITION", holdsKeys: true);
        var channel = new RemoteChannel(ServiceName, endpoint.ToString(), settings, keys.Secrets);
        return new(endpoint, new SignatureV4(key, region, "rekognition"), channel, $"AWS Rekognition in {region} ({endpoint})");
    }

    public string Name => ServiceName;

    public string Identity => $"{ServiceName} CompareFaces {_endpoint} SimilarityThreshold=0 QualityFilter=NONE";

    public string Destination { get; }

    // Its own default SimilarityThreshold is 80 %.
    public double Threshold => 0.8;

    public int CallsPerPair => 1;

    public long Calls => _channel.Calls;

    public void Dispose() => _channel.Dispose();

    public async Task<RemoteAnswer> CompareAsync(RemoteImage probe, RemoteImage reference, CancellationToken cancellation)
    {
        // Rekognition does not say what is wrong with an image below its limits, so none such is sent.
        if (Unfit(probe) is { } wrong) return new(RemoteOutcome.ImageRefused, null, $"not sent: the probe {wrong}");
        if (Unfit(reference) is { } alsoWrong) return new(RemoteOutcome.ImageRefused, null, $"not sent: the reference {alsoWrong}");
        var reply = await _channel.SendAsync(Call(probe, reference), KindOf, cancellation);
        return reply.IsSuccess ? Judge(reply) : Refused(reply);
    }

    private static string? Unfit(RemoteImage image) =>
        image.Png.Length > MostImageBytes ? "is larger than 5 MiB"
        : PngSize.SmallerSide(image.Png.Span) < FewestPixels ? $"is smaller than {FewestPixels}×{FewestPixels} pixels" : null;

    private RemoteCall Call(RemoteImage probe, RemoteImage reference)
    {
        static JsonObject Body(Func<RemoteImage, string> write, RemoteImage source, RemoteImage target) => new()
        {
            ["SourceImage"] = new JsonObject { ["Bytes"] = write(source) },
            ["TargetImage"] = new JsonObject { ["Bytes"] = write(target) },
            // All matches, however weak; and faces of any quality, as an attack may lower it.
            ["SimilarityThreshold"] = 0,
            ["QualityFilter"] = "NONE",
        };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(Body(i => Convert.ToBase64String(i.Png.Span), reference, probe));
        (string, string)[] headers = [("x-amz-target", Target)];
        return new RemoteCall(HttpMethod.Post, _endpoint, _endpoint.ToString(), JsonType, bytes, Body(RemoteCall.Shown, reference, probe))
        {
            Headers = headers,
            Authorize = (request, now) =>
            {
                var host = _endpoint.IsDefaultPort ? _endpoint.IdnHost : $"{_endpoint.IdnHost}:{_endpoint.Port}";
                var signed = headers.Append(("host", host)).Append(("content-type", JsonType));
                foreach (var (name, value) in _signature!.Sign("POST", _endpoint.PathAndQuery, signed, bytes, now))
                    request.Headers.TryAddWithoutValidation(name, value);
            },
        };
    }

    private static ReplyKind KindOf(RemoteReply reply) =>
        !reply.IsSuccess && Throttled.Contains(ErrorName(reply)) ? ReplyKind.Throttled : reply.UsualKind;

    private RemoteAnswer Judge(RemoteReply reply)
    {
        var json = reply.Json();
        if (json.Member("FaceMatches") is not { ValueKind: JsonValueKind.Array } matches) throw Nonsense("there are no FaceMatches", reply);
        double? best = null;
        foreach (var match in matches.EnumerateArray())
        {
            var confidence = ServiceJson.Confidence(((JsonElement?)match).Member("Similarity"), 100)
                ?? throw Nonsense("a Similarity is missing or not from 0 to 100", reply);
            if (!(best >= confidence)) best = confidence;
        }
        if (best is { } found) return RemoteAnswer.Judged(found);
        return json.Member("UnmatchedFaces") is { ValueKind: JsonValueKind.Array } others && others.GetArrayLength() > 0
            ? RemoteAnswer.Judged(0) : new(RemoteOutcome.NoFaceInProbe, null, "no face in the target image");
    }

    private RemoteAnswer Refused(RemoteReply reply)
    {
        var (name, message) = (ErrorName(reply), ErrorMessage(reply));
        switch (name)
        {
            case "ImageTooLargeException" or "InvalidImageFormatException":
                return new(RemoteOutcome.ImageRefused, null, _channel.Show($"{name}: {message}"));
            case "InvalidParameterException":
                // It means that one of the images has no face, and not which; references are photographs that nobody has touched.
                return new(RemoteOutcome.NoFaceInProbe, null, _channel.Show($"{name}, no face in one of the images: {message}"));
        }
        if (KeyRefused.Contains(name) || reply.Status is 401 or 403)
        {
            throw new InputException($"{Name}: refuses the key ({_channel.Show(name.Length > 0 ? name : $"status {reply.Status}")}); check "
                + "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, their right to rekognition:CompareFaces, and the clock here");
        }
        throw name.Length == 0 ? Nonsense("no error of AWS either", reply)
            : new InputException($"{Name}: refuses the call ({_channel.Show($"status {reply.Status}, {name}: {message}")})");
    }

    private InputException Nonsense(string problem, RemoteReply reply) => ServiceJson.Nonsense(Name, problem, reply, _channel);

    /// <summary>Name of the exception, which may be qualified: "com.amazonaws#Name", "Name:http://…".</summary>
    private static string ErrorName(RemoteReply reply)
    {
        var json = reply.Json();
        var type = json.Text("__type") ?? json.Text("Code") ?? reply.Headers.GetValueOrDefault("x-amzn-errortype") ?? "";
        return type.Split(':')[0].Split('#')[^1].Trim();
    }

    private static string ErrorMessage(RemoteReply reply) => reply.Json() is { } json
        ? ((JsonElement?)json).Text("Message") ?? ((JsonElement?)json).Text("message") ?? "" : "";

    [GeneratedRegex("^[a-z]{2}(-[a-z]+)+-[0-9]$")]
    private static partial Regex Region();
}
