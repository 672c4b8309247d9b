using System.Globalization;

namespace Masquerade.Evaluation.Datasets.Synthetic;

/// <summary>
/// What the faces of a folder are painted with. Written before them as <c>synthetic.json</c>, it marks the folder as one to go on with.
/// </summary>
/// <param name="Generator">The <see cref="SyntheticFaces.Version"/> that paints.</param>
/// <param name="People">How many people.</param>
/// <param name="Captures">Photographs of each.</param>
/// <param name="Seed">Of the people.</param>
/// <param name="Folds">Folds of the pair list.</param>
/// <param name="PairsOfAKind">Most pairs in a fold of the same person, and of different people.</param>
internal sealed record SyntheticSettings(int Generator, int People, int Captures, ulong Seed, int Folds, int PairsOfAKind)
{
    /// <summary>The file's name in the folder.</summary>
    public const string FileName = "synthetic.json";

    /// <summary>Writes the file into a folder that is there.</summary>
    /// <exception cref="InputException">It cannot be written.</exception>
    public void Write(string folder) => SettingsFile.Write(Path.Combine(folder, FileName), this);

    /// <summary>Checks that a folder is being painted with these settings.</summary>
    /// <exception cref="InputException">With others; or its file cannot be read.</exception>
    public void Require(string folder)
    {
        var found = SettingsFile.Read<SyntheticSettings>(Path.Combine(folder, FileName));
        if (found.Generator != Generator)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"{folder}: holds faces of version {found.Generator} of the generator, this is version {Generator}; name a new folder"));
        }
        if (found == this with { Folds = found.Folds, PairsOfAKind = found.PairsOfAKind } && found != this)
            throw new InputException($"{folder}: holds these faces with another list of pairs; name a new folder");
        if (found != this)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"{folder}: holds faces of --people {found.People} --captures {found.Captures} --seed {found.Seed}; ")
                + "give the same to go on with them, or name a new folder");
        }
    }
}
