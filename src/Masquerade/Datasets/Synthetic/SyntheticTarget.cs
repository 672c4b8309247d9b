using System.Globalization;

namespace Masquerade.Datasets.Synthetic;

/// <summary>
/// A folder that synthetic faces are written to: a new one, or one that the same settings began. No other process
/// writes there until this is disposed of.
/// </summary>
internal sealed class SyntheticTarget : IDisposable
{
    private readonly string _path;
    private readonly SyntheticSettings _settings;
    private readonly FileStream _held;

    /// <exception cref="InputException">Something else is there, another process writes there, or it cannot be written to.</exception>
    public SyntheticTarget(string path, SyntheticSettings settings)
    {
        (_path, _settings) = (path, settings);
        if (string.IsNullOrWhiteSpace(path)) throw new InputException("no folder is named: an empty path");
        if (File.Exists(path)) throw new InputException($"{path}: is a file; name a folder to write");
        try
        {
            _held = Directory.Exists(path) && File.Exists(Mark) ? GoOn() : Begin();
            for (var person = 0; person < settings.People; person++)
                Directory.CreateDirectory(Path.Combine(SyntheticFolder.ImagesIn(path), SyntheticFolder.PersonName(person)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _held?.Dispose();
            throw new InputException($"{path}: cannot be written ({InputFile.OneLine(e.Message)}); choose another place", e);
        }
    }

    /// <summary>The path of a photograph.</summary>
    public string Photograph(int person, int capture) =>
        Path.Combine(SyntheticFolder.ImagesIn(_path), SyntheticFolder.PersonName(person), SyntheticFolder.PhotographName(person, capture));

    public void Dispose() => _held.Dispose();

    private string Mark => Path.Combine(_path, SyntheticSettings.FileName);

    private FileStream Begin()
    {
        // A process killed before it marked the folder left a part of the mark at most.
        if (Directory.Exists(_path)) Leftovers(_path, [SyntheticSettings.FileName], "is not empty").ForEach(File.Delete);
        Directory.CreateDirectory(_path);
        _settings.Write(_path);
        return Hold();
    }

    private FileStream GoOn()
    {
        _settings.Require(_path);
        var held = Hold();
        try
        {
            Inspect().ForEach(File.Delete);
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private FileStream Hold() => new(Mark, FileMode.Open, FileAccess.ReadWrite, FileShare.None);

    /// <summary>Checks that all there is belongs there; gives back what a killed process left half-written.</summary>
    private List<string> Inspect()
    {
        const string foreign = "holds what masq synthesize does not write";
        var people = Enumerable.Range(0, _settings.People).ToDictionary(SyntheticFolder.PersonName);
        var images = SyntheticFolder.ImagesIn(_path);
        string[] files = [Mark, images, SyntheticFolder.PairsIn(_path), SyntheticFolder.LandmarksIn(_path)];
        var leftovers = Leftovers(_path, [.. files.Select(f => Path.GetFileName(f))], foreign);
        if (!Directory.Exists(images)) return leftovers;
        leftovers.AddRange(Leftovers(images, [.. people.Keys], foreign));
        foreach (var (name, person) in people)
        {
            var folder = Path.Combine(images, name);
            if (!Directory.Exists(folder)) continue;
            var photographs = Enumerable.Range(0, _settings.Captures).Select(c => SyntheticFolder.PhotographName(person, c));
            leftovers.AddRange(Leftovers(folder, [.. photographs], foreign));
        }
        return leftovers;
    }

    private static List<string> Leftovers(string folder, HashSet<string> ours, string otherwise)
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
}
