using System.Collections.Concurrent;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Imaging;
using Masquerade.Training;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Datasets.People;

/// <summary>Crops of people to train on, from photographs or painted.</summary>
internal static class TrainingPeople
{
    /// <summary>Reads the crops of a folder of people. Photographs that cannot be used are skipped and listed.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="cropper">Makes crops of <see cref="TrainingFaces.CropSize"/>.</param>
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
                : $"{folder.Root}: nobody has {TrainingFaces.Photographs(least)}{why}; training needs several of each person");
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

    /// <summary>Crops of a folder of people, each read when it is asked for.</summary>
    public static TrainingCrops ReadWhenAsked(FolderOfPeople folder, FaceCropper cropper)
    {
        var source = new FaceCropSource(new ImageFolder(folder.Root), cropper);
        var photographs = folder.People.SelectMany((person, i) => person.Photographs.Select(name => (Name: name, Person: i))).ToArray();
        return new TrainingCrops(
            folder.Root, [.. folder.People.Select(p => p.Name)], [.. photographs.Select(p => p.Person)], i => source.Load(photographs[i].Name));
    }

    /// <summary>Crops of people who do not exist, each painted when it is asked for.</summary>
    public static TrainingCrops PaintWhenAsked(int people, int captures, ulong seed, AlignmentKind kind, ImageSize size)
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
