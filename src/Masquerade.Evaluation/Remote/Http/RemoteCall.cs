using System.Text.Json.Nodes;

namespace Masquerade.Evaluation.Remote.Http;

/// <summary>A request to a service, and how it looks without secrets and photographs.</summary>
/// <param name="Method">POST, mostly.</param>
/// <param name="Url">Where it goes; may hold keys.</param>
/// <param name="ShownUrl">The same with names in the place of keys.</param>
/// <param name="ContentType">Type of the body.</param>
/// <param name="Body">The body.</param>
/// <param name="ShownBody">
/// What is recorded of the body, and what a recording is searched for: each image is its SHA-256, and what is another one each time (such
/// as a face id) is named by the image that it stands for.
/// </param>
internal sealed record RemoteCall(HttpMethod Method, Uri Url, string ShownUrl, string ContentType, byte[] Body, JsonNode ShownBody)
{
    /// <summary>Headers without secrets, besides the body's type.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>Adds the key, or a signature as of now.</summary>
    public Action<HttpRequestMessage, DateTimeOffset>? Authorize { get; init; }

    /// <summary>Without keys and photographs, whoever prints it.</summary>
    public override string ToString() => $"{Method} {ShownUrl}";

    /// <summary>How an image is named where it is not shown.</summary>
    public static string Shown(RemoteImage image) => $"sha256:{image.Sha256}";
}
