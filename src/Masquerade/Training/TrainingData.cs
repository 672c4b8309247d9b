using Masquerade.Alignment;
using Masquerade.Datasets;

namespace Masquerade.Training;

/// <summary>What a verifier is trained on: a folder of people, or people who do not exist.</summary>
public sealed record TrainingData
{
    /// <summary>Folder of people; null: synthetic people.</summary>
    public string? Images { get; init; }

    /// <summary>Landmark file of the folder.</summary>
    public string? Landmarks { get; init; }

    /// <summary>Whether the folder's photographs already are crops.</summary>
    public bool Aligned { get; init; }

    /// <summary>How many synthetic people.</summary>
    public int People { get; init; }

    /// <summary>Photographs of each synthetic person.</summary>
    public int Captures { get; init; }

    /// <summary>Seed of the synthetic people.</summary>
    public ulong Seed { get; init; }

    /// <summary>Loads the crops.</summary>
    /// <param name="threads">How many read or paint at once.</param>
    /// <param name="strict">Ends at the first photograph that cannot be used.</param>
    /// <param name="progress">Told how many of how many are there, from any thread.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InputException">No people, one photograph each, no landmarks, or (strict) an unusable photograph.</exception>
    public TrainingFaces Load(int threads, bool strict, Action<int, int>? progress, CancellationToken cancellation)
    {
        if (Images is null) return TrainingFaces.Paint(People, Captures, Seed, threads, progress, cancellation);
        var landmarks = Landmarks is null ? null : LandmarkFile.Read(Landmarks);
        var cropper = new FaceCropper(AlignmentKind.ArcFace112x112, VerifierNetwork.InputSize, landmarks, Aligned);
        return TrainingFaces.Read(FolderOfPeople.Read(Images), cropper, threads, strict, progress, cancellation);
    }
}
