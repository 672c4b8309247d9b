using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Masquerade.Imaging;

namespace Masquerade.Detection;

/// <summary>What a detector looks at.</summary>
public enum DetectorKind
{
    /// <summary>A convolutional network on the pixels.</summary>
    Cnn,

    /// <summary>A convolutional network on what a purifier takes off the image.</summary>
    Residual,

    /// <summary>A support vector machine on quantised activations of the recogniser (Lu, Issaranon and Forsyth, ICCV 2017).</summary>
    SafetyNet,

    /// <summary>How far the embedding moves when the image is squeezed (Xu, Evans and Qi, NDSS 2018).</summary>
    Squeeze,

    /// <summary>The Mahalanobis distance of the recogniser's activations from those of clean faces (Lee et al., NeurIPS 2018).</summary>
    Mahalanobis,
}

/// <summary>A threshold on a detector's score.</summary>
/// <param name="FalseAlarms">Share of clean faces that are refused, in (0,1).</param>
/// <param name="Threshold">An image with a higher score is refused.</param>
public sealed record DetectorThreshold(double FalseAlarms, double Threshold);

/// <summary>What a detector was made of and for; a part of its file.</summary>
public sealed record DetectorCard
{
    /// <summary>The form of cards that this program writes.</summary>
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The card's form.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>What it looks at.</summary>
    public required DetectorKind Kind { get; init; }

    /// <summary>Name of the recogniser that it was made for.</summary>
    public required string Model { get; init; }

    /// <summary>SHA-256 of the recogniser's network file, in hexadecimal.</summary>
    public required string ModelSha256 { get; init; }

    /// <summary>Width of the crops in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Height of the crops in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>The purifiers that it uses: one for a residual, one for each squeezed image; else none.</summary>
    public IReadOnlyList<string> Purifiers { get; init; } = [];

    /// <summary>Names of the recogniser's activations that it uses; else none.</summary>
    public IReadOnlyList<string> Layers { get; init; } = [];

    /// <summary>The attacks that made its adversarial images; none where it learned from clean faces alone.</summary>
    public IReadOnlyList<string> Attacks { get; init; } = [];

    /// <summary>The photographs that it was made of, in words.</summary>
    public required string Data { get; init; }

    /// <summary>Clean faces that it learned from.</summary>
    public int CleanFaces { get; init; }

    /// <summary>Adversarial images that it learned from.</summary>
    public int AdversarialImages { get; init; }

    /// <summary>Clean faces, of other people, that its thresholds are from.</summary>
    public required int CalibrationFaces { get; init; }

    /// <summary>Its thresholds, the fewest false alarms first; at least one.</summary>
    public required IReadOnlyList<DetectorThreshold> Thresholds { get; init; }

    /// <summary>Size of the crops.</summary>
    [JsonIgnore]
    public ImageSize Size => new(Width, Height);

    /// <summary>The threshold for a share of false alarms.</summary>
    /// <exception cref="InputException">It has none for this share.</exception>
    public double ThresholdAt(double falseAlarms) => Thresholds.FirstOrDefault(t => Math.Abs(t.FalseAlarms - falseAlarms) < 1e-9)?.Threshold
        ?? throw new InputException($"no threshold is known for {Percent(falseAlarms)} false alarms; there are: "
            + string.Join(", ", Thresholds.Select(t => Percent(t.FalseAlarms))));

    /// <summary>As JSON.</summary>
    internal string ToJson() => JsonSerializer.Serialize(this, Format);

    /// <summary>Reads what <see cref="ToJson"/> made.</summary>
    /// <param name="json">The card.</param>
    /// <param name="source">Name of the file it is from, for messages.</param>
    /// <exception cref="InputException">It is none, or says what cannot be.</exception>
    internal static DetectorCard Parse(string json, string source)
    {
        try
        {
            var card = JsonSerializer.Deserialize<DetectorCard>(json, Format) ?? throw new JsonException("it is empty");
            if (card.Version != CurrentVersion) throw new JsonException($"it is of version {card.Version}, not {CurrentVersion}");
            card.Check();
            return card;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InputException($"{source}: what it says of itself cannot be read ({InputFile.OneLine(e.Message)}); train the detector again", e);
        }
    }

    private void Check()
    {
        if (Thresholds.Count == 0 || Thresholds.Any(t => t is null || !(t.FalseAlarms > 0 && t.FalseAlarms < 1) || !double.IsFinite(t.Threshold)))
            throw new JsonException("a threshold is not possible");
        if (Width < 1 || Height < 1) throw new JsonException($"crops of {Width}x{Height} are not possible");
        var looksAtSomething = Kind switch
        {
            DetectorKind.Cnn => true,
            DetectorKind.Residual => Purifiers.Count == 1,
            DetectorKind.Squeeze => Purifiers.Count > 0,
            DetectorKind.SafetyNet or DetectorKind.Mahalanobis => Layers.Count > 0,
            _ => false,
        };
        if (!looksAtSomething || Purifiers.Concat(Layers).Any(string.IsNullOrEmpty)) throw new JsonException("what it looks at is not possible");
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.##} %");
}
