namespace Masquerade.Models;

/// <summary>
/// The models that ship with a program, by name: <c>mini</c> is <c>mini.model.json</c> in its folder of models. Here names become paths,
/// and nowhere else.
/// </summary>
/// <param name="folder">Where they are; it need not be there.</param>
public sealed class BundledModels(string folder)
{
    private const string Ending = ".model.json";

    /// <summary>Those in the folder <c>models</c> beside the program that runs.</summary>
    public static BundledModels Shipped { get; } = new(Path.Combine(AppContext.BaseDirectory, "models"));

    /// <summary>What is attacked where no model is named: a verifier trained as usual, and one trained against attacks.</summary>
    public static IReadOnlyList<string> Pair { get; } = ["mini", "mini-robust"];

    /// <summary>The names there are, in alphabetical order.</summary>
    public IReadOnlyList<string> Names => !Directory.Exists(folder) ? []
        : [.. Directory.GetFiles(folder, "*" + Ending).Select(f => Path.GetFileName(f)[..^Ending.Length]).Order(StringComparer.Ordinal)];

    /// <summary>What means the same model wherever the program runs: a bundled one's name stays, a path becomes a full one.</summary>
    /// <param name="nameOrPath">As the user has it. A file of that name comes before a bundled model.</param>
    /// <param name="from">The folder that a path is relative to.</param>
    public static string Anywhere(string nameOrPath, string from)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        var path = Path.GetFullPath(nameOrPath, Path.GetFullPath(from));
        return IsName(nameOrPath) && !File.Exists(path) ? nameOrPath : path;
    }

    /// <summary>The file that a name or a path means.</summary>
    /// <param name="nameOrPath">As the user has it. A file of that name comes before a bundled model.</param>
    /// <returns>The path of the bundled model's descriptor, or the path given; whether that is there is for its reader to say.</returns>
    /// <exception cref="InputException">A name that neither a file nor a bundled model has.</exception>
    public string Find(string nameOrPath)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        if (!IsName(nameOrPath) || File.Exists(nameOrPath)) return nameOrPath;
        var bundled = Bundled(nameOrPath);
        if (File.Exists(bundled)) return bundled;
        var known = Names is { Count: > 0 } names ? $"known are {string.Join(", ", names)}" : $"there are none in {folder}";
        throw new InputException(
            $"{nameOrPath}: no such file, and no bundled model of that name ({known}); name one, or give the path of a *{Ending}");
    }

    private string Bundled(string name) => Path.Combine(folder, name + Ending);

    /// <summary>Whether it may be a name: anything with a folder or an ending is a path.</summary>
    private static bool IsName(string text) => !string.IsNullOrWhiteSpace(text) && text.AsSpan().IndexOfAny("/\\.:\0") < 0;
}
