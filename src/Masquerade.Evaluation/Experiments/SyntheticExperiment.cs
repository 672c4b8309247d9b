using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Evaluation.Experiments.Presets;

namespace Masquerade.Evaluation.Experiments;

/// <summary>
/// An experiment that names no photographs is one on synthetic people, painted into its run folder. What it leaves open is as in
/// <see cref="Preset.Quickstart"/>.
/// </summary>
public static class SyntheticExperiment
{
    /// <summary>The name of their folder in the run folder.</summary>
    public const string FolderName = "faces";

    /// <summary>How many pairs are attacked where nothing says.</summary>
    public static int Pairs { get; } = Preset.Quickstart.Read().Take!.Value;

    /// <summary>Whether settings name nothing that photographs come with.</summary>
    public static bool IsMeantBy(ExperimentFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return file is { Data: null, Images: null, Pairs: null, Landmarks: null, Detector: null } and not { Aligned: true };
    }

    /// <summary>Names what will be painted in settings that name nothing, and fills in what nothing says.</summary>
    /// <param name="file">The settings; changed.</param>
    /// <param name="faces">Where the people will be.</param>
    /// <returns>What is to be written there before the experiment begins.</returns>
    /// <exception cref="InputException">The settings ask for more pairs than there can be.</exception>
    public static SyntheticFolder Complete(ExperimentFile file, string faces)
    {
        ArgumentNullException.ThrowIfNull(file);
        file.Images = SyntheticFolder.ImagesIn(faces);
        file.Pairs = SyntheticFolder.PairsIn(faces);
        file.Landmarks = SyntheticFolder.LandmarksIn(faces);
        if (!file.Defends) file.Attacks ??= Preset.Quickstart.Read().Attacks;
        file.Take ??= file.Sample ?? Pairs;
        return UnseenPeople.ToAttack(Math.Max(file.Take.Value, file.Sample ?? 0));
    }

    /// <summary>Whether an experiment is on people who were painted into its run folder.</summary>
    public static bool IsIn(Experiment experiment, string runFolder)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        return Path.GetFullPath(experiment.Images) == SyntheticFolder.ImagesIn(Path.GetFullPath(Path.Combine(runFolder, FolderName)));
    }
}
