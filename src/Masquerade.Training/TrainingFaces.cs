using System.Security.Cryptography;
using Masquerade.Imaging;
using Masquerade.Verification;

namespace Masquerade.Training;

/// <summary>Crops of people, held in memory: 37.6 kB each. Those of a person lie together.</summary>
public sealed class TrainingFaces
{
    private readonly int _least;
    private readonly IReadOnlyList<FaceImage> _crops;
    private readonly IReadOnlyList<int> _people;

    /// <param name="source">Where they are from, in words.</param>
    /// <param name="names">Everybody's name.</param>
    /// <param name="crops">Crops of <see cref="CropSize"/>; those of a person lie together.</param>
    /// <param name="people">Who is on each crop, as an index of <paramref name="names"/>.</param>
    /// <param name="least">Fewest photographs that were asked for of a person.</param>
    internal TrainingFaces(
        string source, IReadOnlyList<string> names, IReadOnlyList<FaceImage> crops, IReadOnlyList<int> people, int least)
    {
        (Source, Names, _crops, _people, _least) = (source, names, crops, people, least);
    }

    /// <summary>Size of every crop.</summary>
    public static ImageSize CropSize { get; } = new(112, 112);

    /// <summary>Where they are from, in words.</summary>
    public string Source { get; }

    /// <summary>Everybody's name.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>How many crops there are.</summary>
    public int Count => _crops.Count;

    /// <summary>Photographs that could not be used.</summary>
    public IReadOnlyList<UnusablePhotograph> Unusable { get; internal init; } = [];

    /// <summary>People who were left out because they have too few usable photographs.</summary>
    public int TooFew { get; internal init; }

    /// <summary>All crops.</summary>
    public IReadOnlyList<FaceImage> Crops => _crops;

    /// <summary>A crop.</summary>
    public FaceImage Crop(int i) => _crops[i];

    /// <summary>Who is on a crop, as an index of <see cref="Names"/>.</summary>
    public int Person(int i) => _people[i];

    /// <summary>Parts the people into those to learn from and the last ones, to judge on.</summary>
    /// <exception cref="InputException">There are too few.</exception>
    public (TrainingFaces Training, TrainingFaces Validation) Split(int validationPeople)
    {
        var cut = Names.Count - validationPeople;
        if (cut < 2)
        {
            throw new InputException(
                $"{Source}: has {Names.Count} people{(_least > 1 ? $" with {Photographs(_least)}" : "")}, and {validationPeople} are kept to judge on; "
                + "training needs two more than that: add people or lower --validation-people");
        }
        var first = Enumerable.Range(0, Count).First(i => _people[i] == cut);
        return (
            new TrainingFaces(Source, [.. Names.Take(cut)], [.. _crops.Take(first)], [.. _people.Take(first)], _least),
            new TrainingFaces(Source, [.. Names.Skip(cut)], [.. _crops.Skip(first)], [.. _people.Skip(first).Select(p => p - cut)], _least));
    }

    /// <summary>SHA-256 of all crops and of who is on them, so that a training does not go on with others.</summary>
    public string Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> person = stackalloc byte[sizeof(int)];
        for (var i = 0; i < Count; i++)
        {
            BitConverter.TryWriteBytes(person, Person(i));
            hash.AppendData(person);
            hash.AppendData(Crop(i).Pixels);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    internal static string Photographs(int least) => least == 2 ? "two usable photographs" : $"{least} usable photographs";
}
