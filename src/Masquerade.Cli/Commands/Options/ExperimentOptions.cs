using System.CommandLine;
using System.CommandLine.Parsing;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Experiments.Presets;
using Masquerade.Models;

namespace Masquerade.Cli.Commands.Options;

/// <summary>The options that make up an experiment. Given ones win over the spec file or preset, that over the defaults.</summary>
internal sealed class ExperimentOptions
{
    private const string ListPresets = "help";

    private readonly Option<string?> _spec = new("--spec")
    {
        Description = "Experiment as YAML; options given beside it win over it.",
        HelpName = "FILE",
    };
    private readonly Option<string?> _preset = new("--preset")
    {
        Description = $"Experiment that comes with the program: {string.Join(", ", Preset.All.Select(p => p.Name))}; options given beside "
            + $"it win over it. '{ListPresets}' lists them.",
        HelpName = "NAME",
    };
    private readonly Option<string[]> _models = new("--model", "-m")
    {
        Description = $"{CommonOptions.ModelDescription}; may be given several times. "
            + $"Default: {string.Join(" and ", NamedModels.Pair)}.",
        HelpName = "FILE",
    };
    private readonly Option<string?> _data = CommonOptions.Data();
    private readonly Option<string?> _images = CommonOptions.Images();
    private readonly Option<string?> _pairs = CommonOptions.Pairs();
    private readonly Option<int?> _sample = new("--sample")
    {
        Description = "Draw N pairs from the list, as numpy.random.choice does without replacement, before any are taken.",
        HelpName = "N",
    };
    private readonly Option<long?> _sampleSeed = new("--sample-seed") { Description = "Seed of that draw. Default: 0.", HelpName = "N" };
    private readonly Option<int?> _take = new("--take")
    {
        Description = $"Only the first N pairs of the list. Default: all; {SyntheticExperiment.Pairs} of synthetic people.",
        HelpName = "N",
    };
    private readonly Option<string?> _preprocessing = new("--preprocessing")
    {
        Description = $"What is done to each crop before the attack: {string.Join(", ", Preprocessings.Names)}. Default: none.",
        HelpName = "NAME",
    };
    private readonly Option<string[]> _attacks = List(
        "--attacks",
        "Attacks, separated by commas: family/attack, or a family or an attack by itself. Default: foolbox-v1 and minimal; "
        + "on synthetic people minimal; with defenses minimal and strong.",
        "NAMES");
    private readonly Option<string[]> _storage = List(
        "--storage",
        "What an adversarial image must survive, separated by commas: float (nothing), 8bit (rounding to 8 bits a channel). "
        + "Default: float; with defenses both.",
        "RULES");
    private readonly Option<string[]> _defenses = List(
        "--defenses",
        "Defenses to put in front of each model, one after another, separated by commas: purifiers with their parameters, as mean:3 or "
        + "jpeg:75; chains with + between (docs/purifiers.md).",
        "NAMES");
    private readonly Option<string[]> _detectors = List(
        "--detectors",
        "Detectors to put in front of each model, one after another, separated by commas: files that masq train detector wrote "
        + "(docs/detectors.md).",
        "FILES");
    private readonly Option<string[]> _stacks = new("--stack")
    {
        Description = "A purifier and a detector together, in the order of use, as median:3,cnn.onnx; give it again for another.",
        HelpName = "PURIFIER,FILE",
    };
    private readonly Option<double?> _falseAlarms = new("--false-alarms")
    {
        Description = "Share of clean faces that detectors refuse; each must have a threshold for it. Default: 0.01.",
        HelpName = "SHARE",
    };
    private readonly Option<string[]> _knowledge = List(
        "--knowledge",
        "What attackers know of the defenses, separated by commas: zero (images made against the bare model), perfect (attacks go through the "
        + "defense). Default: both.",
        "LEVELS");
    private readonly Option<int?> _eotSamples = new("--eot")
    {
        Description = "Draws that an attacker averages over behind a random defense. Default: each defense's own number.",
        HelpName = "N",
    };
    private readonly Option<int?> _cleanPairs = new("--clean-pairs")
    {
        Description = "Pairs of the list on which it is measured what a defense costs those whom nobody attacks; 0 for none. Default: 400.",
        HelpName = "N",
    };
    private readonly Option<long?> _seed = new("--seed") { Description = "Seed of every random draw. Default: 0.", HelpName = "N" };
    private readonly Option<int?> _batch = new("--batch")
    {
        Description = "Pairs attacked together, and committed together. Default: 32.",
        HelpName = "N",
    };
    private readonly Option<int?> _threads = new("--threads", "-t")
    {
        Description = "Threads to use; 0, the default, for one a core.",
        HelpName = "N",
    };
    private readonly Option<double?> _threshold = CommonOptions.Threshold();
    private readonly Option<string?> _keepImages = new("--keep-images")
    {
        Description = "Adversarial images kept in the ledger, losslessly: all, successes (the default) or examples.",
        HelpName = "WHICH",
    };
    private readonly Option<string[]> _transferTo = List(
        "--transfer-to",
        "Models that nobody attacks, separated by commas, to judge the images when the attacks are done (masq transfer does so later, and asks "
        + "services).",
        "FILES");
    private readonly Option<string?> _compareWith = new("--compare-with")
    {
        Description = $"Published results to show beside the run's: {string.Join(", ", PublishedStudies.All.Select(s => s.Name))}.",
        HelpName = "NAME",
    };

    public ExperimentOptions()
    {
        _keepImages.AcceptOnlyFromAmong("all", "successes", "examples");
        _preprocessing.AcceptOnlyFromAmong([.. Preprocessings.Names]);
        _compareWith.AcceptOnlyFromAmong([.. PublishedStudies.All.Select(s => s.Name)]);
    }

    public IReadOnlyList<Option> All =>
        [_spec, _preset, _models, _data, _images, _pairs, .. Faces.All, _sample, _sampleSeed, _take, _preprocessing, _attacks,
            _storage, _defenses, _detectors, _stacks, _falseAlarms, _knowledge, _eotSamples, _cleanPairs, _seed, _batch, _threads, _threshold,
            _keepImages, _transferTo, _compareWith];

    /// <summary>Those of them that say where faces are.</summary>
    public FaceOptions Faces { get; } = new();

    /// <summary>Whether any of them was given on the command line.</summary>
    public bool AnyGiven(SymbolResult result) => All.Any(o => result.GetResult(o) is { Implicit: false });

    /// <summary>What of the options contradicts itself, for a message; null where nothing does.</summary>
    public string? Contradiction(SymbolResult result)
    {
        if (Given(_spec) && Given(_preset)) return "--spec and --preset are both whole experiments: give one";
        if (Given(_data) && (Given(_images) || Given(_pairs)))
            return "--data names both photographs and pairs: leave --images and --pairs out beside it";
        return null;

        bool Given(Option option) => result.GetResult(option) is { Implicit: false };
    }

    /// <summary>Whether the presets are to be listed.</summary>
    public bool AsksForPresets(ParseResult parsed) => parsed.GetValue(_preset) == ListPresets;

    /// <summary>The name of the preset asked for; null where none is.</summary>
    public string? PresetName(ParseResult parsed) => parsed.GetValue(_preset);

    /// <summary>The settings that spec or preset and options make together, and what to call them in messages.</summary>
    public (ExperimentFile Settings, string Source) Read(ParseResult parsed)
    {
        var preset = parsed.GetValue(_preset) is { } name ? Preset.Find(name) : null;
        var (file, source) = parsed.GetValue(_spec) is { } spec ? (ExperimentFile.Read(spec), spec)
            : preset is not null ? (preset.Read(), $"preset {preset.Name}")
            : (Asked(parsed) ?? new ExperimentFile(), "masq run");
        Apply(parsed, file);
        if (preset is not null && file.Models is null)
            throw new InputException($"the preset {preset.Name} names no model: give one with --model FILE");
        file.Models ??= Preset.Quickstart.Read().Models;
        return (file, source);
    }

    /// <summary>The same as YAML that a spec file may hold; a preset that nothing was changed of as it is, with its comments.</summary>
    public string Print(ParseResult parsed)
    {
        var changed = All.Any(o => o != _preset && parsed.GetResult(o) is { Implicit: false });
        if (!changed) return (parsed.GetValue(_preset) is { } name ? Preset.Find(name) : Preset.Quickstart).Text;
        var (file, source) = Read(parsed);
        file.MakeAbsolute(".");
        var text = file.Write();
        // Whatever is wrong is said now; photographs may still be unnamed.
        var check = ExperimentFile.Parse(text, source);
        (check.Images, check.Pairs) = (check.Images ?? "images", check.Pairs ?? "pairs");
        check.ToExperiment(source);
        return text;
    }

    /// <summary>The preset that is meant where nobody names photographs.</summary>
    private ExperimentFile? Asked(ParseResult parsed)
    {
        var options = new ExperimentFile();
        Apply(parsed, options);
        if (!SyntheticExperiment.IsMeantBy(options)) return null;
        var quickstart = Preset.Quickstart.Read();
        // Its attacks are meant for bare models; a defense is judged by stronger ones.
        if (options.Defends) quickstart.Attacks = null;
        return quickstart;
    }

    private void Apply(ParseResult parsed, ExperimentFile file)
    {
        if (parsed.GetValue(_models) is { Length: > 0 } models) file.Models = [.. models];
        // A data set given here wins over photographs of the file, and the other way round.
        if (parsed.GetValue(_data) is { } data) (file.Data, file.Images, file.Pairs) = (data, null, null);
        var (images, pairs) = (parsed.GetValue(_images), parsed.GetValue(_pairs));
        if (images is not null && pairs is not null) file.Data = null;
        file.Images = images ?? file.Images;
        file.Pairs = pairs ?? file.Pairs;
        Faces.Apply(parsed, file);
        file.Sample = parsed.GetValue(_sample) ?? file.Sample;
        file.SampleSeed = parsed.GetValue(_sampleSeed) ?? file.SampleSeed;
        file.Take = parsed.GetValue(_take) ?? file.Take;
        file.Preprocessing = parsed.GetValue(_preprocessing) ?? file.Preprocessing;
        if (parsed.GetValue(_attacks) is { Length: > 0 } attacks) file.Attacks = [.. attacks];
        if (parsed.GetValue(_storage) is { Length: > 0 } storage) file.Storage = [.. storage];
        if (parsed.GetValue(_defenses) is { Length: > 0 } defenses) file.Defenses = [.. defenses];
        if (parsed.GetValue(_detectors) is { Length: > 0 } detectors) file.Detectors = [.. detectors];
        if (parsed.GetValue(_stacks) is { Length: > 0 } stacks) file.Stacks = [.. stacks];
        file.FalseAlarms = parsed.GetValue(_falseAlarms) ?? file.FalseAlarms;
        if (parsed.GetValue(_knowledge) is { Length: > 0 } knowledge) file.Knowledge = [.. knowledge];
        file.EotSamples = parsed.GetValue(_eotSamples) ?? file.EotSamples;
        file.CleanPairs = parsed.GetValue(_cleanPairs) ?? file.CleanPairs;
        file.Seed = parsed.GetValue(_seed) ?? file.Seed;
        file.Batch = parsed.GetValue(_batch) ?? file.Batch;
        file.Threads = parsed.GetValue(_threads) ?? file.Threads;
        file.Threshold = parsed.GetValue(_threshold) ?? file.Threshold;
        if (parsed.GetValue(_keepImages) is { } keep) file.KeepImages = Enum.Parse<KeepImages>(keep, ignoreCase: true);
        if (parsed.GetValue(_transferTo) is { Length: > 0 } targets) file.TransferTo = [.. targets];
        file.CompareWith = parsed.GetValue(_compareWith) ?? file.CompareWith;
    }

    private static Option<string[]> List(string name, string description, string helpName) => new(name)
    {
        Description = description,
        HelpName = helpName,
        AllowMultipleArgumentsPerToken = true,
        CustomParser = result =>
            [.. result.Tokens.SelectMany(t => t.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
    };
}
