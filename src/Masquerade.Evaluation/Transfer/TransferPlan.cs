using Masquerade.Alignment;
using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Remote;
using Masquerade.Models;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Transfer;

/// <summary>A verifier that is ready to judge.</summary>
/// <param name="Target">Its name, and what its judgements depend on.</param>
/// <param name="Judge">It.</param>
/// <param name="Facts">What a reader must know of it.</param>
/// <param name="OnlyOf">The one model whose images it judges; null for all.</param>
internal sealed record PlannedTarget(
    TransferTarget Target, ITargetJudge Judge, IReadOnlyList<KeyValuePair<string, string>> Facts, string? OnlyOf = null)
{
    /// <summary>The books around a service; null for a model.</summary>
    public RemoteSession? Session => (Judge as ServiceJudge)?.Session;
}

/// <summary>
/// A run and the verifiers that its images are carried over to, opened and checked. Each attacked model judges its own images, too: what of
/// them is left after rounding to 8 bits, and after the way to another verifier.
/// </summary>
public sealed class TransferPlan : IDisposable
{
    private readonly List<IDisposable> _owned = [];
    private readonly Experiment _experiment;
    private readonly Dictionary<string, string> _facts;
    private readonly IRemoteAnswers? _answers;
    private readonly TransferSettings _settings;
    private readonly NamedModels _named;
    private readonly AssetStore _assets;
    private readonly TransferCroppers _crops;
    private MtcnnDetector? _detector;
    private string? _weights;

    private TransferPlan(
        Experiment experiment, IReadOnlyList<VerificationPair> pairs, RunLedger? ledger, TransferSettings settings, NamedModels named,
        AssetStore assets)
    {
        (_experiment, _answers, _settings, _named, _assets) = (experiment, ledger, settings, named, assets);
        _facts = (ledger?.Facts ?? []).ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal);
        Photographs = new ImageFolder(experiment.Images);
        _crops = new TransferCroppers(experiment, pairs, Photographs, assets);
        Preprocessing = Preprocessings.Parse(experiment.Preprocessing);
    }

    /// <summary>The models of the run.</summary>
    internal IReadOnlyList<TransferSource> Sources { get; private set; } = [];

    /// <summary>The verifiers, and each model of the run for its own images.</summary>
    internal IReadOnlyList<PlannedTarget> Targets { get; private set; } = [];

    /// <summary>Where the photographs are.</summary>
    internal ImageFolder Photographs { get; }

    /// <summary>What is done to each crop.</summary>
    internal Preprocessing Preprocessing { get; }

    /// <summary>The services among the targets; photographs are sent to them.</summary>
    public IEnumerable<RemoteSession> Services => Targets.Select(t => t.Session).OfType<RemoteSession>();

    /// <summary>Opens the verifiers.</summary>
    /// <param name="ledger">The run, finished or not, to go on with.</param>
    /// <param name="targets">Model descriptors, models by name, or services (<see cref="RemoteVerifiers"/>).</param>
    /// <param name="settings">How images come to them.</param>
    /// <param name="named">The models that go by name; null for the program's.</param>
    /// <param name="assets">Where a fetched detector is; null for the user's own.</param>
    /// <exception cref="InputException">
    /// A target is missing, damaged, or of an alignment that the run's crops cannot be mapped to; a model of the run changed; or a service
    /// cannot be opened.
    /// </exception>
    public static TransferPlan Open(
        RunLedger ledger, IReadOnlyList<string> targets, TransferSettings settings, NamedModels? named = null, AssetStore? assets = null)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(settings);
        if (targets.Count == 0) throw new InputException("no target is named; give at least one with --to");
        var plan = new TransferPlan(
            ledger.Experiment, ledger.Pairs, ledger, settings, named ?? AssetStore.Default.Models, assets ?? AssetStore.Default);
        return plan.Opened(targets);
    }

    /// <summary>Checks, before a run begins, that its images can be carried over to the verifiers that it names.</summary>
    /// <inheritdoc cref="Open(RunLedger, IReadOnlyList{string}, TransferSettings, NamedModels, AssetStore)"/>
    /// <param name="run">What will be done.</param>
    /// <param name="named">The models that go by name; null for the program's.</param>
    /// <param name="assets">Where a fetched detector is; null for the user's own.</param>
    public static void Check(ExperimentPlan run, NamedModels? named = null, AssetStore? assets = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Experiment.TransferTo.Count == 0) return;
        var plan = new TransferPlan(
            run.Experiment, run.Pairs, null, new TransferSettings(), named ?? AssetStore.Default.Models, assets ?? AssetStore.Default);
        plan.Opened(run.Experiment.TransferTo).Dispose();
    }

    private TransferPlan Opened(IReadOnlyList<string> targets)
    {
        try
        {
            Open(targets);
            return this;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private void Open(IReadOnlyList<string> names)
    {
        var preprocessed = Preprocessing != Preprocessing.None;
        if (preprocessed && (_settings.Way.Paste || _settings.Way.Detect && !names.All(IsService)))
        {
            throw new InputException($"the run's crops are preprocessed ({_experiment.Preprocessing}) and no photographs any more: "
                + "they can be mapped, but neither pasted nor detected; leave --paste and --detect out");
        }
        Sources = [.. _experiment.Models.Select(OpenSource)];
        var targets = new List<PlannedTarget>();
        foreach (var name in names)
        {
            var target = IsService(name) ? OpenService(name) : OpenModel(_named.Find(name));
            targets.Add(target);
            _owned.Add(target.Judge);
            if (targets.Count(t => t.Target.Name == target.Target.Name) > 1)
                throw new InputException($"{name}: another target is called '{target.Target.Name}' too; name it once, or rename one");
        }
        var own = new List<PlannedTarget>();
        foreach (var source in Sources.Where(s => targets.All(t => t.Target.Name != s.Name)))
        {
            own.Add(OpenModel(source.Path) with { OnlyOf = source.Name });
            _owned.Add(own[^1].Judge);
        }
        Targets = [.. own, .. targets];
    }

    private bool IsService(string name) => _settings.OpenService is not null && name.StartsWith("service:", StringComparison.Ordinal)
        || RemoteVerifiers.IsRemote(name);

    private TransferSource OpenSource(string model)
    {
        var path = _named.Find(model);
        var descriptor = ModelDescriptor.Read(path);
        var kind = AlignmentKinds.Parse(descriptor.Alignment);
        return new TransferSource(descriptor, path, kind, _crops.Of(kind, descriptor.InputSize, kind, path));
    }

    private PlannedTarget OpenModel(string path)
    {
        var way = _settings.Way;
        var model = FaceModel.Load(path, _settings.Threads > 0 ? _settings.Threads : Environment.ProcessorCount, gradients: false);
        try
        {
            var descriptor = model.Descriptor;
            var (kind, size) = (AlignmentKinds.Parse(descriptor.Alignment), descriptor.InputSize);
            if (way.Detect) OpenDetector(kind);
            else foreach (var source in Sources) _crops.RequireMapping(source, kind, size, path);
            var (network, card) = (Hash(descriptor.File), Hash(path));
            var attacked = Sources.FirstOrDefault(s => s.Name == descriptor.Name);
            if (attacked is not null) RequireSame(attacked, path, network, card);
            // A model of the run is judged as it was attacked, any other by its own threshold.
            var threshold = attacked is null ? descriptor.Threshold : _experiment.Threshold ?? descriptor.Threshold;
            var target = new TransferTarget(descriptor.Name, way.Name, false, threshold, string.Join(' ', [network, card, .. Weights()]));
            var fitted = descriptor.ThresholdSource ?? "which does not say what it was fitted on";
            return new PlannedTarget(
                target,
                new ModelJudge(model, threshold, way, source => _crops.Of(kind, size, source.Kind, path), _detector, Preprocessing),
                attacked is not null ? [] :
                [
                    new($"target {target.Name}: SHA-256", network),
                    new($"target {target.Name}: license", descriptor.License ?? "not stated"),
                    new($"target {target.Name}: threshold", FormattableString.Invariant(
                        $"{threshold} on the squared distance, from the model's descriptor, {fitted}")),
                ]);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private PlannedTarget OpenService(string name)
    {
        var way = _settings.Way with { Detect = true };
        var verifier = (_settings.OpenService ?? RemoteVerifiers.Open)(name, _settings.Remote);
        var target = new TransferTarget(verifier.Name, way.Name, true, verifier.Threshold, verifier.Identity);
        return new PlannedTarget(
            target,
            new ServiceJudge(new RemoteSession(verifier, _settings.Remote, _answers!), way),
            [
                new($"target {target.Name}: service", $"{verifier.Destination}; {verifier.Identity}".ReplaceLineEndings(" ")),
                new($"target {target.Name}: threshold", FormattableString.Invariant(
                    $"{target.Threshold} on its confidence, the service's own")),
            ]);
    }

    private void RequireSame(TransferSource source, string path, string network, string card)
    {
        var attacked = (
            _facts.GetValueOrDefault($"{source.Name}: SHA-256") ?? Hash(source.Descriptor.File),
            _facts.GetValueOrDefault($"{source.Name}: descriptor SHA-256") ?? Hash(source.Path));
        if (attacked == (network, card)) return;
        throw new InputException($"{path}: is not the model called '{source.Name}' that was attacked, or it changed since; put back what was "
            + "there, or give another model another name");
    }

    private void OpenDetector(AlignmentKind kind)
    {
        if (_detector is not null || kind == AlignmentKind.None) return;
        var source = new FaceSource(null, false, _settings.Detector ?? _experiment.Detector);
        try
        {
            _weights = source.WeightsFolder(kind, _assets);
        }
        catch (InputException e)
        {
            throw new InputException("no detector is here to look for faces again: give --detector FOLDER, or 'masq fetch mtcnn'", e);
        }
        _detector = MtcnnDetector.Load(_weights);
    }

    private IEnumerable<string> Weights() => _weights is null ? [] : MtcnnDetector.WeightFiles(_weights).Select(Hash);

    private static string Hash(string path) => FileHash.Of(path, CancellationToken.None);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var judge in _owned) judge.Dispose();
        _crops.Dispose();
        _detector?.Dispose();
    }
}
