using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Defenses;
using Masquerade.Detection;
using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Networks;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Evaluation.Experiments;

/// <summary>A model as a run uses it.</summary>
/// <param name="Model">The loaded model.</param>
/// <param name="Descriptor">The file that describes it.</param>
/// <param name="Verifier">It, with the threshold in force.</param>
/// <param name="Crops">Its crops of the photographs.</param>
public sealed record PlannedModel(FaceModel Model, string Descriptor, FaceVerifier Verifier, FaceCropSource Crops)
{
    /// <summary>Its name in the ledger.</summary>
    public string Name => Model.Descriptor.Name;
}

/// <summary>An experiment with everything it names opened and checked: what will be done, before anything is done.</summary>
public sealed class ExperimentPlan : IDisposable
{
    private readonly IFaceLocator? _faces;

    private ExperimentPlan(Experiment experiment, ImageFolder photographs, PairList list, PairAvailability pairs,
        IReadOnlyList<PlannedModel> models, IReadOnlyList<PlannedDefense> defenses, IReadOnlyList<VerificationPair> cleanPairs,
        IFaceLocator? faces, string? detector)
    {
        _faces = faces;
        Defenses = defenses;
        CleanPairs = cleanPairs;
        DetectorWeights = detector;
        Experiment = experiment;
        Photographs = photographs;
        Pairs = list.Pairs;
        Missing = pairs.Missing;
        Models = models;
        Attacks = AttackRegistry.Resolve(experiment.Attacks);
        (Cells, Notices) = Combine();
    }

    /// <summary>The experiment, its threads resolved and its paths absolute; bundled models keep their names.</summary>
    public Experiment Experiment { get; }

    /// <summary>The pairs of the list, or of those drawn from it, or the first of them.</summary>
    public IReadOnlyList<VerificationPair> Pairs { get; }

    /// <summary>Those of them whose photographs are missing.</summary>
    public IReadOnlyList<MissingPair> Missing { get; }

    /// <summary>The models under attack.</summary>
    public IReadOnlyList<PlannedModel> Models { get; }

    /// <summary>The defenses asked for, each once.</summary>
    public IReadOnlyList<PlannedDefense> Defenses { get; }

    /// <summary>Pairs on which it is measured what a defense costs; their photographs are there.</summary>
    public IReadOnlyList<VerificationPair> CleanPairs { get; }

    /// <summary>The attacks asked for.</summary>
    public IReadOnlyList<RegisteredAttack> Attacks { get; }

    /// <summary>What the rows will be grouped by.</summary>
    public IReadOnlyList<RunCell> Cells { get; }

    /// <summary>What was asked for and will not be done, one line each.</summary>
    public IReadOnlyList<string> Notices { get; }

    /// <summary>Where the photographs are.</summary>
    internal ImageFolder Photographs { get; }

    /// <summary>Folder of the weights of the detector that looks for faces; null where none does.</summary>
    internal string? DetectorWeights { get; }

    /// <summary>Chunks of pairs that are attacked together.</summary>
    public int Chunks => (Pairs.Count + Experiment.Batch - 1) / Experiment.Batch;

    /// <summary>Opens everything that an experiment names.</summary>
    /// <param name="experiment">What to do.</param>
    /// <param name="strict">Whether a missing photograph is an error.</param>
    /// <param name="named">The models that go by name; null for the program's.</param>
    /// <param name="assets">Where a fetched detector is; null for the user's own.</param>
    /// <exception cref="InputException">Anything is missing, damaged or does not fit.</exception>
    public static ExperimentPlan Open(
        Experiment experiment, bool strict = false, NamedModels? named = null, AssetStore? assets = null)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        experiment.Validate("experiment");
        experiment = experiment with
        {
            Models = [.. experiment.Models.Select(m => NamedModels.Anywhere(m, "."))],
            TransferTo = [.. experiment.TransferTo.Select(m => NamedModels.Anywhere(m, "."))],
            Images = Path.GetFullPath(experiment.Images),
            Pairs = Path.GetFullPath(experiment.Pairs),
            Landmarks = experiment.Landmarks is null ? null : Path.GetFullPath(experiment.Landmarks),
            Detector = experiment.Detector is null ? null : FaceSource.Anywhere(experiment.Detector, "."),
            Defenses = [.. experiment.Defenses.Select(d => PurifierRegistry.Anywhere(d, "."))],
            Detectors = [.. experiment.Detectors.Select(d => DefenseStack.Anywhere(d, "."))],
            Stacks = [.. experiment.Stacks.Select(s => DefenseStack.AnywhereInStack(s, "."))],
            Threads = experiment.Threads == 0 ? Environment.ProcessorCount : experiment.Threads,
        };
        var whole = PairListReader.Read(experiment.Pairs);
        var list = whole;
        if (experiment.Sample is { } sample) list = PairSample.Draw(list, sample, experiment.SampleSeed);
        if (experiment.Take is { } take) list = list with { Pairs = [.. list.Pairs.Take(take)] };
        var folder = new ImageFolder(experiment.Images);
        var pairs = PairAvailability.Of(list, folder);
        if (pairs.Present.Count == 0)
        {
            throw new InputException(
                $"{experiment.Images}: none of the photographs of {experiment.Pairs} is there "
                + $"({pairs.MissingNames[0]} is the first missing); check --images");
        }
        if (strict && pairs.Missing.Count > 0)
        {
            throw new InputException(
                $"{experiment.Images}: {pairs.MissingNames.Count} photographs are missing, {pairs.MissingNames[0]} first; "
                + "add them or leave out --strict");
        }
        var source = new FaceSource(experiment.Landmarks, experiment.Aligned, experiment.Detector, experiment.Fallback);
        IFaceLocator? faces = null;
        string? detector = null;
        var gradients = AttackRegistry.Resolve(experiment.Attacks).Any(a => a.Attack.Access == Access.WhiteBox);
        var models = new List<PlannedModel>();
        var defenses = new List<PlannedDefense>();
        try
        {
            foreach (var path in experiment.Models.Select((named ?? AssetStore.Default.Models).Find))
            {
                var model = FaceModel.Load(path, experiment.Threads, gradients);
                try
                {
                    models.Add(Plan(path, model, experiment, folder, Faces));
                }
                catch
                {
                    model.Dispose();
                    throw;
                }
                if (models.Count(m => m.Name == model.Descriptor.Name) > 1)
                    throw new InputException($"{path}: another model of this run is called '{model.Descriptor.Name}' too; rename one");
            }
            var clean = !experiment.HasDefenses ? [] : Evenly(PairAvailability.Of(whole, folder).Present, experiment.CleanPairs);
            foreach (var stack in DefenseStack.Of(experiment)) OpenDefense(stack, defenses, models, experiment, gradients);
            experiment = experiment with { Defenses = [.. defenses.Where(d => d.DetectorFile is null).Select(d => d.Name)] };
            return new ExperimentPlan(experiment, folder, list, pairs, models, defenses, clean, faces, detector);

            // One for all models, opened for the first that needs it.
            IFaceLocator? Faces(AlignmentKind kind, ImageSize size)
            {
                faces ??= source.Open(kind, size, assets ?? AssetStore.Default);
                if (source.NeedsDetector(kind)) detector ??= source.WeightsFolder(kind, assets ?? AssetStore.Default);
                return faces;
            }
        }
        catch
        {
            foreach (var model in models) model.Model.Dispose();
            foreach (var defense in defenses) defense.Dispose();
            (faces as IDisposable)?.Dispose();
            throw;
        }
    }

    /// <summary>Opens a defense that is not there yet, and tries it on images of each model's size.</summary>
    private static void OpenDefense(
        DefenseStack stack, List<PlannedDefense> defenses, List<PlannedModel> models, Experiment experiment, bool gradients)
    {
        var purifier = stack.Purifier is null ? null : PurifierRegistry.Open(stack.Purifier, PurifierFiles.Default with { Threads = experiment.Threads });
        var detectors = new Dictionary<string, Detector>(StringComparer.Ordinal);
        var file = stack.Detector is null ? null : BundledDetectors.FileOf(stack.Detector);
        var planned = new PlannedDefense("", purifier, detectors, file, stack.DetectsFirst);
        try
        {
            if (file is not null)
                foreach (var model in models) detectors.Add(model.Name, Detector.Open(file, model.Model, experiment.Threads, gradients, experiment.FalseAlarms));
            planned = planned with { Name = planned.Before(models[0], experiment.EotSamples).Defense };
            if (defenses.Find(d => d.Name == planned.Name) is { } other)
            {
                if (other.DetectorFile != file)
                    throw new InputException($"{file}: another detector of this run is called '{Path.GetFileNameWithoutExtension(file)}' too ({other.DetectorFile}); rename one");
                planned.Dispose();
                return;
            }
        }
        catch
        {
            planned.Dispose();
            throw;
        }
        defenses.Add(planned);
        if (purifier is null) return;
        using var scope = NewDisposeScope();
        foreach (var size in models.Select(m => m.Crops.Size).Distinct())
        {
            var probe = tensor(ProbeImages.Create(size, 1), [1, 3, size.Height, size.Width]);
            _ = purifier.Purify(probe, purifier.IsRandom ? [new RandomDraw(new CounterRandom(0, "probe", ""), 0)] : null);
        }
    }

    /// <summary>So many of the pairs, evenly taken from all of them.</summary>
    private static List<VerificationPair> Evenly(IReadOnlyList<VerificationPair> pairs, int count) => count >= pairs.Count ? [.. pairs]
        : [.. Enumerable.Range(0, count).Select(i => pairs[(int)((long)i * pairs.Count / count)])];

    private static PlannedModel Plan(string path, FaceModel model, Experiment experiment, ImageFolder folder,
        Func<AlignmentKind, ImageSize, IFaceLocator?> faces)
    {
        var descriptor = model.Descriptor;
        const int Least = StructuralSimilarity.Window;
        if (descriptor.InputSize is not { Width: >= Least, Height: >= Least })
            throw new InputException($"{path}: crops of {descriptor.InputSize} are too small to be measured; at least {Least}x{Least}");
        try
        {
            var kind = AlignmentKinds.Parse(descriptor.Alignment);
            var cropper = new FaceCropper(kind, descriptor.InputSize, faces(kind, descriptor.InputSize), experiment.Aligned);
            return new PlannedModel(
                model, path, new FaceVerifier(model.Embedder, experiment.Threshold ?? descriptor.Threshold),
                new FaceCropSource(folder, cropper, Preprocessings.Parse(experiment.Preprocessing)));
        }
        catch (InputException e)
        {
            throw new InputException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>The attack of one of <see cref="Cells"/>.</summary>
    internal RegisteredAttack AttackOf(RunCell cell) => Attacks.First(a => a.Family == cell.Family && a.Name == cell.Attack);

    /// <summary>A model with the defense of a cell in front of it, or with none.</summary>
    internal DefendedVerifier Verifier(PlannedModel model, string defense) =>
        Defenses.FirstOrDefault(d => d.Name == defense)?.Before(model, Experiment.EotSamples) ?? new DefendedVerifier(model.Verifier);

    private (IReadOnlyList<RunCell> Cells, IReadOnlyList<string> Notices) Combine()
    {
        var cells = new List<RunCell>();
        var notices = new List<string>();
        foreach (var model in Models)
        {
            var blocked = model.Model.NotDifferentiable;
            if (blocked is not null) notices.Add($"{model.Name} is {blocked}; attacks that need gradients are left out for it");
            foreach (var storage in Experiment.Storage.Distinct())
            {
                var attacks = Attacks
                    .Where(a => blocked is null || a.Attack.Access != Access.WhiteBox)
                    .Where(a => storage == StorageNames.Float || a.Attack.SearchesUnder8Bit).ToList();
                cells.AddRange(attacks.Select(a => new RunCell(model.Name, storage, a.Family, a.Name)));
                if (storage != StorageNames.EightBit) continue;
                cells.AddRange(
                    from defense in Defenses
                    from knowledge in Experiment.Knowledge.Distinct()
                    from attack in attacks
                    select new RunCell(model.Name, storage, attack.Family, attack.Name, defense.Name, knowledge));
            }
        }
        if (cells.Count == 0)
        {
            throw new InputException(notices.Count > 0
                ? $"{notices[0]}, and nothing else was asked for"
                : "the attacks named know float storage only; add --storage float, or attacks of another family");
        }
        var floatOnly = Attacks.Where(a => !a.Attack.SearchesUnder8Bit).Select(a => a.Family).Distinct().ToList();
        if (Experiment.Storage.Contains(StorageNames.EightBit) && floatOnly.Count > 0)
            notices.Add($"{string.Join(", ", floatOnly)} knows float storage only; it is left out under 8bit");
        return (cells, notices);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var model in Models) model.Model.Dispose();
        foreach (var defense in Defenses) defense.Dispose();
        (_faces as IDisposable)?.Dispose();
    }
}
