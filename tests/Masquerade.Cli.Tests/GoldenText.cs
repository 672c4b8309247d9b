using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Masquerade.Imaging;

namespace Masquerade.Cli.Tests;

/// <summary>
/// Outputs without what depends on time, place or the versions of libraries: here it is taken out, and nowhere else.
/// </summary>
internal static partial class GoldenText
{
    /// <summary>The column with hashes of decoded pixels: they say nothing on another kind of machine.</summary>
    public const string PixelHash = "pixels_sha256";

    /// <summary>Columns and fields that hold times.</summary>
    private static readonly HashSet<string> Times =
        ["seconds", "median_seconds", "seconds_per_image", "seconds_per_forward", "share_of_forward"];

    /// <summary>Facts of a run that tell of time and place, and of inputs that the tests paint.</summary>
    private static readonly HashSet<string> Facts =
    [
        "masquerade", "TorchSharp", "ONNX Runtime", ".NET", "machine", "started", "resumed", "finished", "photographs",
        "landmarks: SHA-256",
    ];

    private static readonly JsonSerializerOptions Short = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An output as it is kept: of JSON, whatever holds no object or list of its own is on one line.</summary>
    public static string Normalise(string name, string text) => Path.GetExtension(name) switch
    {
        ".json" => Json(Without(JsonNode.Parse(text)), "") + "\n",
        ".csv" => Csv(text),
        _ => text.ReplaceLineEndings("\n").TrimEnd('\n') + "\n",
    };

    /// <summary>An output as a tree: of CSV a list of rows, of text a list of lines.</summary>
    public static JsonNode? Parse(string name, string text) => Path.GetExtension(name) switch
    {
        ".json" => JsonNode.Parse(text),
        ".csv" => Rows(text),
        _ => new JsonArray([.. text.TrimEnd('\n').Split('\n').Select(l => JsonValue.Create(l))]),
    };

    /// <summary>The pictures of a folder, each with its size and a hash of its decoded pixels.</summary>
    public static string Pictures(string folder)
    {
        var text = new StringBuilder($"picture,width,height,{PixelHash}\n");
        foreach (var path in Directory.GetFiles(folder, "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var picture = ImageFile.Read(path);
            var name = Path.GetRelativePath(folder, path).Replace('\\', '/');
            text.Append($"{name},{picture.Width},{picture.Height},{Convert.ToHexStringLower(SHA256.HashData(picture.Pixels))}\n");
        }
        return text.ToString();
    }

    private static JsonNode? Without(JsonNode? node)
    {
        if (node is JsonObject fields)
        {
            foreach (var name in fields.Select(f => f.Key).Where(Times.Contains).ToList()) fields.Remove(name);
            foreach (var field in fields) Without(field.Value);
        }
        if (node is JsonArray items)
        {
            foreach (var fact in items.Where(IsOfHere).ToList()) items.Remove(fact);
            foreach (var item in items) Without(item);
        }
        return node;
    }

    private static bool IsOfHere(JsonNode? item) => item is JsonObject fact && fact["name"] is JsonValue name
        && (Facts.Contains(name.ToString()) || name.ToString().EndsWith(": engines differ by", StringComparison.Ordinal));

    private static string Json(JsonNode? node, string indent)
    {
        var deeper = indent + " ";
        return node switch
        {
            JsonObject fields when fields.Any(f => f.Value is JsonObject or JsonArray { Count: > 0 }) =>
                $"{{\n{string.Join(",\n", fields.Select(f => $"{deeper}{Text(f.Key)}:{Json(f.Value, deeper)}"))}\n{indent}}}",
            JsonArray items when items.Any(i => i is JsonObject or JsonArray) =>
                $"[\n{string.Join(",\n", items.Select(i => deeper + Json(i, deeper)))}\n{indent}]",
            _ => Text(node),
        };
    }

    private static string Text(JsonNode? node) => node?.ToJsonString(Short) ?? "null";

    private static string Csv(string text)
    {
        var rows = Lines(text);
        var kept = Enumerable.Range(0, rows[0].Count).Where(i => !Times.Contains(rows[0][i])).ToList();
        return string.Concat(rows.Select(row => string.Join(',', kept.Select(i => Quote(row[i]))) + "\n"));
    }

    private static JsonArray Rows(string text)
    {
        var rows = Lines(text);
        return new JsonArray([.. rows.Skip(1).Select(row =>
            new JsonObject(rows[0].Zip(row, (name, value) => KeyValuePair.Create(name, (JsonNode?)JsonValue.Create(value)))))]);
    }

    private static List<List<string>> Lines(string text) =>
        [.. text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Select(line => Field().Matches(line).Select(Value).ToList())];

    private static string Value(Match field) => field.Groups[1].Success
        ? field.Groups[1].Value.Replace("\"\"", "\"", StringComparison.Ordinal) : field.Groups[2].Value;

    private static string Quote(string field) =>
        field.AsSpan().IndexOfAny('"', ',') < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    [GeneratedRegex("(?<=^|,)(?:\"((?:[^\"]|\"\")*)\"|([^,\"]*))(?=,|$)")]
    private static partial Regex Field();
}
