using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Masquerade.Alignment;
using Masquerade.Defenses;
using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Remote;
using Masquerade.Models;

namespace Masquerade.Evaluation.Experiments;

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

    /// <summary>Name of a data set, which has what neither images nor pairs name.</summary>
    public string? Data { get; set; }

    /// <summary>Folder of photographs.</summary>
    public string? Images { get; set; }

    /// <summary>Pair list.</summary>
    public string? Pairs { get; set; }

    /// <summary>Landmarks CSV.</summary>
    public string? Landmarks { get; set; }

    /// <summary>Folder of a detector's weights, or its name.</summary>
    public string? Detector { get; set; }

    /// <summary>What becomes of a photograph without a face: none or center.</summary>
    public FaceFallback? Fallback { get; set; }

    /// <summary>Whether the photographs already are crops.</summary>
    public bool? Aligned { get; set; }

    /// <summary>How many pairs are drawn from the list.</summary>
    public int? Sample { get; set; }

    /// <summary>Seed of that draw.</summary>
    public long? SampleSeed { get; set; }

    /// <summary>Only the first so many pairs.</summary>
    public int? Take { get; set; }

    /// <summary>What is done to each crop.</summary>
    public string? Preprocessing { get; set; }

    /// <summary>Attacks by name.</summary>
    public List<string>? Attacks { get; set; }

    /// <summary>Storage rules.</summary>
    public List<string>? Storage { get; set; }

    /// <summary>Defenses, each put in front of each model.</summary>
    public List<string>? Defenses { get; set; }

    /// <summary>Detectors, each put in front of each model.</summary>
    public List<string>? Detectors { get; set; }

    /// <summary>Purifiers and detectors together, each pair put in front of each model.</summary>
    public List<string>? Stacks { get; set; }

    /// <summary>Share of clean faces that the detectors refuse.</summary>
    public double? FalseAlarms { get; set; }

    /// <summary>What attackers know of the defenses: zero, perfect.</summary>
    public List<string>? Knowledge { get; set; }

    /// <summary>Draws that an attacker averages over behind a random defense.</summary>
    public int? EotSamples { get; set; }

    /// <summary>Pairs on which it is measured what a defense costs.</summary>
    public int? CleanPairs { get; set; }

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

    /// <summary>Models that judge the images when the attacks are done.</summary>
    public List<string>? TransferTo { get; set; }

    /// <summary>Published results that the run's are shown beside.</summary>
    public string? CompareWith { get; set; }

    /// <summary>Reads a spec; its paths are made absolute, names of models stay.</summary>
    /// <exception cref="InputException">Unreadable, not YAML, an unknown field or a value of the wrong kind; the line is named.</exception>
    public static ExperimentFile Read(string path)
    {
        var file = Parse(string.Join('\n', InputFile.ReadLines(path)), path);
        file.MakeAbsolute(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return file;
    }

    /// <summary>Parses a spec's text; paths stay as written.</summary>
    /// <exception cref="InputException">As <see cref="Read"/>.</exception>
    public static ExperimentFile Parse(string yaml, string source) => ExperimentFileReader.Read(yaml, source);

    /// <summary>Makes paths absolute; names of models stay.</summary>
    /// <param name="folder">What they are relative to.</param>
    public void MakeAbsolute(string folder)
    {
        folder = Path.GetFullPath(folder);
        Models = Models?.ConvertAll(m => CanBePath(m) ? NamedModels.Anywhere(m, folder) : m);
        TransferTo = TransferTo?.ConvertAll(m => CanBePath(m) && !RemoteVerifiers.IsRemote(m) ? NamedModels.Anywhere(m, folder) : m);
        Images = Absolute(Images);
        Pairs = Absolute(Pairs);
        Landmarks = Absolute(Landmarks);
        Defenses = Defenses?.ConvertAll(d => PurifierRegistry.Anywhere(d, folder));
        Detectors = Detectors?.ConvertAll(d => CanBePath(d) ? DefenseStack.Anywhere(d, folder) : d);
        Stacks = Stacks?.ConvertAll(s => CanBePath(s) ? DefenseStack.AnywhereInStack(s, folder) : s);
        Detector = CanBePath(Detector) ? FaceSource.Anywhere(Detector!, folder) : Detector;

        string? Absolute(string? path) => CanBePath(path) ? Path.GetFullPath(path!, folder) : path;
    }

    /// <summary>Whether there are defenses.</summary>
    internal bool Defends => Defenses is { Count: > 0 } || Detects;

    /// <summary>Whether there are detectors.</summary>
    internal bool Detects => Detectors is { Count: > 0 } || Stacks is { Count: > 0 };

    /// <summary>The experiment that this describes.</summary>
    /// <param name="source">What to name in messages.</param>
    /// <param name="assets">Where data sets are that go by name; null for the user's own.</param>
    /// <exception cref="InputException">A field is missing or impossible, or the data set is not here.</exception>
    public Experiment ToExperiment(string source, AssetStore? assets = null)
    {
        var defaults = new Experiment { Models = [], Images = "", Pairs = "" };
        if (!Defends && (Knowledge is not null || EotSamples is not null || CleanPairs is not null))
            throw new InputException($"{source}: knowledge, eotSamples and cleanPairs say how defenses are judged, and none are named (--defenses)");
        if (!Detects && FalseAlarms is not null)
            throw new InputException($"{source}: falseAlarms is of detectors, and none are named (--detectors, --stack)");
        var data = Data is not null && (Images is null || Pairs is null) ? NamedData.Find(Data, assets) : null;
        var experiment = new Experiment
        {
            Models = Models ?? throw Missing("models (--model)"),
            Data = Data,
            Images = Images ?? data?.Images ?? throw Missing("images (--images)"),
            Pairs = Pairs ?? data?.Pairs ?? throw Missing("pairs (--pairs)"),
            Landmarks = Landmarks,
            Detector = Detector,
            Fallback = Fallback ?? defaults.Fallback,
            Aligned = Aligned ?? false,
            Sample = Sample,
            SampleSeed = SampleSeed ?? defaults.SampleSeed,
            Take = Take,
            Preprocessing = Preprocessing ?? defaults.Preprocessing,
            Attacks = Attacks ?? (Defends ? Experiment.UsualAttacksOnDefenses : Experiment.UsualAttacks),
            Storage = Storage ?? (Defends ? [StorageNames.Float, StorageNames.EightBit] : defaults.Storage),
            Defenses = Defenses ?? defaults.Defenses,
            Detectors = Detectors ?? defaults.Detectors,
            Stacks = Stacks ?? defaults.Stacks,
            FalseAlarms = FalseAlarms ?? defaults.FalseAlarms,
            Knowledge = Knowledge ?? defaults.Knowledge,
            EotSamples = EotSamples,
            CleanPairs = CleanPairs ?? defaults.CleanPairs,
            Seed = Seed ?? defaults.Seed,
            Batch = Batch ?? defaults.Batch,
            Threads = Threads ?? defaults.Threads,
            Threshold = Threshold,
            KeepImages = KeepImages ?? defaults.KeepImages,
            TransferTo = TransferTo ?? defaults.TransferTo,
            CompareWith = CompareWith,
        };
        experiment.Validate(source);
        return experiment;

        InputException Missing(string field) => new($"{source}: nothing says {field}");
    }

    /// <summary>Writes an experiment as YAML that <see cref="Parse"/> reads back to the last digit and letter.</summary>
    public static string Write(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return new ExperimentFile
        {
            Models = [.. experiment.Models],
            Data = experiment.Data,
            Images = experiment.Images,
            Pairs = experiment.Pairs,
            Landmarks = experiment.Landmarks,
            Detector = experiment.Detector,
            Fallback = experiment.Fallback == FaceFallback.None ? null : experiment.Fallback,
            Aligned = experiment.Aligned ? true : null,
            Sample = experiment.Sample,
            SampleSeed = experiment.Sample is null ? null : experiment.SampleSeed,
            Take = experiment.Take,
            Preprocessing = experiment.Preprocessing == Preprocessings.None ? null : experiment.Preprocessing,
            Attacks = [.. experiment.Attacks],
            Storage = [.. experiment.Storage],
            Defenses = experiment.Defenses.Count > 0 ? [.. experiment.Defenses] : null,
            Detectors = experiment.Detectors.Count > 0 ? [.. experiment.Detectors] : null,
            Stacks = experiment.Stacks.Count > 0 ? [.. experiment.Stacks] : null,
            FalseAlarms = experiment.Detectors.Count + experiment.Stacks.Count > 0 ? experiment.FalseAlarms : null,
            Knowledge = experiment.HasDefenses ? [.. experiment.Knowledge] : null,
            EotSamples = experiment.HasDefenses ? experiment.EotSamples : null,
            CleanPairs = experiment.HasDefenses ? experiment.CleanPairs : null,
            Seed = experiment.Seed,
            Batch = experiment.Batch,
            Threads = experiment.Threads,
            Threshold = experiment.Threshold,
            KeepImages = experiment.KeepImages,
            TransferTo = experiment.TransferTo.Count > 0 ? [.. experiment.TransferTo] : null,
            CompareWith = experiment.CompareWith,
        }.Write();
    }

    /// <summary>Writes the fields that say something, as YAML.</summary>
    public string Write()
    {
        (string Field, string? Value)[] fields =
        [
            ("models", List(Models)),
            ("data", Text(Data)),
            ("images", Text(Images)),
            ("pairs", Text(Pairs)),
            ("landmarks", Text(Landmarks)),
            ("detector", Text(Detector)),
            ("fallback", Fallback?.ToString().ToLowerInvariant()),
            ("aligned", Aligned is { } aligned ? (aligned ? "true" : "false") : null),
            ("sample", Number(Sample)),
            ("sampleSeed", Number(SampleSeed)),
            ("take", Number(Take)),
            ("preprocessing", Text(Preprocessing)),
            ("attacks", List(Attacks)),
            ("storage", List(Storage)),
            ("defenses", List(Defenses)),
            ("detectors", List(Detectors)),
            ("stacks", List(Stacks)),
            ("falseAlarms", Number(FalseAlarms)),
            ("knowledge", List(Knowledge)),
            ("eotSamples", Number(EotSamples)),
            ("cleanPairs", Number(CleanPairs)),
            ("seed", Number(Seed)),
            ("batch", Number(Batch)),
            ("threads", Number(Threads)),
            ("threshold", Number(Threshold)),
            ("keepImages", KeepImages?.ToString().ToLowerInvariant()),
            ("transferTo", List(TransferTo)),
            ("compareWith", Text(CompareWith)),
        ];
        return string.Concat(fields.Where(f => f.Value is not null).Select(f => $"{f.Field}: {f.Value}\n"));

        // YAML's quoted texts are those of JSON.
        static string? Text(string? text) => text is null ? null : JsonSerializer.Serialize(text, Quoting);
        static string? List(IEnumerable<string>? texts) => texts is null ? null : $"[{string.Join(", ", texts.Select(Text))}]";
        static string? Number(IFormattable? number) => number?.ToString(null, CultureInfo.InvariantCulture);
    }

    private static bool CanBePath(string? path) => !string.IsNullOrWhiteSpace(path) && !path.Contains('\0');
}
