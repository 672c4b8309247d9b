using System.Collections.Concurrent;
using System.Security.Cryptography;
using Masquerade.Alignment;
using Masquerade.Datasets;
using Masquerade.Datasets.Synthetic;
using Masquerade.Faces;
using Masquerade.Verification;

namespace Masquerade.Training;

/// <summary>Crops of people, held in memory: 37.6 kB each. Those of a person lie together.</summary>
public sealed class TrainingFaces
{
    private readonly int _least;
    private readonly IReadOnlyList<FaceImage> _crops;
    private readonly IReadOnlyList<int> _people;

    private TrainingFaces(
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
    public IReadOnlyList<UnusablePhotograph> Unusable { get; private init; } = [];

    /// <summary>People who were left out because they have too few usable photographs.</summary>
    public int TooFew { get; private init; }

    /// <summary>All crops.</summary>
    public IReadOnlyList<FaceImage> Crops => _crops;

    /// <summary>A crop.</summary>
    public FaceImage Crop(int i) => _crops[i];

    /// <summary>Who is on a crop, as an index of <see cref="Names"/>.</summary>
    public int Person(int i) => _people[i];

    /// <summary>Reads the crops of a folder of people. Photographs that cannot be used are skipped and listed.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="cropper">Makes crops of <see cref="CropSize"/>.</param>
    /// <param name="least">Who has fewer usable photographs is left out; 1 where nobody has to be recognised again.</param>
    /// <param name="threads">How many read at once.</param>
    /// <param name="strict">Ends at the first photograph that cannot be used.</param>
    /// <param name="progress">Told how many photographs of how many are read, from any thread.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InputException">Strict and a photograph cannot be used, or nobody has enough that can.</exception>
    public static TrainingFaces Read(
        FolderOfPeople folder, FaceCropper cropper, int least, int threads, bool strict = false, Action<int, int>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(cropper);
        ArgumentOutOfRangeException.ThrowIfLessThan(least, 1);
        var source = new FaceCropSource(new ImageFolder(folder.Root), cropper);
        var photographs = folder.People.SelectMany((person, i) => person.Photographs.Select(name => (name, i))).ToArray();
        var unusable = new ConcurrentBag<UnusablePhotograph>();
        var crops = new FaceImage?[photographs.Length];
        Each(photographs.Length, threads, progress, cancellation, i =>
        {
            try
            {
                crops[i] = source.Load(photographs[i].name);
            }
            catch (InputException e) when (!strict)
            {
                unusable.Add(new UnusablePhotograph(photographs[i].name, e.Message));
            }
        });
        var kept = Enumerable.Range(0, crops.Length).Where(i => crops[i] is not null).GroupBy(i => photographs[i].i).ToArray();
        var people = kept.Where(group => group.Count() >= least).ToArray();
        if (people.Length == 0)
        {
            var why = unusable.IsEmpty ? "" : $" ({unusable.Count} cannot be used: {unusable.OrderBy(u => u.Name, StringComparer.Ordinal).First().Reason})";
            throw new InputException(least == 1 ? $"{folder.Root}: nobody has a usable photograph{why}"
                : $"{folder.Root}: nobody has {Photographs(least)}{why}; training needs several of each person");
        }
        return new TrainingFaces(
            folder.Root, [.. people.Select(group => folder.People[group.Key].Name)], [.. people.SelectMany(group => group.Select(i => crops[i]!))],
            [.. people.SelectMany((group, person) => group.Select(_ => person))], least)
        {
            Unusable = [.. unusable.OrderBy(u => u.Name, StringComparer.Ordinal)],
            TooFew = folder.People.Count - people.Length,
        };
    }

    /// <summary>Paints people who do not exist.</summary>
    /// <param name="people">How many, 2 or more.</param>
    /// <param name="captures">Photographs of each, 1 or more.</param>
    /// <param name="seed">Another seed, other people.</param>
    /// <param name="threads">How many paint at once.</param>
    /// <param name="progress">Told how many photographs of how many are painted, from any thread.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static TrainingFaces Paint(
        int people, int captures, ulong seed, int threads, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(people, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(captures, 1);
        var painter = new SyntheticFaces(seed);
        var crops = new FaceImage[checked(people * captures)];
        Each(crops.Length, threads, progress, cancellation, i =>
        {
            var photograph = painter.Photograph(i / captures, i % captures);
            crops[i] = FaceAligner.Align(photograph.Decode(), photograph.Landmarks, AlignmentKind.ArcFace112x112);
        });
        return new TrainingFaces($"synthetic people: {people} with {captures} photographs each, seed {seed}",
            [.. Enumerable.Range(0, people).Select(SyntheticFolder.PersonName)], crops, [.. Enumerable.Range(0, crops.Length).Select(i => i / captures)],
            Math.Min(captures, 2));
    }

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

    private static string Photographs(int least) => least == 2 ? "two usable photographs" : $"{least} usable photographs";

    private static void Each(int count, int threads, Action<int, int>? progress, CancellationToken cancellation, Action<int> work)
    {
        var done = 0;
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation }, i =>
            {
                work(i);
                progress?.Invoke(Interlocked.Increment(ref done), count);
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<InputException>().FirstOrDefault() is { } input)
        {
            throw new InputException(input.Message, e);
        }
    }
}
