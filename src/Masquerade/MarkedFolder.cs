namespace Masquerade;

/// <summary>
/// A folder that is written to: a new one, or one that the same settings began, which a file in it says. No other process writes there
/// until this is disposed of.
/// </summary>
internal sealed class MarkedFolder : IDisposable
{
    private readonly FileStream _held;

    private MarkedFolder(FileStream held) => _held = held;

    /// <summary>Begins a folder or goes on with one.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="mark">Name of the file that marks it.</param>
    /// <param name="write">Writes that file into the folder.</param>
    /// <param name="require">Checks that file, before anything is changed.</param>
    /// <param name="prepare">What else is done there while nobody else can.</param>
    /// <exception cref="InputException">Something else is there, another process writes there, or it cannot be written to.</exception>
    public static MarkedFolder Open(string path, string mark, Action write, Action require, Action prepare)
    {
        if (string.IsNullOrWhiteSpace(path)) throw new InputException("no folder is named: an empty path");
        if (File.Exists(path)) throw new InputException($"{path}: is a file; name a folder to write");
        FileStream? held = null;
        try
        {
            if (!Directory.Exists(path) || !File.Exists(Path.Combine(path, mark)))
            {
                // A process killed before it marked the folder left a part of the mark at most.
                if (Directory.Exists(path)) Leftovers(path, [mark], "is not empty").ForEach(File.Delete);
                Directory.CreateDirectory(path);
                write();
            }
            else
            {
                require();
            }
            held = new FileStream(Path.Combine(path, mark), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            prepare();
            return new MarkedFolder(held);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            throw new InputException($"{path}: cannot be written ({InputFile.OneLine(e.Message)}); choose another place", e);
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    /// <summary>What a killed process left half-written in a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="ours">Names that belong there.</param>
    /// <param name="otherwise">What is said of the folder where there is anything else.</param>
    /// <exception cref="InputException">There is.</exception>
    public static List<string> Leftovers(string folder, HashSet<string> ours, string otherwise)
    {
        var leftovers = new List<string>();
        foreach (var path in Directory.EnumerateFileSystemEntries(folder))
        {
            var name = Path.GetFileName(path);
            var final = OutputFile.FinalName(name);
            if (!ours.Contains(final ?? name)) throw new InputException($"{folder}: {otherwise} ({name}); name a new or an empty folder");
            if (final is not null) leftovers.Add(path);
        }
        return leftovers;
    }

    public void Dispose() => _held.Dispose();
}
