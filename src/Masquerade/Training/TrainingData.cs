using Masquerade.Alignment;
using Masquerade.Datasets;
using Masquerade.Faces;

namespace Masquerade.Training;

/// <summary>What is trained on: a folder of people, or people who do not exist.</summary>
public sealed record TrainingData
{
    /// <summary>Folder of people; null: synthetic people.</summary>
    public string? Images { get; init; }

    /// <summary>Landmark file of the folder.</summary>
    public string? Landmarks { get; init; }

    /// <summary>Whether the folder's photographs already are crops.</summary>
    public bool Aligned { get; init; }

    /// <summary>File of the people of the folder to take; null: everybody.</summary>
    public string? PeopleList { get; init; }

    /// <summary>List of the pairs that will be evaluated: nobody in it may be trained on; null: not looked at.</summary>
    public string? Pairs { get; init; }

    /// <summary>Whether people of the pairs may be trained on all the same.</summary>
    public bool AllowOverlap { get; init; }

    /// <summary>How many synthetic people.</summary>
    public int People { get; init; }

    /// <summary>Photographs of each synthetic person.</summary>
    public int Captures { get; init; }

    /// <summary>Seed of the synthetic people.</summary>
    public ulong Seed { get; init; }

    /// <summary>Loads the crops.</summary>
    /// <param name="least">Fewest photographs of a person: 2 where people have to be recognised, else 1.</param>
    /// <param name="threads">How many read or paint at once.</param>
    /// <param name="strict">Ends at the first photograph that cannot be used.</param>
    /// <param name="progress">Told how many of how many are there, from any thread.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InputException">
    /// No people, too few photographs of each, somebody listed who is not there, somebody who is evaluated, no landmarks, or (strict) an
    /// unusable photograph.
    /// </exception>
    public TrainingFaces Load(int least, int threads, bool strict, Action<int, int>? progress, CancellationToken cancellation)
    {
        if (Images is null) return TrainingFaces.Paint(People, Captures, Seed, threads, progress, cancellation);
        var folder = Folder();
        var landmarks = Landmarks is null ? null : LandmarkFile.Read(Landmarks);
        var cropper = new FaceCropper(AlignmentKind.ArcFace112x112, TrainingFaces.CropSize, landmarks, Aligned);
        return TrainingFaces.Read(folder, cropper, least, threads, strict, progress, cancellation);
    }

    /// <summary>Opens the crops without loading them.</summary>
    /// <param name="kind">How they are aligned.</param>
    /// <param name="size">Their size.</param>
    /// <exception cref="InputException">As <see cref="Load"/>; a photograph is looked at only when its crop is asked for.</exception>
    public TrainingCrops Open(AlignmentKind kind, ImageSize size)
    {
        if (Images is null) return TrainingCrops.Paint(People, Captures, Seed, kind, size);
        var landmarks = Landmarks is null ? null : LandmarkFile.Read(Landmarks);
        return TrainingCrops.Of(Folder(), new FaceCropper(kind, size, landmarks, Aligned));
    }

    private FolderOfPeople Folder()
    {
        var folder = FolderOfPeople.Read(Images!);
        if (PeopleList is not null) folder = folder.Only(Datasets.PeopleList.Read(PeopleList));
        if (Pairs is not null && !AllowOverlap) EvaluatedPeople.Refuse(folder, PairListReader.Read(Pairs));
        return folder;
    }
}
