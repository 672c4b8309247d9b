using Masquerade.Alignment;
using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Datasets;

/// <summary>How somebody says where the faces of photographs are.</summary>
/// <param name="Landmarks">A file of landmarks; null: a detector looks for them.</param>
/// <param name="Aligned">Nothing has to be looked for: photographs already are crops.</param>
/// <param name="Detector">A folder of MTCNN's weights or the name of the asset that is one; null: <c>mtcnn</c>.</param>
/// <param name="Fallback">What becomes of a photograph in which no face is found.</param>
public sealed record FaceSource(string? Landmarks, bool Aligned, string? Detector = null, FaceFallback Fallback = FaceFallback.None)
{
    /// <summary>The detector that is used where none is named.</summary>
    public const string DefaultDetector = "mtcnn";

    /// <summary>What means the same detector wherever the program runs: a name stays, a path becomes a full one.</summary>
    /// <param name="nameOrPath">As the user has it. A folder of that name comes first.</param>
    /// <param name="from">The folder that a path is relative to.</param>
    public static string Anywhere(string nameOrPath, string from)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        var path = Path.GetFullPath(nameOrPath, Path.GetFullPath(from));
        return nameOrPath == DefaultDetector && !Directory.Exists(path) ? nameOrPath : path;
    }

    /// <summary>Whether a detector has to look, for crops of a kind.</summary>
    public bool NeedsDetector(AlignmentKind kind) => kind != AlignmentKind.None && !Aligned && Landmarks is null;

    /// <summary>Opens what says where the faces are.</summary>
    /// <param name="kind">The crops that are needed.</param>
    /// <param name="size">The model's input size.</param>
    /// <param name="assets">Where fetched detectors are.</param>
    /// <returns>Null where nothing has to be known. A <see cref="DetectorLocator"/> is the caller's to dispose.</returns>
    /// <exception cref="InputException">
    /// The file or the weights cannot be read, no detector is here, or the alignment makes no crops of that size.
    /// </exception>
    public IFaceLocator? Open(AlignmentKind kind, ImageSize size, AssetStore assets)
    {
        if (Aligned) return null;
        FaceCropper.RequireFit(kind, size);
        // What is named is looked at even where nobody needs it: a wrong name is told.
        if (Landmarks is not null) return LandmarkFile.Read(Landmarks);
        if (Detector is not null) _ = MtcnnDetector.WeightFiles(WeightsFolder(kind, assets));
        return NeedsDetector(kind) ? new DetectorLocator(MtcnnDetector.Load(WeightsFolder(kind, assets)), Fallback) : null;
    }

    /// <summary>The folder of the detector's weights.</summary>
    /// <param name="kind">The crops that are needed.</param>
    /// <param name="assets">Where fetched detectors are.</param>
    /// <exception cref="InputException">No detector is here.</exception>
    public string WeightsFolder(AlignmentKind kind, AssetStore assets)
    {
        ArgumentNullException.ThrowIfNull(assets);
        if (Detector is not null) return Directory.Exists(Detector) || assets.Catalog.Find(Detector) is null ? Detector : assets.Require(Detector);
        try
        {
            return assets.Require(DefaultDetector);
        }
        catch (InputException e)
        {
            throw new InputException($"the alignment {kind.Name()} has to know where the faces are: give --landmarks FILE, or --aligned if "
                + $"photographs already are crops, or let a detector look; {e.Message}", e);
        }
    }
}
