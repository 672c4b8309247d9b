using Masquerade.Imaging;

namespace Masquerade.Training;

/// <summary>Crops of people that are made when they are asked for, so that memory does not grow with their number. Safe on many threads.</summary>
public sealed class TrainingCrops
{
    private readonly Func<int, FaceImage> _load;
    private readonly IReadOnlyList<int> _people;

    /// <param name="source">Where they are from, in words.</param>
    /// <param name="names">Everybody's name.</param>
    /// <param name="people">Who is on each crop, as an index of <paramref name="names"/>; those of a person lie together.</param>
    /// <param name="load">Makes a crop; called from many threads.</param>
    internal TrainingCrops(string source, IReadOnlyList<string> names, IReadOnlyList<int> people, Func<int, FaceImage> load) =>
        (Source, Names, _people, _load) = (source, names, people, load);

    /// <summary>Where they are from, in words.</summary>
    public string Source { get; }

    /// <summary>Everybody's name.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>How many crops there are; those of a person lie together.</summary>
    public int Count => _people.Count;

    /// <summary>Who is on a crop, as an index of <see cref="Names"/>.</summary>
    public int Person(int i) => _people[i];

    /// <summary>Makes a crop.</summary>
    /// <exception cref="InputException">The photograph cannot be used.</exception>
    public FaceImage Load(int i) => _load(i);
}
