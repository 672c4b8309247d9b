using System.CommandLine;
using System.CommandLine.Parsing;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Evaluation.Experiments;
using Masquerade.Models;

namespace Masquerade.Cli.Commands.Options;

/// <summary>The options that say where the faces of photographs are.</summary>
/// <param name="detector">Name of the option for the detector of faces.</param>
internal sealed class FaceOptions(string detector = "--detector")
{
    private readonly Option<bool> _aligned = CommonOptions.Aligned();
    private readonly Option<string?> _detector = CommonOptions.Detector(detector);
    private readonly Option<FaceFallback> _fallback = CommonOptions.Fallback();

    /// <summary>A file of landmarks.</summary>
    public Option<string?> Landmarks { get; } = CommonOptions.Landmarks();

    public IReadOnlyList<Option> All => [Landmarks, _aligned, _detector, _fallback];

    /// <summary>Landmarks, crops, or a detector: what is given beside another would be ignored.</summary>
    public void CheckIn(Command command)
    {
        command.RequireOneOf(Landmarks, _aligned);
        command.Validators.Add(CheckDetector);
    }

    private void CheckDetector(CommandResult result)
    {
        var (landmarks, aligned) = (result.GetResult(Landmarks) is not null, result.GetValue(_aligned));
        foreach (var option in (Option[])[_detector, _fallback])
        {
            if ((landmarks || aligned) && result.GetResult(option) is { Implicit: false })
                result.AddError($"{option.Name} is for photographs whose faces are looked for: leave it out beside "
                    + (landmarks ? "--landmarks" : "--aligned"));
        }
    }

    /// <summary>What the user said, in an experiment: it takes the place of what said so before.</summary>
    public void Apply(ParseResult parsed, ExperimentFile file)
    {
        var (landmarks, detector) = (parsed.GetValue(Landmarks), parsed.GetValue(_detector));
        var fallback = parsed.GetResult(_fallback) is { Implicit: false } ? parsed.GetValue(_fallback) : (FaceFallback?)null;
        if (parsed.GetValue(_aligned)) (file.Aligned, file.Landmarks, file.Detector, file.Fallback) = (true, null, null, null);
        if (landmarks is not null) (file.Aligned, file.Landmarks, file.Detector, file.Fallback) = (null, landmarks, null, null);
        if (detector is not null || fallback is not null) (file.Aligned, file.Landmarks) = (null, null);
        (file.Detector, file.Fallback) = (detector ?? file.Detector, fallback ?? file.Fallback);
    }

    /// <summary>What the user said.</summary>
    public FaceSource Read(ParseResult parsed) => new(
        parsed.GetValue(Landmarks), parsed.GetValue(_aligned), parsed.GetValue(_detector), parsed.GetValue(_fallback));
}

/// <summary>A maker of a model's crops, and the detector that it may need.</summary>
internal sealed class ModelCrops : IDisposable
{
    private readonly IFaceLocator? _locator;

    private ModelCrops(FaceCropper cropper, IFaceLocator? locator) => (Cropper, _locator) = (cropper, locator);

    /// <summary>Makes the crops.</summary>
    public FaceCropper Cropper { get; }

    /// <summary>Opens what a model's crops need.</summary>
    /// <exception cref="InputException">It is not there or cannot be read, or the model's descriptor asks for the impossible.</exception>
    public static ModelCrops Open(CommandHost host, ModelDescriptor descriptor, FaceSource faces)
    {
        var kind = AlignmentKinds.Parse(descriptor.Alignment);
        var locator = faces.Open(kind, descriptor.InputSize, host.Assets);
        try
        {
            return new ModelCrops(new FaceCropper(kind, descriptor.InputSize, locator, faces.Aligned), locator);
        }
        catch
        {
            (locator as IDisposable)?.Dispose();
            throw;
        }
    }

    public void Dispose() => (_locator as IDisposable)?.Dispose();
}
