using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Masquerade.Testing;

/// <summary>
/// What stand-ins of services know: how like two images are, and which have no face. They compare SHA-256 of what they are sent, and write
/// down what they were asked.
/// </summary>
internal abstract class FaceService
{
    private int _asked;

    /// <summary>Images, by SHA-256, in which they see no face.</summary>
    public HashSet<string> Faceless { get; } = [];

    /// <summary>Images that they refuse.</summary>
    public HashSet<string> Refused { get; } = [];

    /// <summary>How often each pair was compared: that is what costs.</summary>
    public Dictionary<string, int> Compared { get; } = [];

    /// <summary>What goes wrong with a request, by its number, from 0; null where nothing does.</summary>
    public Func<int, ServiceResponse?> Fault { get; set; } = _ => null;

    /// <summary>Confidence that they give a pair: some number of both.</summary>
    public static double Confidence(string probe, string reference) =>
        BitConverter.ToUInt16(SHA256.HashData(Encoding.UTF8.GetBytes(probe + reference))) / 65535.0;

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Answers a request.</summary>
    public ServiceResponse Answer(ServiceRequest request) => Fault(_asked++) ?? Usually(request);

    protected abstract ServiceResponse Usually(ServiceRequest request);

    protected double Compare(string probe, string reference)
    {
        var pair = $"{probe} {reference}";
        Compared[pair] = Compared.GetValueOrDefault(pair) + 1;
        return Confidence(probe, reference);
    }
}

/// <summary>A stand-in of AWS Rekognition: CompareFaces over JSON 1.1, each request's signature checked.</summary>
/// <param name="keyId">The access key id that it knows.</param>
/// <param name="secret">Its secret.</param>
/// <param name="token">Its session token; null for none.</param>
/// <param name="region">Its region.</param>
/// <param name="now">Its time; a signature is good for a quarter of an hour.</param>
internal sealed class RekognitionService(string keyId, string secret, string? token, string region, Func<DateTimeOffset> now) : FaceService
{
    public static ServiceResponse Error(int status, string type, string message) =>
        new(status, JsonSerializer.Serialize(new Dictionary<string, string> { ["__type"] = type, ["Message"] = message }))
        {
            ContentType = "application/x-amz-json-1.1",
        };

    public static ServiceResponse Throttle { get; } = Error(400, "ThrottlingException", "Rate exceeded");

    protected override ServiceResponse Usually(ServiceRequest request)
    {
        if (Unsigned(request) is { } error) return error;
        if (request.Path != "/" || request.Header("X-Amz-Target") != "RekognitionService.CompareFaces")
            return Error(400, "UnknownOperationException", "");
        if (request.Header("Content-Type") != "application/x-amz-json-1.1") return Error(400, "SerializationException", "");
        var body = JsonNode.Parse(request.Body)!;
        var source = Sha256(Convert.FromBase64String((string)body["SourceImage"]!["Bytes"]!));
        var target = Sha256(Convert.FromBase64String((string)body["TargetImage"]!["Bytes"]!));
        if (Refused.Contains(source) || Refused.Contains(target))
            return Error(400, "InvalidImageFormatException", "Request has invalid image format");
        if (Faceless.Contains(source)) return Error(400, "InvalidParameterException", "Request has invalid parameters");
        var face = """{"BoundingBox":{"Width":0.5,"Height":0.5,"Left":0.2,"Top":0.2},"Confidence":99.9}""";
        if (Faceless.Contains(target)) return new(200, $$"""{"SourceImageFace":{{face}},"FaceMatches":[],"UnmatchedFaces":[]}""");
        var threshold = (double)body["SimilarityThreshold"]!;
        var similarity = 100 * Compare(target, source);
        var text = similarity.ToString("R", CultureInfo.InvariantCulture);
        return similarity >= threshold
            ? new(200, $$"""{"SourceImageFace":{{face}},"FaceMatches":[{"Similarity":{{text}},"Face":{{face}}}],"UnmatchedFaces":[]}""")
            : new(200, $$"""{"SourceImageFace":{{face}},"FaceMatches":[],"UnmatchedFaces":[{{face}}]}""");
    }

    /// <summary>Computes the signature anew from what came over the wire.</summary>
    private ServiceResponse? Unsigned(ServiceRequest request)
    {
        if (request.Header("Authorization") is not { } authorization)
            return Error(400, "MissingAuthenticationTokenException", "Missing token");
        var parts = authorization["AWS4-HMAC-SHA256 ".Length..].Split(", ").Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        var scope = parts["Credential"].Split('/');
        var stamp = request.Header("X-Amz-Date")!;
        if (scope[0] != keyId || request.Header("X-Amz-Security-Token") != token)
            return Error(400, "UnrecognizedClientException", "The security token included in the request is invalid.");
        if (scope[2] != region || scope[3] != "rekognition" || scope[1] != stamp[..8])
            return Error(400, "InvalidSignatureException", "Scope");
        var time = DateTimeOffset.ParseExact(stamp, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        if ((now() - time).Duration() > TimeSpan.FromMinutes(15)) return Error(400, "InvalidSignatureException", "Signature expired");
        var signed = parts["SignedHeaders"].Split(';');
        var needed = new List<string> { "content-type", "host", "x-amz-date", "x-amz-target" };
        if (token is not null) needed.Add("x-amz-security-token");
        if (needed.Except(signed).Any()) return Error(400, "IncompleteSignatureException", "Headers are not signed");
        var text = new StringBuilder($"{request.Method}\n{request.Path}\n\n");
        foreach (var name in signed) text.Append(CultureInfo.InvariantCulture, $"{name}:{request.Header(name)}\n");
        text.Append(CultureInfo.InvariantCulture, $"\n{parts["SignedHeaders"]}\n{Sha256(request.Body)}");
        var hash = Sha256(Encoding.UTF8.GetBytes(text.ToString()));
        var secretBytes = Encoding.UTF8.GetBytes("AWS4" + secret);
        foreach (var step in scope[1..]) secretBytes = HMACSHA256.HashData(secretBytes, Encoding.UTF8.GetBytes(step));
        var toSign = $"AWS4-HMAC-SHA256\n{stamp}\n{string.Join('/', scope[1..])}\n{hash}";
        var expected = Convert.ToHexStringLower(HMACSHA256.HashData(secretBytes, Encoding.UTF8.GetBytes(toSign)));
        // AWS repeats what should have been signed, the token in it.
        return parts["Signature"] == expected ? null : Error(400, "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. The Canonical String for this request should "
            + $"have been\n'{text}'");
    }
}

/// <summary>A stand-in of Azure Face: Detect and Verify, with ids that expire.</summary>
/// <param name="key">The key that it knows.</param>
internal sealed class AzureFaceService(string key) : FaceService
{
    private readonly Dictionary<string, string> _faces = [];

    /// <summary>How often each image was shown.</summary>
    public Dictionary<string, int> Detected { get; } = [];

    /// <summary>Whether its owner may compare faces.</summary>
    public bool Approved { get; set; } = true;

    public static ServiceResponse Error(int status, string code, string message, params (string, string)[] headers) =>
        new(status, JsonSerializer.Serialize(new { error = new { code, message } }), headers);

    public static ServiceResponse Throttle(int seconds) => Error(429, "429", $"Rate limit is exceeded. Try again in {seconds} seconds.",
        ("Retry-After", seconds.ToString(CultureInfo.InvariantCulture)));

    /// <summary>All ids expire.</summary>
    public void Forget() => _faces.Clear();

    protected override ServiceResponse Usually(ServiceRequest request)
    {
        if (request.Header("Ocp-Apim-Subscription-Key") != key)
            return Error(401, "401", "Access denied due to invalid subscription key or wrong API endpoint.");
        return (request.Method, request.Path) switch
        {
            ("POST", "/face/v1.2/detect") => Detect(request),
            ("POST", "/face/v1.2/verify") => Verify(request),
            _ => Error(404, "404", "Resource not found"),
        };
    }

    private ServiceResponse Detect(ServiceRequest request)
    {
        var query = request.Target.Split('?')[1].Split('&').Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]);
        if (query["returnFaceId"] != "true" || query["recognitionModel"] != "recognition_04" || query["detectionModel"] != "detection_03"
            || int.Parse(query["faceIdTimeToLive"], CultureInfo.InvariantCulture) is < 60 or > 86400)
        {
            return Error(400, "BadArgument", "Request parameter is invalid.");
        }
        if (request.Header("Content-Type") != "application/octet-stream") return Error(415, "UnsupportedMediaType", "");
        if (!Approved)
        {
            return Error(403, "UnsupportedFeature", "Feature is not supported, missing approval for one or more of the following features: "
                + "Identification,Verification.");
        }
        var image = Sha256(request.Body);
        Detected[image] = Detected.GetValueOrDefault(image) + 1;
        if (Refused.Contains(image)) return Error(400, "InvalidImageSize", "Image size is too big.");
        if (Faceless.Contains(image)) return new(200, "[]");
        var id = Guid.NewGuid().ToString();
        _faces[id] = image;
        return new(200, $$$"""[{"faceId":"{{{id}}}","faceRectangle":{"top":10,"left":12,"width":80,"height":80}}]""");
    }

    private ServiceResponse Verify(ServiceRequest request)
    {
        var body = JsonNode.Parse(request.Body)!;
        if (!_faces.TryGetValue((string)body["faceId1"]!, out var one) || !_faces.TryGetValue((string)body["faceId2"]!, out var other))
            return Error(404, "FaceNotFound", "Face is not found.");
        var confidence = Compare(one, other);
        var text = confidence.ToString("R", CultureInfo.InvariantCulture);
        return new(200, $$"""{"isIdentical":{{(confidence >= 0.5 ? "true" : "false")}},"confidence":{{text}}}""");
    }
}
