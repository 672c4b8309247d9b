
namespace Masquerade.Evaluation.Ledger;

/// <summary>
/// A folder that a new run has for itself before it has a ledger. Unless a ledger comes to it, what was made is gone when it is disposed.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private readonly List<string> _rooms = [];
    private readonly List<string> _made;
    private RunLock? _lock;

    private RunFolder(string path)
    {
        Path = path;
        _made = Missing(path);
    }

    /// <summary>The folder, as it was named.</summary>
    public string Path { get; }

    /// <summary>Where its ledger is, or will be.</summary>
    public string Ledger => System.IO.Path.Combine(Path, RunLedger.FileName);

    /// <summary>Takes a folder; it is made where there is none.</summary>
    /// <exception cref="InputException">The folder holds a run already, is in use, or cannot be written to.</exception>
    public static RunFolder Take(string path)
    {
        var folder = new RunFolder(path);
        try
        {
            RunLedger.Writing(path, () => Directory.CreateDirectory(path));
            folder._lock = RunLock.Take(path);
            if (File.Exists(folder.Ledger))
                throw new InputException($"{path}: holds a run already; go on with --resume {path}, or choose another folder with --out");
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Takes the folder of that name, or where it is there already, the next that is not: <c>NAME-2</c>, <c>NAME-3</c>.</summary>
    /// <exception cref="InputException">It cannot be written to.</exception>
    public static RunFolder TakeFree(string path)
    {
        var free = path;
        for (var number = 2; Directory.Exists(free) || File.Exists(free); number++) free = $"{path}-{number}";
        return Take(free);
    }

    /// <summary>The path of a folder inside, for what the run needs beside its ledger.</summary>
    /// <exception cref="InputException">It is there already.</exception>
    public string Room(string name)
    {
        var room = System.IO.Path.Combine(Path, name);
        if (Directory.Exists(room) || File.Exists(room))
            throw new InputException($"{room}: is there already; remove it, or choose another folder with --out");
        _rooms.Add(room);
        return room;
    }

    /// <summary>Hands the folder over to its ledger, which now holds the lock.</summary>
    public RunLock HandOver()
    {
        var held = _lock ?? throw new InvalidOperationException("the folder was handed over before");
        _lock = null;
        return held;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Without the lock the folder is somebody else's: the ledger's, or another run's.
        if (_lock is not { } held) return;
        _lock = null;
        using (held)
        {
            if (File.Exists(Ledger)) return;
            foreach (var room in _rooms.Where(Directory.Exists)) Quietly(() => Directory.Delete(room, recursive: true));
            if (_made.Count > 0) Quietly(held.Remove);
        }
        if (_made.Count > 0) Quietly(held.Remove);
        // Only what was made here, and only as far as it is empty.
        foreach (var folder in _made) Quietly(() => Directory.Delete(folder));
    }

    /// <summary>The folders that have to be made for a path, the innermost first.</summary>
    private static List<string> Missing(string path)
    {
        var missing = new List<string>();
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0')) return missing;
        for (var folder = System.IO.Path.GetFullPath(path); folder is not null && !Directory.Exists(folder);)
        {
            missing.Add(folder);
            folder = System.IO.Path.GetDirectoryName(folder);
        }
        return missing;
    }

    private static void Quietly(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What led here is reported; a folder that stays is no second error.
        }
    }
}
