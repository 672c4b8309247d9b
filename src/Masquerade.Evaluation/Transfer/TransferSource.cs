using Masquerade.Alignment;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Transfer;

/// <summary>A model of the run, whose images are carried over.</summary>
/// <param name="Descriptor">What its file says.</param>
/// <param name="Path">That file.</param>
/// <param name="Kind">Its alignment.</param>
/// <param name="Cropper">Makes its crops.</param>
internal sealed record TransferSource(ModelDescriptor Descriptor, string Path, AlignmentKind Kind, FaceCropper Cropper)
{
    /// <summary>Its name in the ledger.</summary>
    public string Name => Descriptor.Name;
}

/// <summary>A pair as it was attacked on a model.</summary>
/// <param name="Pair">The pair.</param>
/// <param name="ProbePath">File of the probe's photograph.</param>
/// <param name="ReferencePath">File of the reference's.</param>
/// <param name="Crop">The clean crop that was attacked.</param>
/// <param name="Frame">Which part of the photograph that is.</param>
internal sealed record TransferPair(VerificationPair Pair, string ProbePath, string ReferencePath, FaceImage Crop, CropFrame Frame)
{
    /// <summary>
    /// What the attacker hands over: the crop, or the whole photograph with the perturbation in it. A clean probe is handed over alike, so
    /// that nothing but the perturbation differs.
    /// </summary>
    /// <param name="image">What the crop became; null for the clean probe.</param>
    /// <param name="paste">Whether it is put back into the photograph.</param>
    public FaceImage HandedOver(FaceImage? image, bool paste)
    {
        if (!paste) return image ?? Crop;
        var photo = ImageFile.Read(ProbePath);
        return image is null ? photo : Frame.Paste(photo, Crop, image);
    }
}

/// <summary>Where the landmarks of crops are whose photographs nobody has: where the template of their alignment has them.</summary>
/// <param name="kind">The crops' alignment.</param>
/// <param name="template">Its template.</param>
internal sealed class TemplateLocator(AlignmentKind kind, FiveLandmarks template) : IFaceLocator
{
    /// <inheritdoc/>
    public string Source => $"the template of {kind.Name()}";

    /// <inheritdoc/>
    public LocatedFace Locate(ImageView photo, string path, string? name) => new(template);
}

/// <summary>Judges images that were made against another verifier.</summary>
internal interface ITargetJudge : IDisposable
{
    /// <summary>Prepares pairs whose images are to be judged.</summary>
    /// <param name="source">The model that was attacked.</param>
    /// <param name="pairs">Some of its pairs.</param>
    ITargetPairs Prepare(TransferSource source, IReadOnlyList<TransferPair> pairs);
}

/// <summary>An image for a target.</summary>
/// <param name="Pair">Which of the prepared pairs.</param>
/// <param name="Image">What the source's crop became, of 8 bits; null for the clean probe.</param>
internal sealed record TransferProbe(int Pair, FaceImage? Image);

/// <summary>Pairs, prepared for a target.</summary>
internal interface ITargetPairs
{
    /// <summary>Judges images.</summary>
    /// <param name="probes">The images.</param>
    /// <param name="judged">Told after each.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>A judgement each; null where a service gave no answer this time.</returns>
    Task<TransferJudgement?[]> JudgeAsync(IReadOnlyList<TransferProbe> probes, Action judged, CancellationToken cancellation);
}
