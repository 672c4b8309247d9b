using Masquerade.Evaluation.Datasets.People;

namespace Masquerade.Evaluation.Datasets.Synthetic;

/// <summary>
/// A folder that synthetic faces are written to: a new one, or one that the same settings began. No other process
/// writes there until this is disposed of.
/// </summary>
internal sealed class SyntheticTarget : IDisposable
{
    private readonly string _path;
    private readonly SyntheticSettings _settings;
    private readonly MarkedFolder _folder;

    /// <exception cref="InputException">Something else is there, another process writes there, or it cannot be written to.</exception>
    public SyntheticTarget(string path, SyntheticSettings settings)
    {
        (_path, _settings) = (path, settings);
        _folder = MarkedFolder.Open(path, SyntheticSettings.FileName, () => settings.Write(path), () => settings.Require(path), () =>
        {
            Inspect().ForEach(File.Delete);
            for (var person = 0; person < settings.People; person++)
                Directory.CreateDirectory(Path.Combine(SyntheticFolder.ImagesIn(path), SyntheticFolder.PersonName(person)));
        });
    }

    /// <summary>The path of a photograph.</summary>
    public string Photograph(int person, int capture) =>
        Path.Combine(SyntheticFolder.ImagesIn(_path), SyntheticFolder.PersonName(person), SyntheticFolder.PhotographName(person, capture));

    public void Dispose() => _folder.Dispose();

    /// <summary>Checks that all there is belongs there; gives back what a killed process left half-written.</summary>
    private List<string> Inspect()
    {
        const string foreign = "holds what masq synthesize does not write";
        var people = Enumerable.Range(0, _settings.People).ToDictionary(SyntheticFolder.PersonName);
        var images = SyntheticFolder.ImagesIn(_path);
        string[] files = [SyntheticSettings.FileName, images, SyntheticFolder.PairsIn(_path), SyntheticFolder.LandmarksIn(_path)];
        var leftovers = MarkedFolder.Leftovers(_path, [.. files.Select(f => Path.GetFileName(f))], foreign);
        if (!Directory.Exists(images)) return leftovers;
        leftovers.AddRange(MarkedFolder.Leftovers(images, [.. people.Keys], foreign));
        foreach (var (name, person) in people)
        {
            var folder = Path.Combine(images, name);
            if (!Directory.Exists(folder)) continue;
            var photographs = Enumerable.Range(0, _settings.Captures).Select(c => SyntheticFolder.PhotographName(person, c));
            leftovers.AddRange(MarkedFolder.Leftovers(folder, [.. photographs], foreign));
        }
        return leftovers;
    }
}
