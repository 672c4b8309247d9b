using Masquerade.Alignment;
using Masquerade.Datasets;
using Masquerade.Datasets.Synthetic;
using Masquerade.Faces;

namespace Masquerade.Training;

/// <summary>Crops of people that are made when they are asked for, so that memory does not grow with their number. Safe on many threads.</summary>
public sealed class TrainingCrops
{
    private readonly Func<int, FaceImage> _load;
    private readonly IReadOnlyList<int> _people;

    private TrainingCrops(string source, IReadOnlyList<string> names, IReadOnlyList<int> people, Func<int, FaceImage> load) =>
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

    internal static TrainingCrops Of(FolderOfPeople folder, FaceCropper cropper)
    {
        var source = new FaceCropSource(new ImageFolder(folder.Root), cropper);
        var photographs = folder.People.SelectMany((person, i) => person.Photographs.Select(name => (Name: name, Person: i))).ToArray();
        return new TrainingCrops(
            folder.Root, [.. folder.People.Select(p => p.Name)], [.. photographs.Select(p => p.Person)], i => source.Load(photographs[i].Name));
    }

    internal static TrainingCrops Paint(int people, int captures, ulong seed, AlignmentKind kind, ImageSize size)
    {
        FaceCropper.RequireFit(kind, size);
        var painter = new SyntheticFaces(seed);
        return new TrainingCrops($"synthetic people: {people} with {captures} photographs each, seed {seed}",
            [.. Enumerable.Range(0, people).Select(SyntheticFolder.PersonName)],
            [.. Enumerable.Range(0, people * captures).Select(i => i / captures)],
            i =>
            {
                var photograph = painter.Photograph(i / captures, i % captures);
                return FaceAligner.Align(photograph.Decode(), photograph.Landmarks, kind);
            });
    }
}
