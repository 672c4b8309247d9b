using System.Text.Json;

namespace Masquerade.Evaluation.Remote.Http;

/// <summary>What an answer means for whoever asked.</summary>
internal enum ReplyKind
{
    /// <summary>It would be the same another time.</summary>
    Final,

    /// <summary>Too many requests: another time, and it costs nothing.</summary>
    Throttled,

    /// <summary>The server failed: another time.</summary>
    Failed,
}

/// <summary>A service's answer, as it came.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Headers">Headers, by lower-case names.</param>
/// <param name="Body">The body as text.</param>
internal sealed record RemoteReply(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>Whether all went well.</summary>
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>What the status alone means.</summary>
    public ReplyKind UsualKind => Status switch
    {
        429 => ReplyKind.Throttled,
        408 or 425 or >= 500 => ReplyKind.Failed,
        _ => ReplyKind.Final,
    };

    /// <summary>The body as JSON; null where it is none.</summary>
    public JsonElement? Json()
    {
        try
        {
            using var document = JsonDocument.Parse(Body);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
