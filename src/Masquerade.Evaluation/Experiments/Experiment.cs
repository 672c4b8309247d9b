using Masquerade.Alignment;
using Masquerade.Defenses;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Remote;

namespace Masquerade.Evaluation.Experiments;

/// <summary>Which adversarial images a run keeps.</summary>
public enum KeepImages
{
    /// <summary>Every attacked pair's last image: the adversarial one, or where the attack ended when it failed.</summary>
    All,

    /// <summary>The adversarial image of every success.</summary>
    Successes,

    /// <summary>Only as many as the report shows.</summary>
    Examples,
}

/// <summary>What to do: the whole of a run's settings. Two runs with equal experiments on one machine give equal rows.</summary>
public sealed record Experiment
{
    /// <summary>Paths of model descriptors or names of bundled models, at least one.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Name of the data set that photographs and pairs are from; null where they were named themselves.</summary>
    public string? Data { get; init; }

    /// <summary>Folder of photographs.</summary>
    public required string Images { get; init; }

    /// <summary>Pair list: CSV, or LFW's text formats.</summary>
    public required string Pairs { get; init; }

    /// <summary>CSV of five-point landmarks; null where the photographs are aligned, or a detector looks for the faces.</summary>
    public string? Landmarks { get; init; }

    /// <summary>Folder of a detector's weights, or name of the asset that is one; null for the usual one, where one is needed.</summary>
    public string? Detector { get; init; }

    /// <summary>What becomes of a photograph in which the detector finds no face.</summary>
    public FaceFallback Fallback { get; init; }

    /// <summary>Whether the photographs already are crops of the model's input size.</summary>
    public bool Aligned { get; init; }

    /// <summary>Pairs drawn from the list (<see cref="PairSample"/>), before any are taken; null for the list as it is.</summary>
    public int? Sample { get; init; }

    /// <summary>Seed of that draw.</summary>
    public long SampleSeed { get; init; }

    /// <summary>Only the first so many pairs of the list; null for all.</summary>
    public int? Take { get; init; }

    /// <summary>What is done to each crop, by name (<see cref="Preprocessings"/>).</summary>
    public string Preprocessing { get; init; } = Preprocessings.None;

    /// <summary>Attacks by name: <c>family/attack</c>, <c>family</c> or <c>attack</c>.</summary>
    public IReadOnlyList<string> Attacks { get; init; } = UsualAttacks;

    /// <summary>
    /// Rules that adversarial images are judged under: <c>float</c>, <c>8bit</c>. Defenses are judged under <c>8bit</c> only: of a float
    /// image that a defense stops, rounding alone would most often have been enough.
    /// </summary>
    public IReadOnlyList<string> Storage { get; init; } = [StorageNames.Float];

    /// <summary>Defenses, each put in front of each model, by name (<see cref="PurifierRegistry"/>).</summary>
    public IReadOnlyList<string> Defenses { get; init; } = [];

    /// <summary>Detectors, each put in front of each model: files that <c>masq train detector</c> wrote, or names of bundled ones.</summary>
    public IReadOnlyList<string> Detectors { get; init; } = [];

    /// <summary>A purifier and a detector together, each pair put in front of each model, as <c>median:3,cnn.onnx</c>: in the order of use.</summary>
    public IReadOnlyList<string> Stacks { get; init; } = [];

    /// <summary>Share of clean faces that the detectors refuse; each must have a threshold for it.</summary>
    public double FalseAlarms { get; init; } = Detection.Detector.UsualFalseAlarms;

    /// <summary>Whether anything is put in front of a model.</summary>
    internal bool HasDefenses => Defenses.Count + Detectors.Count + Stacks.Count > 0;

    /// <summary>What attackers know of the defenses: <c>zero</c>, <c>perfect</c>.</summary>
    public IReadOnlyList<string> Knowledge { get; init; } = [KnowledgeNames.Zero, KnowledgeNames.Perfect];

    /// <summary>Draws that an attacker averages over behind a random defense; null for each defense's own number.</summary>
    public int? EotSamples { get; init; }

    /// <summary>
    /// Pairs of the list, evenly taken from all of it, on which it is measured what each defense costs those whom nobody attacks.
    /// </summary>
    public int CleanPairs { get; init; } = 400;

    /// <summary>Seed of every random draw.</summary>
    public long Seed { get; init; }

    /// <summary>Pairs attacked together; also the chunk that is committed to the ledger as a whole.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Threads of the engines; 0 for one a core.</summary>
    public int Threads { get; init; }

    /// <summary>Threshold on the squared distance; null for each model's own.</summary>
    public double? Threshold { get; init; }

    /// <summary>Which adversarial images are kept.</summary>
    public KeepImages KeepImages { get; init; } = KeepImages.Successes;

    /// <summary>
    /// Models that judge the images when the attacks are done: paths of descriptors or names. Services are asked by
    /// <see cref="Transfer.TransferRunner"/> only.
    /// </summary>
    public IReadOnlyList<string> TransferTo { get; init; } = [];

    /// <summary>Published results that the run's are shown beside, by name (<see cref="PublishedStudies"/>); null for none.</summary>
    public string? CompareWith { get; init; }

    /// <summary>The attacks where nothing says which.</summary>
    internal static IReadOnlyList<string> UsualAttacks { get; } = ["foolbox-v1", "minimal"];

    /// <summary>The attacks where there are defenses and nothing says which: weak ones flatter a defense.</summary>
    internal static IReadOnlyList<string> UsualAttacksOnDefenses { get; } = ["minimal", "strong"];

    /// <summary>Checks what can be checked without opening a file.</summary>
    /// <param name="source">What to name in messages.</param>
    /// <exception cref="InputException">A setting is impossible.</exception>
    public void Validate(string source)
    {
        if (Models.Count == 0) throw Bad("no models are named; give at least one");
        foreach (var (field, path) in Paths())
            if (string.IsNullOrWhiteSpace(path) || path.Contains('\0')) throw Bad($"{field} has an empty path or one that cannot be");
        if (Sample is < 1) throw Bad($"sample {Sample} is not possible; at least 1");
        if (SampleSeed is < 0 or > PairSample.MostSeed) throw Bad($"sampleSeed {SampleSeed} is not possible; 0 to {PairSample.MostSeed}");
        if (Sample is null && SampleSeed != 0) throw Bad("a sampleSeed draws nothing without a sample; give both");
        if (Take is < 1) throw Bad($"take {Take} is not possible; at least 1");
        if (Batch is < 1 or > 1024) throw Bad($"batch {Batch} is not possible; 1 to 1024");
        if (Threads is < 0 or > 1024) throw Bad($"threads {Threads} is not possible; 0 (one a core) to 1024");
        if (Threshold is { } t && !(t > 0 && t < 4)) throw Bad($"threshold {t} is not possible; squared distances lie between 0 and 4");
        if (Aligned && Landmarks is not null) throw Bad("aligned photographs need no landmarks; give one of the two");
        if ((Aligned || Landmarks is not null) && (Detector is not null || Fallback != FaceFallback.None))
            throw Bad($"{(Aligned ? "aligned photographs need" : "with landmarks there is")} no detector; leave detector and fallback out");
        if (Storage.Count == 0) throw Bad($"no storage rules are named; known are {StorageNames.Float}, {StorageNames.EightBit}");
        if (Storage.FirstOrDefault(s => s is not (StorageNames.Float or StorageNames.EightBit)) is { } unknown)
            throw Bad($"no storage rule '{unknown}'; known are {StorageNames.Float}, {StorageNames.EightBit}");
        if (HasDefenses)
        {
            if (!Storage.Contains(StorageNames.EightBit)) throw Bad($"defenses are judged by 8-bit images: add {StorageNames.EightBit} to storage");
            if (Knowledge.Count == 0) throw Bad($"nothing says what attackers know; {Levels}");
            if (Knowledge.FirstOrDefault(k => k is not (KnowledgeNames.Zero or KnowledgeNames.Perfect)) is { } level)
                throw Bad($"no knowledge '{level}'; {Levels}");
            if (EotSamples is < 1 or > 64) throw Bad($"eotSamples {EotSamples} is not possible; 1 to 64");
            if (!(FalseAlarms > 0 && FalseAlarms < 1)) throw Bad($"falseAlarms {FalseAlarms} is not possible; a share between 0 and 1");
            if (CleanPairs is < 0 or > 100_000) throw Bad($"cleanPairs {CleanPairs} is not possible; 0 to 100000");
        }
        if (TransferTo.FirstOrDefault(RemoteVerifiers.IsRemote) is { } service)
        {
            throw Bad($"{service} in transferTo is a service: when the run is done, masq transfer carries images over to it, and asks before it "
                + "sends any");
        }
        if (TransferTo.Count > 0 && KeepImages == KeepImages.Examples)
            throw Bad("transferTo needs the images of all successes, and keepImages is examples; leave that out");
        try
        {
            foreach (var defense in Defenses) PurifierRegistry.Check(defense);
            foreach (var stack in Stacks) _ = DefenseStack.Parse(stack);
            _ = AttackRegistry.Resolve(Attacks);
            if (Data is not null) _ = NamedData.Assets(Data);
            _ = Preprocessings.Parse(Preprocessing);
            if (CompareWith is not null) _ = PublishedStudies.Find(CompareWith);
        }
        catch (InputException e)
        {
            throw Bad(e.Message);
        }

        InputException Bad(string problem) => new($"{source}: {InputFile.OneLine(problem)}");
    }

    private const string Levels = $"known are {KnowledgeNames.Zero}, {KnowledgeNames.Perfect}";

    private IEnumerable<(string Field, string Path)> Paths()
    {
        foreach (var model in Models) yield return ("models", model);
        yield return ("images", Images);
        yield return ("pairs", Pairs);
        if (Landmarks is not null) yield return ("landmarks", Landmarks);
        if (Detector is not null) yield return ("detector", Detector);
        foreach (var detector in Detectors) yield return ("detectors", detector);
        foreach (var target in TransferTo) yield return ("transferTo", target);
    }
}

/// <summary>Names of the storage rules in specs and ledgers.</summary>
public static class StorageNames
{
    /// <summary>The adversarial image as computed counts.</summary>
    public const string Float = "float";

    /// <summary>Only what survives rounding to 8 bits counts.</summary>
    public const string EightBit = "8bit";
}
