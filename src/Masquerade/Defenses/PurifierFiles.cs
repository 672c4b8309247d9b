namespace Masquerade.Defenses;

/// <summary>Where purifiers that were learned have their weights.</summary>
/// <param name="Folder">The folder of those that ship with a program.</param>
/// <param name="Threads">Threads of the engines that run them; 0 for one a core.</param>
public sealed record PurifierFiles(string Folder, int Threads = 0)
{
    /// <summary>Those in the folder <c>models</c> beside the program that runs.</summary>
    public static PurifierFiles Default { get; } = new(Path.Combine(AppContext.BaseDirectory, "models"));

    /// <summary>A file that ships with the program.</summary>
    /// <param name="file">Its name in the folder.</param>
    /// <param name="defense">Who asks, for messages.</param>
    /// <exception cref="InputException">It is not there.</exception>
    public string Shipped(string file, string defense)
    {
        var path = Path.Combine(Folder, file);
        return File.Exists(path) ? path : throw new InputException($"{defense}: its weights are not here ({path}); install the program again");
    }
}
