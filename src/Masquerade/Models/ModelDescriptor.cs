using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Masquerade.Imaging;
using Masquerade.Networks;

namespace Masquerade.Models;

/// <summary>How to use a network file: a <c>*.model.json</c>.</summary>
public sealed record ModelDescriptor
{
    /// <summary>Name in reports and ledgers.</summary>
    public required string Name { get; init; }

    /// <summary>Full path of the network file.</summary>
    public required string File { get; init; }

    /// <summary><c>onnx</c> or <c>inception-resnet-v1</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Size of the crops that it takes.</summary>
    public required ImageSize InputSize { get; init; }

    /// <summary>Subtracted from a pixel in 0–255: one value, or three in the network's channel order.</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0f];

    /// <summary>What the pixel is divided by then: one value, or three, independently of <see cref="Mean"/>.</summary>
    public IReadOnlyList<float> Std { get; init; } = [1f];

    /// <summary>Whether the network's first channel is blue.</summary>
    public bool Bgr { get; init; }

    /// <summary>Whether the network takes [N,H,W,3].</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>Name of the image input, where the file has several.</summary>
    public string? InputName { get; init; }

    /// <summary>Whether each image is standardised on its own.</summary>
    public bool PerImageStandardise { get; init; }

    /// <summary>Name of the embedding output; the first if null.</summary>
    public string? Output { get; init; }

    /// <summary>Whether embeddings are averaged with the mirror image's.</summary>
    public bool FlipAverage { get; init; }

    /// <summary>
    /// How photographs are cropped for it: <c>arcface-112x112</c>, <c>arcface-112x96</c>, <c>facenet-160x160</c> or <c>none</c>.
    /// </summary>
    public required string Alignment { get; init; }

    /// <summary>Threshold on the squared Euclidean distance of unit embeddings, in (0,4): up to it is the same person.</summary>
    public required double Threshold { get; init; }

    /// <summary>What the threshold was fitted on, where that is known.</summary>
    public string? ThresholdSource { get; init; }

    /// <summary>Values of an embedding.</summary>
    public required int EmbeddingSize { get; init; }

    /// <summary>SHA-256 of the network file in lower-case hex; null if the descriptor names none.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Where the network comes from.</summary>
    public string? Source { get; init; }

    /// <summary>The licence of its weights.</summary>
    public string? License { get; init; }

    /// <summary>Reads a descriptor. The network file beside it is not opened.</summary>
    /// <exception cref="InputException">Missing, not JSON, an unknown, missing or impossible field.</exception>
    public static ModelDescriptor Read(string path) => ModelDescriptorReader.Read(path);

    /// <summary>Compares the network file with <see cref="Sha256"/>, where there is one.</summary>
    /// <exception cref="InputException">The file is missing or is another one.</exception>
    public void VerifyFile()
    {
        if (!System.IO.File.Exists(File))
            throw new InputException($"{File}: no such file; the descriptor of {Name} names it in 'file'");
        if (Sha256 is null) return;
        using var stream = System.IO.File.OpenRead(File);
        var actual = Convert.ToHexStringLower(SHA256.HashData(stream));
        if (!string.Equals(actual, Sha256, StringComparison.OrdinalIgnoreCase))
            throw new InputException(
                $"{File}: SHA-256 is {actual}, the descriptor says {Sha256}; "
                + "the file is truncated or another version: fetch it again or correct 'sha256'");
    }
}

/// <summary>Reads descriptors field by field, so that every mistake is named.</summary>
internal static class ModelDescriptorReader
{
    private static readonly string[] Fields =
    [
        "name", "file", "format", "input", "alignment", "threshold", "embeddingSize", "sha256", "source", "license",
        "schemaVersion", "metric", "thresholdSource", "output", "flipAverage",
    ];

    private static readonly string[] InputFields = ["width", "height", "mean", "std", "channels", "layout", "name", "perImageStandardise"];
    private static readonly string[] Alignments = ["arcface-112x112", "arcface-112x96", "facenet-160x160", "none"];

    public static ModelDescriptor Read(string path)
    {
        string text;
        try
        {
            text = System.IO.File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: no readable model descriptor there; give the path of a *.model.json file", e);
        }
        try
        {
            using var json = JsonDocument.Parse(
                text,
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return new Section(path, "", json.RootElement).ToDescriptor();
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: not a model descriptor: {e.Message.Split('\n')[0]}", e);
        }
    }

    private sealed record Section(string Path, string Prefix, JsonElement Element)
    {
        public ModelDescriptor ToDescriptor()
        {
            Check(Fields);
            if (Optional("schemaVersion") is not null && Integer("schemaVersion", 1, 1) != 1) throw Bad("schemaVersion", "must be 1");
            var input = new Section(Path, "input.", Required("input", JsonValueKind.Object));
            input.Check(InputFields);
            var mean = input.Numbers("mean", 0f);
            var std = input.Numbers("std", 1f);
            _ = ChannelScale.Of(mean, std, Path);
            var file = Text("file") ?? throw Missing("file");
            return new ModelDescriptor
            {
                Name = Text("name") ?? throw Missing("name"),
                File = System.IO.Path.GetFullPath(file, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!),
                Format = Choice("format", ModelFormats.Names, null),
                InputSize = new ImageSize(input.Integer("width", 1, 4096), input.Integer("height", 1, 4096)),
                Mean = mean,
                Std = std,
                Bgr = input.Choice("channels", ["rgb", "bgr"], "rgb") == "bgr",
                ChannelsLast = input.Choice("layout", ["nchw", "nhwc"], "nchw") == "nhwc",
                InputName = input.Text("name"),
                PerImageStandardise = input.Flag("perImageStandardise"),
                Output = Text("output"),
                FlipAverage = Flag("flipAverage"),
                Alignment = Choice("alignment", Alignments, null),
                Threshold = Threshold(),
                ThresholdSource = Text("thresholdSource"),
                EmbeddingSize = Integer("embeddingSize", 1, 65536),
                Sha256 = Hash(),
                Source = Text("source"),
                License = Text("license"),
            };
        }

        private double Threshold()
        {
            var value = Number(Required("threshold", JsonValueKind.Number));
            var metric = Choice("metric", ["squared-l2", "cosine"], "squared-l2");
            // Unit vectors: |a−b|² = 2 − 2·cos, and a larger cosine is a smaller distance.
            var distance = metric == "cosine" ? 2 - 2 * value : value;
            if (!(distance > 0 && distance < 4))
                throw Bad("threshold", metric == "cosine" ? "must lie between -1 and 1" : "must lie between 0 and 4");
            return distance;
        }

        private string? Hash()
        {
            var hash = Text("sha256");
            if (hash is not null && (hash.Length != 64 || !hash.All(char.IsAsciiHexDigit)))
                throw Bad("sha256", "must be 64 hexadecimal digits");
            return hash;
        }

        private void Check(string[] known)
        {
            if (Element.ValueKind != JsonValueKind.Object)
                throw new InputException($"{Path}: not a model descriptor: it is not a JSON object");
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var property in Element.EnumerateObject())
            {
                if (!known.Contains(property.Name, StringComparer.Ordinal))
                    throw new InputException($"{Path}: unknown field '{Prefix}{property.Name}'; known are {string.Join(", ", known)}");
                if (!seen.Add(property.Name)) throw Bad(property.Name, "is there twice");
            }
        }

        private JsonElement? Optional(string name) =>
            Element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

        private JsonElement Required(string name, JsonValueKind kind)
        {
            var value = Optional(name) ?? throw Missing(name);
            return value.ValueKind == kind ? value : throw Bad(name, $"must be {Kind(kind)}");
        }

        private string? Text(string name)
        {
            if (Optional(name) is not { } value) return null;
            var text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            return string.IsNullOrWhiteSpace(text) ? throw Bad(name, "must be a text") : text;
        }

        private bool Flag(string name) => Optional(name) switch
        {
            null => false,
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            _ => throw Bad(name, "must be true or false"),
        };

        private string Choice(string name, string[] choices, string? fallback)
        {
            var text = Text(name) ?? fallback ?? throw Missing(name);
            return choices.Contains(text, StringComparer.Ordinal)
                ? text
                : throw Bad(name, $"is '{text}'; known are {string.Join(", ", choices)}");
        }

        private int Integer(string name, int least, int most)
        {
            var value = Required(name, JsonValueKind.Number);
            return value.TryGetInt32(out var number) && number >= least && number <= most
                ? number
                : throw Bad(name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}"));
        }

        private float[] Numbers(string name, float fallback)
        {
            if (Optional(name) is not { } value) return [fallback];
            if (value.ValueKind == JsonValueKind.Number) return [(float)Number(value)];
            if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(v => v.ValueKind != JsonValueKind.Number))
                throw Bad(name, "must be a number, or three");
            return [.. value.EnumerateArray().Select(v => (float)Number(v))];
        }

        private static double Number(JsonElement value) => value.GetDouble();

        private InputException Missing(string name) => new($"{Path}: the field '{Prefix}{name}' is missing");

        private InputException Bad(string name, string problem) => new($"{Path}: the field '{Prefix}{name}' {problem}");

        private static string Kind(JsonValueKind kind) => kind switch
        {
            JsonValueKind.Number => "a number",
            JsonValueKind.Object => "an object",
            _ => "a text",
        };
    }
}
