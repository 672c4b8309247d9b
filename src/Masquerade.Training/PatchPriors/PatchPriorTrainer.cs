using Masquerade.Defenses.Restoration;
using Masquerade.Networks.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.PatchPriors;

/// <summary>
/// Learns what patches of people's crops look like, by expectation maximisation. The folder holds <c>checkpoint.safetensors</c>, from which
/// it goes on after an interruption to the same prior, and <c>training.json</c>; at the end the prior.
/// </summary>
public sealed class PatchPriorTrainer
{
    private const string JournalName = "journal"; // JSON, as bytes: one file, so that prior and journal always are of one step

    private readonly TrainingFolder _folder;

    private PatchPriorTrainer(TrainingFolder folder, PatchPriorJournal journal) => (_folder, Journal) = (folder, journal);

    /// <summary>What it was told and what it has done.</summary>
    public PatchPriorJournal Journal { get; private set; }

    /// <summary>Prepares a training.</summary>
    /// <param name="settings">How.</param>
    /// <param name="data">On what.</param>
    /// <param name="folder">Where to write; must not hold a training yet.</param>
    /// <exception cref="InputException">Impossible settings, or a folder that cannot be used.</exception>
    public static PatchPriorTrainer Create(PatchPriorSettings settings, TrainingData data, string folder)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Check();
        return new PatchPriorTrainer(
            TrainingFolder.Begin(folder), new PatchPriorJournal { Settings = settings, Data = data, Fingerprint = "" });
    }

    /// <summary>Goes on with the training in a folder.</summary>
    /// <exception cref="InputException">There is none, or its checkpoint is damaged.</exception>
    public static PatchPriorTrainer Resume(string folder)
    {
        var opened = TrainingFolder.Resume(folder);
        var path = opened.Checkpoint;
        return CheckpointReader.Read(path).TryGetValue(JournalName, out var journal) && journal.Type == ScalarType.Byte
            ? new PatchPriorTrainer(opened, PatchPriorJournal.Parse(journal.Data.Span, path))
            : throw new InputException(
                $"{path}: is no checkpoint of a patch prior's training (it has no {JournalName}); begin one with --out");
    }

    /// <summary>Trains to the end and writes the prior.</summary>
    /// <param name="faces">The crops that the journal's data names.</param>
    /// <param name="progress">Told before the first step, with nothing, and after every one.</param>
    /// <param name="cancellation">Ends it; all steps but the one under way are kept.</param>
    /// <returns>Path of the prior.</returns>
    /// <exception cref="InputException">Too few people, other crops than before, or a full disk.</exception>
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    public string Train(TrainingFaces faces, Action<PatchPriorIteration?>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(faces);
        var settings = Journal.Settings;
        var (training, kept) = faces.Split(settings.ValidationPeople);
        Journal = Journal with { Fingerprint = _folder.Fingerprint(faces, Journal.Fingerprint) };
        set_num_threads(settings.Threads);
        using var scope = NewDisposeScope();
        var patches = PatchSample.Draw(
            training.Crops, settings.PatchSize, settings.Patches, new CounterRandom((long)settings.Seed, "patches", "training"));
        using var validation = new PatchPriorValidation(kept, settings);
        var prior = _folder.Resumes ? ReadPrior() : PatchMixtureFit.First(patches, settings.Components, settings.Rank);
        try
        {
            _folder.Create();
            if (!_folder.Resumes) Save(prior);
            progress?.Invoke(null);
            while (Journal.Iterations.Count < settings.Iterations)
            {
                var (next, likelihood) = PatchMixtureFit.Step(prior, patches, cancellation);
                prior.Dispose();
                prior = next;
                var step = new PatchPriorIteration(Journal.Iterations.Count + 1, likelihood, validation.Likelihood(prior));
                Journal = Journal with { Iterations = [.. Journal.Iterations, step] };
                Save(prior);
                progress?.Invoke(step);
            }
            Journal = Journal with { Validation = validation.Judge(prior) };
            Save(prior);
            var path = _folder[$"{settings.Name}.safetensors"];
            prior.Write(path);
            return path;
        }
        finally
        {
            prior.Dispose();
        }
    }

    private PatchPrior ReadPrior()
    {
        var (settings, prior) = (Journal.Settings, PatchPrior.Read(_folder.Checkpoint));
        if ((prior.Components, prior.Side, prior.Rank) == (settings.Components, settings.PatchSize, settings.Rank)) return prior;
        prior.Dispose();
        throw new InputException($"{_folder.Checkpoint}: its prior is not of its own settings; begin the training anew");
    }

    private void Save(PatchPrior prior)
    {
        using var scope = NewDisposeScope();
        var journal = Journal.ToJson();
        SafetensorsWriter.Write(_folder.Checkpoint, new Dictionary<string, Tensor>(prior.Tensors()) { [JournalName] = tensor(journal) });
        _folder.WriteJournal(journal);
    }
}
