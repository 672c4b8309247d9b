namespace Masquerade.Evaluation.Assets.Archives;

/// <summary>
/// The names in an archive. Only those pass that mean the same file inside the folder on every platform, and each of them once.
/// </summary>
/// <param name="budget">For messages.</param>
internal sealed class EntryNames(UnpackBudget budget)
{
    private const int LongestPath = 400;
    private const int LongestName = 200;

    // Windows gives these to devices, with any ending.
    private static readonly HashSet<string> Devices = new(StringComparer.OrdinalIgnoreCase)
    {
        "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$",
        "COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "COM¹", "COM²", "COM³",
        "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9", "LPT¹", "LPT²", "LPT³",
    };

    // By their name where case does not count: how a file system sees them that ignores it.
    private readonly Dictionary<string, string> _folders = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _files = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A folder's path, relative to where it is unpacked, with <c>/</c> between names; null for that place itself.</summary>
    /// <exception cref="InputException">It leads out, or is no name, or differs from another only in case.</exception>
    public string? Folder(string name)
    {
        var names = Names(name);
        var path = string.Join('/', names);
        AddFolders(name, names);
        return path.Length == 0 ? null : path;
    }

    /// <summary>A file's path, as <see cref="Folder"/>.</summary>
    /// <exception cref="InputException">As <see cref="Folder"/>; also a file that is there already.</exception>
    public string File(string name)
    {
        var names = Names(name);
        if (names.Count == 0) throw Bad(name, "names no file");
        AddFolders(name, names[..^1]);
        var path = string.Join('/', names);
        if (_folders.ContainsKey(path) || !_files.Add(path)) throw Bad(name, "is in it twice, or differs from another name only in case");
        return path;
    }

    private void AddFolders(string name, List<string> names)
    {
        for (var i = 1; i <= names.Count; i++)
        {
            var path = string.Join('/', names[..i]);
            if (_files.Contains(path) || (_folders.TryGetValue(path, out var known) && known != path))
                throw Bad(name, "has a folder that is a file, or that differs from another only in case");
            _folders[path] = path;
        }
    }

    private List<string> Names(string name)
    {
        if (name.Length > LongestPath) throw Bad(name[..50] + "…", "is too long");
        if (name.StartsWith('/') || name.StartsWith('\\')) throw Bad(name, "is an absolute path");
        if (name.Length > 1 && name[1] == ':') throw Bad(name, "has a drive letter");
        // "./a" and "a//b" are a and a/b; anything else that is no plain name is refused.
        List<string> names = [.. name.Split('/').Where(n => n is not ("" or "."))];
        foreach (var part in names)
        {
            if (part == "..") throw Bad(name, "leads out of the folder");
            if (part.Length > LongestName || part.EndsWith('.') || part.EndsWith(' ') || part.AsSpan().IndexOfAny("\\:*?\"<>|") >= 0
                || part.Any(char.IsControl) || Devices.Contains(part.Split('.')[0].TrimEnd()))
                throw Bad(name, "is no file name on every platform");
        }
        return names;
    }

    private InputException Bad(string name, string why) =>
        budget.Refused($"the name '{string.Concat(name.Select(c => char.IsControl(c) ? '?' : c))}' {why}");
}
