
namespace Masquerade.Evaluation.Experiments.Presets;

/// <summary>An experiment that goes by a name: a YAML file that comes with the program, to be run, or copied out and changed.</summary>
public sealed class Preset
{
    private const string Folder = "Presets.", Ending = ".yaml";

    private Preset(string name, string text) => (Name, Text) = (name, text);

    /// <summary>What is run where nobody says what.</summary>
    public static Preset Quickstart { get; } = Load("quickstart");

    /// <summary>All of them, in the order to list them.</summary>
    public static IReadOnlyList<Preset> All { get; } = [Quickstart, Load("study-2019"), Load("lfw-mobilefacenet")];

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The whole of its file.</summary>
    public string Text { get; }

    /// <summary>What it is, in a line: the file's first.</summary>
    public string Description => Text.Split('\n', 2)[0].TrimStart('#', ' ');

    /// <summary>The preset of a name.</summary>
    /// <exception cref="InputException">There is none; the nearest name is suggested.</exception>
    public static Preset Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (All.FirstOrDefault(p => p.Name == name) is { } preset) return preset;
        var names = All.Select(p => p.Name).ToList();
        throw new InputException($"no preset '{name}' (known are {string.Join(", ", names)}){NearestName.Question(name, names)}");
    }

    /// <summary>Its settings; a new copy each time.</summary>
    public ExperimentFile Read() => ExperimentFile.Parse(Text, $"preset {Name}");

    private static Preset Load(string name)
    {
        using var resource = typeof(Preset).Assembly.GetManifestResourceStream(Folder + name + Ending)
            ?? throw new InvalidOperationException($"the library lacks the preset {name}");
        using var reader = new StreamReader(resource);
        return new Preset(name, reader.ReadToEnd().ReplaceLineEndings("\n"));
    }
}
