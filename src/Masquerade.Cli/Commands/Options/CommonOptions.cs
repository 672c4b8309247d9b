using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Masquerade.Alignment;
using Masquerade.Defenses;
using Masquerade.Evaluation.Datasets;
using Masquerade.Models;

namespace Masquerade.Cli.Commands.Options;

/// <summary>Options that several commands have: one wording, one way of reading them.</summary>
internal static class CommonOptions
{
    /// <summary>Standard output, where a file is asked for.</summary>
    public const string StandardOutput = "-";

    /// <summary>What a model can be given as.</summary>
    public static string ModelDescription { get; } =
        $"Model descriptor (*.model.json), or a model by name: {string.Join(", ", NamedModels.Pair)}, or a fetched one (masq assets)";

    public static Option<string> Model() => new("--model", "-m")
    {
        Description = ModelDescription + ".",
        HelpName = "FILE",
        Required = true,
    };

    public static Option<string?> Images() => new("--images", "-i")
    {
        Description = "Folder of photographs, flat or a folder a person. Without: people who do not exist, painted for it.",
        HelpName = "FOLDER",
    };

    public static Option<string?> Pairs() => new("--pairs", "-p")
    {
        Description = "Pair list: LFW's pairs.txt (judged fold by fold) or pairsDev*.txt, or CSV with columns probe,reference,same_person.",
        HelpName = "FILE",
    };

    public static Option<string?> Data() => new("--data")
    {
        Description = "Fetched photographs and pairs by name (masq fetch), instead of --images and --pairs: "
            + $"{string.Join(", ", NamedData.Names)}.",
        HelpName = "NAME",
    };

    public static Option<string?> Landmarks() => new("--landmarks", "-l")
    {
        Description = "CSV of five landmarks a photograph, by file name.",
        HelpName = "FILE",
    };

    public static Option<bool> Aligned() => new("--aligned")
    {
        Description = "The photographs already are crops of the model's input size.",
    };

    public static Option<int> Threads() => new("--threads", "-t")
    {
        Description = "Threads to use; 0 for one a core.",
        HelpName = "N",
        CustomParser = result => Whole(result, 0, 1024),
        DefaultValueFactory = _ => 0,
    };

    /// <summary>A number, which has to be given where there is none to fall back on.</summary>
    public static Option<int> Count(string name, string description, int most, int least = 2, int? fallback = null) => new(name)
    {
        Description = description,
        HelpName = "N",
        Required = fallback is null,
        CustomParser = result => Whole(result, least, most),
        DefaultValueFactory = fallback is { } number ? _ => number : null,
    };

    public static Option<string> Defense() => new("--defense", "-d")
    {
        Description = $"Purifier, or several with {PurifierRegistry.ChainMark} between them: "
            + $"{string.Join(", ", PurifierRegistry.All.Select(p => p.Usage))}.",
        HelpName = "NAME",
        Required = true,
    };

    public static Option<double?> Threshold() => new("--threshold")
    {
        Description = "Threshold on the squared distance, between 0 and 4, instead of the model's own.",
        HelpName = "T",
        CustomParser = ParseThreshold,
    };

    public static Option<string?> Json() => new("--json")
    {
        Description = "Write the result as JSON to FILE, or to standard output without FILE or with '-'.",
        HelpName = "FILE",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = result => result.Tokens is [var file] ? file.Value : StandardOutput,
    };

    public static Option<bool> Strict() => new("--strict")
    {
        Description = "End at the first photograph that cannot be used, instead of leaving its pairs out.",
    };

    /// <summary>Landmarks, or crops: not both.</summary>
    public static void RequireOneOf(this Command command, Option<string?> landmarks, Option<bool> aligned) =>
        command.Validators.Add(result =>
        {
            if (result.GetResult(landmarks) is not null && result.GetValue(aligned))
                result.AddError("--landmarks and --aligned contradict each other: give one");
        });

    public static Option<string?> Detector(string name = "--detector") => new(name)
    {
        Description = "Folder of MTCNN's weights, which look for the faces where there are no landmarks. Default: those that "
            + $"'masq fetch {FaceSource.DefaultDetector}' brought.",
        HelpName = "FOLDER",
    };

    public static Option<FaceFallback> Fallback() => new("--fallback")
    {
        Description = "What becomes of a photograph in which no face is found: none (it is left out) or center (its middle is taken). "
            + "Default: none.",
        HelpName = "WHAT",
        CustomParser = result => result.Tokens[0].Value switch
        {
            "none" => FaceFallback.None,
            "center" => FaceFallback.Center,
            var other => Wrong(result, $"is '{other}'; give none or center"),
        },
    };

    /// <summary>How many threads a number asks for.</summary>
    public static int ThreadCount(int asked) => asked > 0 ? asked : Environment.ProcessorCount;

    private static FaceFallback Wrong(ArgumentResult result, string problem)
    {
        result.AddError($"{Name(result)} {problem}");
        return default;
    }

    private static int Whole(ArgumentResult result, int least, int most)
    {
        var text = result.Tokens[0].Value;
        var isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        if (isNumber && number >= least && number <= most) return number;
        result.AddError($"{Name(result)} is '{text}'; give a whole number from {least} to {most}");
        return least;
    }

    private static double? ParseThreshold(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        var isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
        if (isNumber && number > 0 && number < 4) return number;
        result.AddError($"{Name(result)} is '{text}'; give a number between 0 and 4");
        return null;
    }

    private static string Name(ArgumentResult result) => (result.Parent as OptionResult)?.Option.Name ?? result.Argument.Name;
}
