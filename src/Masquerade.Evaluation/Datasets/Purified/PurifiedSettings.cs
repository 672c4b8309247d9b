
namespace Masquerade.Evaluation.Datasets.Purified;

/// <summary>
/// What the photographs of a folder were purified with. Written before them as <c>purify.json</c>, it marks the folder as one to go on
/// with.
/// </summary>
/// <param name="Version">Raised when the same settings give other images.</param>
/// <param name="Photographs">Full path of the folder of photographs.</param>
/// <param name="Defense">The purifier's name.</param>
/// <param name="Seed">The seed of what it draws; null where it draws nothing.</param>
internal sealed record PurifiedSettings(int Version, string Photographs, string Defense, long? Seed)
{
    /// <summary>The version that writes.</summary>
    public const int Current = 1;

    /// <summary>The file's name in the folder.</summary>
    public const string FileName = "purify.json";

    /// <summary>Writes the file into a folder that is there.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public void Write(string folder) => SettingsFile.Write(Path.Combine(folder, FileName), this);

    /// <summary>Checks that a folder's images were made with these settings.</summary>
    /// <exception cref="InputException">With others; or its file cannot be read.</exception>
    public void Require(string folder)
    {
        var found = SettingsFile.Read<PurifiedSettings>(Path.Combine(folder, FileName));
        if (found == this) return;
        var difference = found.Version != Version ? $"by version {found.Version} of the purifiers, this is version {Version}"
            : found.Photographs != Photographs ? $"of {found.Photographs}"
            : found.Defense != Defense ? $"with --defense {found.Defense}"
            : $"with --seed {found.Seed}";
        throw new InputException(
            $"{folder}: holds images that were made {difference}; give the same to go on with them, or name a new folder");
    }
}
