using System.Collections.Concurrent;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Datasets;

/// <summary>
/// A folder of photographs, flat or a folder a person. A name is looked for as written, then in its person's folder:
/// <c>Aaron_Peirsol_0001.jpg</c> in <c>Aaron_Peirsol</c>. A name without an image extension is tried with each known one, a name with
/// one also as a crop, <c>.png</c>. No name leads out of the folder. Safe on many threads.
/// </summary>
public sealed class ImageFolder
{
    private static readonly string[] Endings = [.. ImageFile.Extensions, .. ImageFile.Extensions.Select(e => e.ToUpperInvariant())];

    // A name that lists no extension costs a dozen looks at the disk, and a run asks for each name several times.
    private readonly ConcurrentDictionary<string, string> _found = new();

    /// <param name="root">The folder.</param>
    /// <exception cref="InputException">There is no such folder.</exception>
    public ImageFolder(string root)
    {
        if (File.Exists(root)) throw new InputException($"{root}: is a file; name the folder of the photographs");
        if (!Directory.Exists(root)) throw new InputException($"{root}: no such folder; name the folder of the photographs");
        Root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
    }

    /// <summary>Full path of the folder.</summary>
    public string Root { get; }

    /// <summary>The file of a photograph.</summary>
    /// <param name="name">As a list has it; <c>/</c> and <c>\</c> both part folders.</param>
    /// <returns>Its full path; null where there is none.</returns>
    /// <exception cref="InputException">The name is empty, is a full path or has a <c>..</c> in it.</exception>
    public string? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (_found.TryGetValue(name, out var known)) return known;
        var relative = Inside(name);
        var found = FindFile(relative);
        if (found is null && PersonOf(relative) is { } person) found = FindFile($"{person}/{relative}");
        if (found is not null) _found[name] = found;
        return found;
    }

    private string? FindFile(string relative)
    {
        var path = Path.Combine(Root, relative);
        if (File.Exists(path)) return path;
        // A list made for photographs serves their crops, too.
        if (ImageFile.HasImageExtension(relative)) return File.Exists(Crop(path)) ? Crop(path) : null;
        foreach (var ending in Endings)
        {
            if (File.Exists(path + ending)) return path + ending;
        }
        return null;
    }

    private static string Crop(string photograph) => PhotographName.WithoutExtension(photograph) + ".png";

    /// <summary>The person in a name like <c>Aaron_Peirsol_0001.jpg</c>; null in any other, and in one that has a folder.</summary>
    private static string? PersonOf(string relative)
    {
        var stem = PhotographName.WithoutExtension(relative);
        return stem.Contains('/') ? null : PhotographName.Numbered(stem);
    }

    private static string Inside(string name)
    {
        if (string.IsNullOrWhiteSpace(name)) throw new InputException("a photograph has an empty name; correct the list");
        var relative = name.Replace('\\', '/');
        var hasDrive = relative.Length > 1 && relative[1] == ':';
        if (relative[0] == '/' || hasDrive || relative.Contains('\0') || relative.Split('/').Contains(".."))
            throw new InputException($"the photograph name '{name}' leads out of the images folder; give names inside it, without '..'");
        return relative;
    }
}
