using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Masquerade.Evaluation.Remote.Aws;

/// <summary>
/// AWS Signature Version 4 in headers (AWS, <i>IAM User Guide</i>, "Create a signed AWS API request"), for services other than S3, whose
/// paths are written otherwise.
/// </summary>
internal sealed class SignatureV4(AwsKey key, string region, string service)
{
    public const string DateHeader = "x-amz-date";
    public const string TokenHeader = "x-amz-security-token";

    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>The headers that a signed request has more than before: date, token and authorization.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="target">Path and query, as they go over the wire.</param>
    /// <param name="headers">All headers that are signed, "host" among them.</param>
    /// <param name="body">Its body.</param>
    /// <param name="time">Now.</param>
    public IReadOnlyList<(string Name, string Value)> Sign(
        string method, string target, IEnumerable<(string Name, string Value)> headers, ReadOnlySpan<byte> body, DateTimeOffset time)
    {
        var stamp = time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var day = stamp[..8];
        List<(string Name, string Value)> added = [(DateHeader, stamp)];
        if (key.SessionToken is { } token) added.Add((TokenHeader, token));
        var (canonical, signed) = CanonicalRequest(method, target, [.. headers, .. added], body);
        var scope = $"{day}/{region}/{service}/aws4_request";
        var toSign = $"{Algorithm}\n{stamp}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var signature = Hex(Hmac(SigningKey(day), toSign));
        added.Add(("authorization", $"{Algorithm} Credential={key.Id}/{scope}, SignedHeaders={signed}, Signature={signature}"));
        return added;
    }

    private static (string Text, string SignedHeaders) CanonicalRequest(
        string method, string target, IEnumerable<(string Name, string Value)> headers, ReadOnlySpan<byte> body)
    {
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = question < 0 ? (target, "") : (target[..question], target[(question + 1)..]);
        // Values of a header that is there several times stay in their order.
        var grouped = headers.GroupBy(h => h.Name.ToLowerInvariant(), h => Squeezed(h.Value))
            .OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        var lines = string.Concat(grouped.Select(g => $"{g.Key}:{string.Join(',', g)}\n"));
        var signed = string.Join(';', grouped.Select(g => g.Key));
        return ($"{method}\n{CanonicalPath(path)}\n{CanonicalQuery(query)}\n{lines}\n{signed}\n{Hex(SHA256.HashData(body))}", signed);
    }

    /// <summary>Without dots and double slashes (RFC 3986, 5.2.4), then each segment percent-encoded.</summary>
    private static string CanonicalPath(string path)
    {
        var kept = new List<string>();
        foreach (var segment in path.Split('/'))
        {
            if (segment is "" or ".") continue;
            if (segment != "..") kept.Add(Uri.EscapeDataString(segment));
            else if (kept.Count > 0) kept.RemoveAt(kept.Count - 1);
        }
        var end = kept.Count > 0 && path.EndsWith('/') ? "/" : "";
        return $"/{string.Join('/', kept)}{end}";
    }

    private static string CanonicalQuery(string query) => string.Join('&', query.Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(p => p.Split('=', 2))
        .Select(p => (Name: Recoded(p[0]), Value: p.Length > 1 ? Recoded(p[1]) : ""))
        .OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Value, StringComparer.Ordinal)
        .Select(p => $"{p.Name}={p.Value}"));

    private static string Recoded(string text) => Uri.EscapeDataString(Uri.UnescapeDataString(text));

    /// <summary>Trimmed, and runs of blanks inside are one.</summary>
    private static string Squeezed(string value) => string.Join(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private byte[] SigningKey(string day) =>
        Hmac(Hmac(Hmac(Hmac(Encoding.UTF8.GetBytes($"AWS4{key.Secret}"), day), region), service), "aws4_request");

    private static byte[] Hmac(byte[] secret, string text) => HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
