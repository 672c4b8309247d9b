using System.Diagnostics;
using Masquerade.Attacks;
using Masquerade.Faces;
using Masquerade.Networks.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training;

/// <summary>How far a training is.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Epoch">The epoch under way, from 1.</param>
/// <param name="Loss">The last step's loss; null before the first.</param>
/// <param name="Finished">The epoch that has just ended; null between.</param>
public sealed record TrainingProgress(long Step, long Steps, int Epoch, double? Loss, TrainingEpoch? Finished);

/// <summary>
/// Trains an embedder with a margin softmax loss on people's crops, if asked against attacks on every batch, and writes the network that
/// was best on people kept from training. The folder holds <c>checkpoint.safetensors</c>, from which it goes on after an interruption to
/// the same weights, and <c>training.json</c>; at the end the model and its descriptor.
/// </summary>
public sealed class VerifierTrainer
{
    private const string CheckpointName = "checkpoint.safetensors";
    private const int ImprintBatch = 64;
    private const double MarginRamp = 0.2;
    private const double RadiusRamp = 0.3;
    private static readonly TimeSpan BetweenCheckpoints = TimeSpan.FromMinutes(2);

    private readonly string _folder;
    private readonly bool _resumes;
    private TrainingJournal _journal;

    private VerifierTrainer(string folder, TrainingJournal journal, bool resumes) => (_folder, _journal, _resumes) = (folder, journal, resumes);

    /// <summary>What it was told and what it has done.</summary>
    public TrainingJournal Journal => _journal;

    /// <summary>Prepares a training.</summary>
    /// <param name="settings">How.</param>
    /// <param name="data">On what.</param>
    /// <param name="folder">Where to write; must not hold a training yet.</param>
    /// <exception cref="InputException">Impossible settings, or a folder that cannot be used.</exception>
    public static VerifierTrainer Create(TrainingSettings settings, TrainingData data, string folder)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Check();
        if (string.IsNullOrWhiteSpace(folder)) throw new InputException("no folder is named: an empty path");
        if (File.Exists(folder)) throw new InputException($"{folder}: is a file; name a folder to write");
        if (File.Exists(Path.Combine(folder, CheckpointName)))
            throw new InputException($"{folder}: holds a training already; go on with it by --resume, or name another folder");
        return new VerifierTrainer(folder, new TrainingJournal { Settings = settings, Data = data, Fingerprint = "" }, resumes: false);
    }

    /// <summary>Goes on with the training in a folder.</summary>
    /// <exception cref="InputException">There is none, or its checkpoint is damaged.</exception>
    public static VerifierTrainer Resume(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var path = Path.Combine(folder, CheckpointName);
        if (!File.Exists(path)) throw new InputException($"{folder}: holds no training ({CheckpointName} is not there); begin one with --out");
        return new VerifierTrainer(folder, TrainingState.ReadJournal(path), resumes: true);
    }

    /// <summary>Trains to the end and writes the model.</summary>
    /// <param name="faces">The crops that the journal's data names.</param>
    /// <param name="progress">Told before the first step and after every one.</param>
    /// <param name="cancellation">Writes a checkpoint and ends.</param>
    /// <returns>Path of the model's descriptor.</returns>
    /// <exception cref="InputException">Too few people, other crops than before, a diverging loss, or a full disk.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; the checkpoint is written.</exception>
    public string Train(TrainingFaces faces, Action<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(faces);
        var settings = _journal.Settings;
        var (training, kept) = faces.Split(settings.ValidationPeople);
        var fingerprint = faces.Fingerprint();
        if (_resumes && fingerprint != _journal.Fingerprint)
            throw new InputException($"{faces.Source}: is not what the training in {_folder} began with; put the photographs back or begin anew");
        _journal = _journal with { Fingerprint = fingerprint };
        set_num_threads(settings.Threads);
        using var state = new TrainingState(
            new VerifierNetwork(settings.Seed),
            new MarginSoftmax(settings.Loss, settings.Scale, training.Names.Count, VerifierNetwork.EmbeddingSize, settings.Seed));
        if (_resumes) state.Read(CheckpointPath);
        else if (settings.From is { } from)
        {
            TrainingState.ReadNetwork(from, state.Network);
            Imprint(state, training, cancellation);
        }
        if (!_resumes) CreateFolder();
        var batches = new TrainingBatches(training, settings.Batch, settings.Seed);
        var validation = new VerifierValidation(kept, settings.Adversarial, settings.Seed);
        var (perEpoch, steps) = (batches.StepsPerEpoch, (long)batches.StepsPerEpoch * settings.Epochs);
        var sinceCheckpoint = Stopwatch.StartNew();
        Save(state);
        progress?.Invoke(new TrainingProgress(state.Step, steps, (int)(state.Step / perEpoch) + 1, null, null));
        while (!_journal.IsOver)
        {
            if (cancellation.IsCancellationRequested)
            {
                Save(state);
                cancellation.ThrowIfCancellationRequested();
            }
            var loss = Learn(state, batches.At, state.Step / (double)steps);
            _journal = _journal with { LossSoFar = _journal.LossSoFar + loss };
            state.Step++;
            TrainingEpoch? finished = null;
            if (state.Step % perEpoch == 0) finished = EndEpoch(state, validation, perEpoch);
            if (finished is not null || sinceCheckpoint.Elapsed > BetweenCheckpoints)
            {
                Save(state);
                sinceCheckpoint.Restart();
            }
            progress?.Invoke(new TrainingProgress(state.Step, steps, (int)((state.Step - 1) / perEpoch) + 1, loss, finished));
        }
        state.RestoreBest();
        return TrainedModel.Write(_folder, state.Network, _journal, training.Names.Count, training.Count, faces.Source);
    }

    /// <summary>Begins with directions that fit the network: random ones would first undo what it has learned.</summary>
    private static void Imprint(TrainingState state, TrainingFaces faces, CancellationToken cancellation)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        state.Network.eval();
        var sums = zeros(faces.Names.Count, VerifierNetwork.EmbeddingSize);
        for (var start = 0; start < faces.Count; start += ImprintBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            int[] chosen = [.. Enumerable.Range(start, Math.Min(ImprintBatch, faces.Count - start))];
            var embeddings = state.Network.forward(ImageTensors.ToTensor([.. chosen.Select(faces.Crop)]));
            sums.PlusRows_(tensor(chosen.Select(i => (long)faces.Person(i)).ToArray()), embeddings);
        }
        state.Loss.Imprint(sums);
    }

    private string CheckpointPath => Path.Combine(_folder, CheckpointName);

    private double Learn(TrainingState state, Func<long, (Tensor Images, Tensor People)> batches, double share)
    {
        using var scope = NewDisposeScope();
        var settings = _journal.Settings;
        var margin = settings.Margin * Math.Min(1, share / MarginRamp);
        var (images, people) = batches(state.Step);
        if (settings.Adversarial is { } adversarial)
        {
            // The attack must not move the running statistics of batch norm.
            state.Network.eval();
            images = new AdversarialBatch(adversarial.Steps).Attack(
                images, adversarial.Epsilon * Math.Min(1, (share + 0.01) / RadiusRamp), new CounterRandom((long)settings.Seed, "training", ""),
                checked((int)state.Step), x => state.Loss.Loss(state.Network.forward(x), people, margin).Times(people.shape[0]));
        }
        state.Network.train();
        var loss = state.Loss.Loss(state.Network.forward(images), people, margin);
        var value = (double)loss.item<float>();
        if (!double.IsFinite(value))
            throw new InputException($"{_folder}: the loss is {value} at step {state.Step + 1}: the training diverged; begin anew with a lower --learning-rate");
        var gradients = autograd.grad([loss], [.. state.Parameters().Select(p => p.Value)]);
        state.Descend([.. gradients], settings.LearningRate * Rate(share, settings.WarmUp), settings);
        return value;
    }

    /// <summary>The learning rate's course: up in a line, down along a cosine (Loshchilov and Hutter, ICLR 2017).</summary>
    internal static double Rate(double share, double warmUp) => share < warmUp
        ? (share + 1e-3) / (warmUp + 1e-3)
        : (1 + Math.Cos(Math.PI * (share - warmUp) / (1 - warmUp))) / 2;

    private TrainingEpoch EndEpoch(TrainingState state, VerifierValidation validation, int perEpoch)
    {
        var scores = validation.Judge(state.Network);
        var best = _journal.BestEpoch is not { } before || scores.Score > before.Validation.Score;
        if (best) state.KeepBest();
        var epoch = new TrainingEpoch(_journal.Epochs.Count + 1, _journal.LossSoFar / perEpoch, scores, best);
        _journal = _journal with { Epochs = [.. _journal.Epochs, epoch], LossSoFar = 0 };
        return epoch;
    }

    private void Save(TrainingState state)
    {
        state.Write(CheckpointPath, _journal);
        OutputFile.Write(Path.Combine(_folder, "training.json"), _journal.ToJson());
    }

    private void CreateFolder()
    {
        try
        {
            Directory.CreateDirectory(_folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{_folder}: cannot be written ({InputFile.OneLine(e.Message)}); choose another place", e);
        }
    }
}
