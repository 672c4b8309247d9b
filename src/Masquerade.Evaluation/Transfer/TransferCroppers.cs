using Masquerade.Alignment;
using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Evaluation.Experiments;
using Masquerade.Imaging;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Transfer;

/// <summary>Makes the crops of every model of a transfer from what the run was attacked on: photographs, or crops without any.</summary>
/// <param name="experiment">The run's.</param>
/// <param name="pairs">The run's.</param>
/// <param name="photographs">Where its photographs are.</param>
/// <param name="assets">Where a fetched detector is.</param>
internal sealed class TransferCroppers(
    Experiment experiment, IReadOnlyList<VerificationPair> pairs, ImageFolder photographs, AssetStore assets) : IDisposable
{
    private readonly FaceSource _faces = new(experiment.Landmarks, experiment.Aligned, experiment.Detector, experiment.Fallback);
    private readonly Dictionary<(AlignmentKind, ImageSize, AlignmentKind), FaceCropper> _croppers = [];
    private IFaceLocator? _locator;

    /// <summary>The maker of a model's crops from the photographs that a source was attacked on.</summary>
    /// <param name="kind">The model's alignment.</param>
    /// <param name="size">Its input size.</param>
    /// <param name="source">The alignment of the attacked model.</param>
    /// <param name="path">The model's descriptor, for messages.</param>
    /// <exception cref="InputException">It has to be known where the faces are and is not.</exception>
    public FaceCropper Of(AlignmentKind kind, ImageSize size, AlignmentKind source, string path)
    {
        if (_croppers.TryGetValue((kind, size, source), out var known)) return known;
        var aligned = experiment.Aligned;
        var made = aligned && kind != source && kind != AlignmentKind.None && FaceAligner.Template(source) is { } template
            ? new FaceCropper(kind, size, new TemplateLocator(source, template), aligned: false)
            : new FaceCropper(kind, size, aligned || kind == AlignmentKind.None ? null : Locator(kind, size, path), aligned);
        return _croppers[(kind, size, source)] = made;
    }

    private IFaceLocator? Locator(AlignmentKind kind, ImageSize size, string path)
    {
        try
        {
            return _locator ??= _faces.Open(kind, size, assets);
        }
        catch (InputException e)
        {
            throw new InputException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Checks that a target's crops can be had from what the run was attacked on.</summary>
    /// <exception cref="InputException">They cannot.</exception>
    public void RequireMapping(TransferSource source, AlignmentKind kind, ImageSize size, string path)
    {
        if (experiment.Aligned && kind != source.Kind && (kind == AlignmentKind.None || FaceAligner.Template(source.Kind) is null))
        {
            throw new InputException($"{path}: crops of alignment {source.Kind.Name()} cannot be mapped to its {kind.Name()}, as the run has "
                + "no photographs and nothing says where their landmarks are; --detect looks for the faces");
        }
        if (kind != AlignmentKind.None && !(experiment.Aligned && kind == source.Kind)) FaceCropper.RequireFit(kind, size);
        var taken = experiment.Aligned && kind == source.Kind || kind == AlignmentKind.None ? FirstPhotograph() : null;
        if (taken is { } photograph && photograph.Size != size)
        {
            throw new InputException($"{path}: takes images of {size} as they are (alignment {kind.Name()}), but {photograph.Path} is "
                + $"{photograph.Size}: it cannot be mapped");
        }
        _ = Of(kind, size, source.Kind, path);
    }

    private (string Path, ImageSize Size)? FirstPhotograph()
    {
        foreach (var pair in pairs)
        {
            if (photographs.Find(pair.Probe) is not { } path) continue;
            using var photo = ImageFile.ReadPooled(path);
            return (path, photo.Size);
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => (_locator as IDisposable)?.Dispose();
}
