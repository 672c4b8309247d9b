namespace Masquerade.Models;

/// <summary>
/// The models that go by name: those that ship with a program, <c>mini</c> being <c>mini.model.json</c> in its folder of models, and those
/// that were fetched. Here names become paths, and nowhere else.
/// </summary>
/// <param name="folder">Where the shipped ones are; it need not be there.</param>
/// <param name="fetched">Where the fetched ones are; null for none.</param>
public sealed class NamedModels(string folder, INamedModelSource? fetched = null)
{
    private const string Ending = ".model.json";

    /// <summary>Where the models that ship with a program are: the folder <c>models</c> beside it.</summary>
    public static string ShippedFolder { get; } = Path.Combine(AppContext.BaseDirectory, "models");

    /// <summary>Those that ship with the program that runs.</summary>
    public static NamedModels Default { get; } = new(ShippedFolder);

    /// <summary>What is attacked where no model is named: a verifier trained as usual, and one trained against attacks.</summary>
    public static IReadOnlyList<string> Pair { get; } = ["mini", "mini-robust"];

    /// <summary>The names of the shipped ones, in alphabetical order.</summary>
    public IReadOnlyList<string> Bundled => !Directory.Exists(folder) ? []
        : [.. Directory.GetFiles(folder, "*" + Ending).Select(f => Path.GetFileName(f)[..^Ending.Length]).Order(StringComparer.Ordinal)];

    /// <summary>What means the same model wherever the program runs: a model's name stays, a path becomes a full one.</summary>
    /// <param name="nameOrPath">As the user has it. A file of that name comes before a model.</param>
    /// <param name="from">The folder that a path is relative to.</param>
    public static string Anywhere(string nameOrPath, string from)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        var path = Path.GetFullPath(nameOrPath, Path.GetFullPath(from));
        return IsName(nameOrPath) && !File.Exists(path) ? nameOrPath : path;
    }

    /// <summary>The file that a name or a path means.</summary>
    /// <param name="nameOrPath">As the user has it. A file of that name comes first, then a shipped model, then a fetched one.</param>
    /// <returns>The path of the model's descriptor, or the path given; whether that is there is for its reader to say.</returns>
    /// <exception cref="InputException">A name that neither a file nor a model has, or a model that was not fetched yet.</exception>
    public string Find(string nameOrPath)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        if (!IsName(nameOrPath) || File.Exists(nameOrPath)) return nameOrPath;
        var shipped = Path.Combine(folder, nameOrPath + Ending);
        if (File.Exists(shipped)) return shipped;
        return fetched?.FindModel(nameOrPath) ?? throw Unknown(nameOrPath);
    }

    /// <summary>Whether a text is neither a file nor the name of a shipped model, but may be the name of another one.</summary>
    /// <param name="nameOrPath">As the user has it.</param>
    public bool IsOtherName(string nameOrPath)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        return IsName(nameOrPath) && !File.Exists(nameOrPath) && !File.Exists(Path.Combine(folder, nameOrPath + Ending));
    }

    private InputException Unknown(string name)
    {
        List<string> names = [.. Bundled.Union(fetched?.ModelNames ?? [])];
        var known = names.Count > 0 ? $"known are {string.Join(", ", names)}" : $"there are none in {folder}";
        var meant = NearestName.Question(name, names);
        var remedy = meant.Length > 0 ? meant : $"; name one, or give the path of a *{Ending}";
        return new($"{name}: no such file, and no model of that name ({known}){remedy}");
    }

    /// <summary>Whether it may be a name: anything with a folder or an ending is a path.</summary>
    private static bool IsName(string text) => !string.IsNullOrWhiteSpace(text) && text.AsSpan().IndexOfAny("/\\.:\0") < 0;
}
