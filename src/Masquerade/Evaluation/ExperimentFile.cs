using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Masquerade.Models;

namespace Masquerade.Evaluation;

/// <summary>
/// An experiment as YAML: the fields of <see cref="Experiment"/> in camelCase. Paths are relative to the file. An unknown field is an
/// error.
/// The JSON schema for editors is <c>docs/experiment.schema.json</c>.
/// </summary>
public sealed class ExperimentFile
{
    private static readonly JsonSerializerOptions Quoting = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Model descriptors, or names of bundled models.</summary>
    public List<string>? Models { get; set; }

    /// <summary>Folder of photographs.</summary>
    public string? Images { get; set; }

    /// <summary>Pair list.</summary>
    public string? Pairs { get; set; }

    /// <summary>Landmarks CSV.</summary>
    public string? Landmarks { get; set; }

    /// <summary>Whether the photographs already are crops.</summary>
    public bool? Aligned { get; set; }

    /// <summary>Only the first so many pairs.</summary>
    public int? Take { get; set; }

    /// <summary>Attacks by name.</summary>
    public List<string>? Attacks { get; set; }

    /// <summary>Storage rules.</summary>
    public List<string>? Storage { get; set; }

    /// <summary>Seed of every random draw.</summary>
    public long? Seed { get; set; }

    /// <summary>Pairs attacked together.</summary>
    public int? Batch { get; set; }

    /// <summary>Threads of the engines.</summary>
    public int? Threads { get; set; }

    /// <summary>Threshold on the squared distance.</summary>
    public double? Threshold { get; set; }

    /// <summary>Which adversarial images are kept: all, successes or examples.</summary>
    public KeepImages? KeepImages { get; set; }

    /// <summary>Reads a spec; its paths are made absolute, names of bundled models stay.</summary>
    /// <exception cref="InputException">Unreadable, not YAML, an unknown field or a value of the wrong kind; the line is named.</exception>
    public static ExperimentFile Read(string path)
    {
        var file = Parse(string.Join('\n', InputFile.ReadLines(path)), path);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        file.Models = file.Models?.ConvertAll(m => CanBePath(m) ? NamedModels.Anywhere(m, folder) : m);
        file.Images = Absolute(file.Images, folder);
        file.Pairs = Absolute(file.Pairs, folder);
        file.Landmarks = Absolute(file.Landmarks, folder);
        return file;
    }

    /// <summary>Parses a spec's text; paths stay as written.</summary>
    /// <exception cref="InputException">As <see cref="Read"/>.</exception>
    public static ExperimentFile Parse(string yaml, string source) => ExperimentFileReader.Read(yaml, source);

    /// <summary>The experiment that this describes.</summary>
    /// <param name="source">What to name in messages.</param>
    /// <exception cref="InputException">A field is missing or impossible.</exception>
    public Experiment ToExperiment(string source)
    {
        var defaults = new Experiment { Models = [], Images = "", Pairs = "" };
        var experiment = new Experiment
        {
            Models = Models ?? throw Missing("models (--model)"),
            Images = Images ?? throw Missing("images (--images)"),
            Pairs = Pairs ?? throw Missing("pairs (--pairs)"),
            Landmarks = Landmarks,
            Aligned = Aligned ?? false,
            Take = Take,
            Attacks = Attacks ?? defaults.Attacks,
            Storage = Storage ?? defaults.Storage,
            Seed = Seed ?? defaults.Seed,
            Batch = Batch ?? defaults.Batch,
            Threads = Threads ?? defaults.Threads,
            Threshold = Threshold,
            KeepImages = KeepImages ?? defaults.KeepImages,
        };
        experiment.Validate(source);
        return experiment;

        InputException Missing(string field) => new($"{source}: nothing says {field}");
    }

    /// <summary>Writes an experiment as YAML that <see cref="Parse"/> reads back to the last digit and letter.</summary>
    public static string Write(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        (string Field, string? Value)[] fields =
        [
            ("models", List(experiment.Models)),
            ("images", Text(experiment.Images)),
            ("pairs", Text(experiment.Pairs)),
            ("landmarks", experiment.Landmarks is null ? null : Text(experiment.Landmarks)),
            ("aligned", experiment.Aligned ? "true" : null),
            ("take", experiment.Take is { } take ? Number(take) : null),
            ("attacks", List(experiment.Attacks)),
            ("storage", List(experiment.Storage)),
            ("seed", Number(experiment.Seed)),
            ("batch", Number(experiment.Batch)),
            ("threads", Number(experiment.Threads)),
            ("threshold", experiment.Threshold is { } threshold ? Number(threshold) : null),
            ("keepImages", experiment.KeepImages.ToString().ToLowerInvariant()),
        ];
        return string.Concat(fields.Where(f => f.Value is not null).Select(f => $"{f.Field}: {f.Value}\n"));

        // YAML's quoted texts are those of JSON.
        static string Text(string text) => JsonSerializer.Serialize(text, Quoting);
        static string List(IEnumerable<string> texts) => $"[{string.Join(", ", texts.Select(Text))}]";
        static string Number(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
    }

    private static string? Absolute(string? path, string folder) => CanBePath(path) ? Path.GetFullPath(path!, folder) : path;

    private static bool CanBePath(string? path) => !string.IsNullOrWhiteSpace(path) && !path.Contains('\0');
}
