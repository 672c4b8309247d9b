using Masquerade.Alignment;
using Masquerade.Imaging;
using Masquerade.Training;

namespace Masquerade.Evaluation.Datasets.People;

/// <summary>Loads what is trained on, from a folder of people or painted.</summary>
public static class TrainingDataLoader
{
    /// <summary>Loads the crops.</summary>
    /// <param name="data">Which.</param>
    /// <param name="least">Fewest photographs of a person: 2 where people have to be recognised, else 1.</param>
    /// <param name="threads">How many read or paint at once.</param>
    /// <param name="strict">Ends at the first photograph that cannot be used.</param>
    /// <param name="progress">Told how many of how many are there, from any thread.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InputException">
    /// No people, too few photographs of each, somebody listed who is not there, somebody who is evaluated, no landmarks, or (strict) an
    /// unusable photograph.
    /// </exception>
    public static TrainingFaces Load(this TrainingData data, int least, int threads, bool strict, Action<int, int>? progress, CancellationToken cancellation)
    {
        if (data.Images is null) return TrainingPeople.Paint(data.People, data.Captures, data.Seed, threads, progress, cancellation);
        var folder = Folder(data);
        var landmarks = data.Landmarks is null ? null : LandmarkFile.Read(data.Landmarks);
        var cropper = new FaceCropper(AlignmentKind.ArcFace112x112, TrainingFaces.CropSize, landmarks, data.Aligned);
        return TrainingPeople.Read(folder, cropper, least, threads, strict, progress, cancellation);
    }

    /// <summary>Opens the crops without loading them.</summary>
    /// <param name="data">Which.</param>
    /// <param name="kind">How they are aligned.</param>
    /// <param name="size">Their size.</param>
    /// <exception cref="InputException">As <see cref="Load"/>; a photograph is looked at only when its crop is asked for.</exception>
    public static TrainingCrops Open(this TrainingData data, AlignmentKind kind, ImageSize size)
    {
        if (data.Images is null) return TrainingPeople.PaintWhenAsked(data.People, data.Captures, data.Seed, kind, size);
        var landmarks = data.Landmarks is null ? null : LandmarkFile.Read(data.Landmarks);
        return TrainingPeople.ReadWhenAsked(Folder(data), new FaceCropper(kind, size, landmarks, data.Aligned));
    }

    private static FolderOfPeople Folder(TrainingData data)
    {
        var folder = FolderOfPeople.Read(data.Images!);
        if (data.PeopleList is not null) folder = folder.Only(PeopleList.Read(data.PeopleList));
        if (data.Pairs is not null && !data.AllowOverlap) EvaluatedPeople.Refuse(folder, PairListReader.Read(data.Pairs));
        return folder;
    }
}
