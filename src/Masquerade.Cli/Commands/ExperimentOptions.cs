using System.CommandLine;
using System.CommandLine.Parsing;
using Masquerade.Evaluation;
using Masquerade.Models;

namespace Masquerade.Cli.Commands;

/// <summary>The options that make up an experiment. Given ones win over the spec file, the spec over the defaults.</summary>
internal sealed class ExperimentOptions
{
    private readonly Option<string?> _spec = new("--spec")
    {
        Description = "Experiment as YAML; options given beside it win over it.",
        HelpName = "FILE",
    };
    private readonly Option<string[]> _models = new("--model", "-m")
    {
        Description = $"{CommonOptions.ModelDescription}; may be given several times. "
            + $"Default: {string.Join(" and ", NamedModels.Pair)}.",
        HelpName = "FILE",
    };
    private readonly Option<string?> _images = CommonOptions.Images();
    private readonly Option<string?> _pairs = CommonOptions.Pairs();
    private readonly Option<string?> _landmarks = CommonOptions.Landmarks();
    private readonly Option<bool> _aligned = CommonOptions.Aligned();
    private readonly Option<int?> _take = new("--take")
    {
        Description = $"Only the first N pairs of the list. Default: all; {SyntheticExperiment.Pairs} of synthetic people.",
        HelpName = "N",
    };
    private readonly Option<string[]> _attacks = List(
        "--attacks",
        "Attacks, separated by commas: family/attack, or a family or an attack by itself. Default: foolbox-v1 and minimal; "
        + "on synthetic people minimal.",
        "NAMES");
    private readonly Option<string[]> _storage = List(
        "--storage",
        "What an adversarial image must survive, separated by commas: float (nothing), 8bit (rounding to 8 bits a channel). "
        + "Default: float.",
        "RULES");
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

    public ExperimentOptions() => _keepImages.AcceptOnlyFromAmong("all", "successes", "examples");

    public IReadOnlyList<Option> All =>
        [_spec, _models, _images, _pairs, _landmarks, _aligned, _take, _attacks, _storage, _seed, _batch, _threads, _threshold,
            _keepImages];

    /// <summary>Whether any of them was given on the command line.</summary>
    public bool AnyGiven(SymbolResult result) => All.Any(o => result.GetResult(o) is { Implicit: false });

    /// <summary>The settings that spec and options make together, and what to call them in messages.</summary>
    public (ExperimentFile Settings, string Source) Read(ParseResult parsed)
    {
        var spec = parsed.GetValue(_spec);
        var file = spec is null ? new ExperimentFile() : ExperimentFile.Read(spec);
        file.Models = parsed.GetValue(_models) is { Length: > 0 } models ? [.. models] : file.Models ?? [.. NamedModels.Pair];
        file.Images = parsed.GetValue(_images) ?? file.Images;
        file.Pairs = parsed.GetValue(_pairs) ?? file.Pairs;
        if (parsed.GetValue(_aligned)) (file.Aligned, file.Landmarks) = (true, null);
        if (parsed.GetValue(_landmarks) is { } landmarks) (file.Aligned, file.Landmarks) = (null, landmarks);
        file.Take = parsed.GetValue(_take) ?? file.Take;
        file.Attacks = parsed.GetValue(_attacks) is { Length: > 0 } attacks ? [.. attacks] : file.Attacks;
        file.Storage = parsed.GetValue(_storage) is { Length: > 0 } storage ? [.. storage] : file.Storage;
        file.Seed = parsed.GetValue(_seed) ?? file.Seed;
        file.Batch = parsed.GetValue(_batch) ?? file.Batch;
        file.Threads = parsed.GetValue(_threads) ?? file.Threads;
        file.Threshold = parsed.GetValue(_threshold) ?? file.Threshold;
        if (parsed.GetValue(_keepImages) is { } keep) file.KeepImages = Enum.Parse<KeepImages>(keep, ignoreCase: true);
        return (file, spec ?? "masq run");
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
