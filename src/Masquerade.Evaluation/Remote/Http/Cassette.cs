using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Masquerade.Evaluation.Remote.Http;

/// <summary>
/// The form of a recording: a file of JSON lines, NAME.jsonl. The first says which service was recorded, each other line is one exchange:
/// nothing secret, and each image only as its SHA-256.
/// </summary>
internal static class Cassette
{
    public const string Version = "cassette";
    public const string Service = "service";
    public const string Endpoint = "endpoint";
    public const string Request = "request";
    public const string Response = "response";
    public const string Method = "method";
    public const string Url = "url";
    public const string Status = "status";
    public const string Headers = "headers";
    public const string Body = "body";
    public const string Text = "text";

    // Everything else, keys among it, stays out.
    private static readonly string[] RequestHeaders = ["content-type", "x-amz-target", "accept"];
    private static readonly string[] ResponseHeaders =
        ["content-type", "retry-after", "x-amzn-errortype", "x-amzn-requestid", "apim-request-id", "x-ms-error-code"];

    private static readonly JsonSerializerOptions Layout = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Where the recording of a service lies.</summary>
    public static string PathOf(string folder, string service)
    {
        var name = service.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' ? c : '-');
        return Path.Combine(folder, string.Concat(name) + ".jsonl");
    }

    /// <summary>The first line.</summary>
    public static string FirstLine(string service, string endpoint) =>
        new JsonObject { [Version] = 1, [Service] = service, [Endpoint] = endpoint }.ToJsonString(Layout);

    /// <summary>An exchange as a line.</summary>
    public static string Line(RemoteCall call, RemoteReply reply, SecretSet secrets)
    {
        var headers = call.Headers.Append(("content-type", call.ContentType)).Select(h => KeyValuePair.Create(h.Item1, h.Item2));
        var request = new JsonObject
        {
            [Method] = call.Method.Method,
            [Url] = call.ShownUrl,
            [Headers] = Allowed(headers, RequestHeaders),
            ["bodySha256"] = Convert.ToHexStringLower(SHA256.HashData(call.Body)),
            [Body] = call.ShownBody.DeepClone(),
        };
        var response = new JsonObject { [Status] = reply.Status, [Headers] = Allowed(reply.Headers, ResponseHeaders) };
        var text = secrets.Redact(reply.Body);
        if (Parsed(text) is { } json) response[Body] = json;
        else response[Text] = text;
        // Once more over all of it: a header may repeat a key, too.
        return secrets.Redact(new JsonObject { [Request] = request, [Response] = response }.ToJsonString(Layout));
    }

    /// <summary>What a call is found by: method, path and body, but no host, so that it is the same call on another account.</summary>
    public static string Key(string method, string url, JsonNode? body)
    {
        var path = Uri.TryCreate(url, UriKind.Absolute, out var absolute) ? absolute.PathAndQuery : url;
        var text = $"{method}\n{path}\n{body?.ToJsonString(Layout)}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>An answer that was recorded.</summary>
    /// <exception cref="JsonException">It is no answer.</exception>
    public static RemoteReply Reply(JsonNode response)
    {
        var headers = response[Headers]!.AsObject()
            .ToDictionary(h => h.Key, h => h.Value!.GetValue<string>(), StringComparer.Ordinal);
        var body = response[Body] is { } json ? json.ToJsonString(Layout) : response[Text]!.GetValue<string>();
        return new RemoteReply(response[Status]!.GetValue<int>(), headers, body);
    }

    private static JsonObject Allowed(IEnumerable<KeyValuePair<string, string>> headers, string[] names) => new(headers
        .Select(h => KeyValuePair.Create(h.Key.ToLowerInvariant(), h.Value)).Where(h => names.Contains(h.Key))
        .OrderBy(h => h.Key, StringComparer.Ordinal).DistinctBy(h => h.Key).Select(h => KeyValuePair.Create(h.Key, (JsonNode?)h.Value)));

    /// <summary>An object or a list, so that a reader sees it as such; null of anything else.</summary>
    private static JsonNode? Parsed(string text)
    {
        try
        {
            var node = JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
            return node is JsonObject or JsonArray ? node : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
