using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training;

/// <summary>
/// Trains a network on people's crops and writes the one that was best on people kept from training. The folder holds
/// <c>checkpoint.safetensors</c>, from which it goes on after an interruption to the same weights, and <c>training.json</c>; at the end
/// the network.
/// </summary>
/// <typeparam name="TSettings">How it is trained.</typeparam>
/// <typeparam name="TScores">What the network is judged by.</typeparam>
public abstract class Trainer<TSettings, TScores>
    where TSettings : TrainingSettings
    where TScores : class, ITrainingScores
{
    private static readonly TimeSpan BetweenCheckpoints = TimeSpan.FromMinutes(2);

    private readonly TrainingFolder _folder;

    /// <summary>Prepares a training.</summary>
    private protected Trainer(TSettings settings, TrainingData data, string folder)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Check();
        (_folder, Journal) = (TrainingFolder.Begin(folder), new TrainingJournal<TSettings, TScores> { Settings = settings, Data = data, Fingerprint = "" });
    }

    /// <summary>Goes on with the training in a folder.</summary>
    private protected Trainer(string folder)
    {
        _folder = TrainingFolder.Resume(folder);
        Journal = TrainingJournal<TSettings, TScores>.Parse(TrainingState.ReadJournal(_folder.Checkpoint).Span, _folder.Checkpoint);
    }

    /// <summary>What it was told and what it has done.</summary>
    public TrainingJournal<TSettings, TScores> Journal { get; private set; }

    /// <summary>Trains to the end and writes the network.</summary>
    /// <param name="faces">The crops that the journal's data names.</param>
    /// <param name="progress">Told before the first step and after every one.</param>
    /// <param name="cancellation">Writes a checkpoint and ends.</param>
    /// <returns>Path of what was written.</returns>
    /// <exception cref="InputException">Too few people, other crops than before, a diverging loss, or a full disk.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; the checkpoint is written.</exception>
    public string Train(TrainingFaces faces, Action<TrainingProgress<TScores>>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(faces);
        var settings = Journal.Settings;
        var (training, kept) = faces.Split(settings.ValidationPeople);
        Journal = Journal with { Fingerprint = _folder.Fingerprint(faces, Journal.Fingerprint) };
        set_num_threads(settings.Threads);
        using var learner = Prepare(training, kept);
        var state = learner.State;
        if (_folder.Resumes) state.Read(_folder.Checkpoint);
        else learner.Begin(cancellation);
        _folder.Create();
        var (perEpoch, steps) = (learner.StepsPerEpoch, (long)learner.StepsPerEpoch * settings.Epochs);
        var sinceCheckpoint = Stopwatch.StartNew();
        Save(state);
        progress?.Invoke(new TrainingProgress<TScores>(state.Step, steps, (int)(state.Step / perEpoch) + 1, null, null));
        while (!Journal.IsOver)
        {
            if (cancellation.IsCancellationRequested)
            {
                Save(state);
                cancellation.ThrowIfCancellationRequested();
            }
            var loss = Learn(learner, state.Step / (double)steps);
            Journal = Journal with { LossSoFar = Journal.LossSoFar + loss };
            state.Step++;
            var finished = state.Step % perEpoch == 0 ? EndEpoch(learner) : null;
            if (finished is not null || sinceCheckpoint.Elapsed > BetweenCheckpoints)
            {
                Save(state);
                sinceCheckpoint.Restart();
            }
            progress?.Invoke(new TrainingProgress<TScores>(state.Step, steps, (int)((state.Step - 1) / perEpoch) + 1, loss, finished));
        }
        state.RestoreBest();
        return learner.Write(_folder, Journal, faces);
    }

    /// <summary>What learns, at its beginning.</summary>
    /// <param name="training">What it learns from.</param>
    /// <param name="kept">What it is judged on.</param>
    private protected abstract Learner<TSettings, TScores> Prepare(TrainingFaces training, TrainingFaces kept);

    private double Learn(Learner<TSettings, TScores> learner, double share)
    {
        using var scope = NewDisposeScope();
        var loss = learner.State.Descend(learner.Loss(share), Journal.Settings.RateAt(share));
        return double.IsFinite(loss) ? loss : throw new InputException(
            $"{_folder}: the loss is {loss} at step {learner.State.Step + 1}: the training diverged; begin anew with a lower "
            + "--learning-rate");
    }

    private TrainingEpoch<TScores> EndEpoch(Learner<TSettings, TScores> learner)
    {
        var scores = learner.Judge();
        var best = Journal.BestEpoch is not { } before || scores.Score > before.Validation.Score;
        if (best) learner.State.KeepBest();
        var epoch = new TrainingEpoch<TScores>(Journal.Epochs.Count + 1, Journal.LossSoFar / learner.StepsPerEpoch, scores, best);
        Journal = Journal with { Epochs = [.. Journal.Epochs, epoch], LossSoFar = 0 };
        return epoch;
    }

    private void Save(TrainingState state)
    {
        var journal = Journal.ToJson();
        state.Write(_folder.Checkpoint, journal);
        _folder.WriteJournal(journal);
    }
}

/// <summary>What learns in a training: a network and its data.</summary>
internal abstract class Learner<TSettings, TScores> : IDisposable
    where TSettings : TrainingSettings
    where TScores : class, ITrainingScores
{
    /// <summary>Weights and all that changes with them.</summary>
    public abstract TrainingState State { get; }

    /// <summary>Steps in an epoch.</summary>
    public abstract int StepsPerEpoch { get; }

    /// <summary>What is done before the first step of a training that begins.</summary>
    public virtual void Begin(CancellationToken cancellation)
    {
    }

    /// <summary>The loss of the step that <see cref="State"/> is at.</summary>
    /// <param name="share">Share of the steps that are done.</param>
    /// <returns>A scalar, owned by the caller's scope.</returns>
    public abstract Tensor Loss(double share);

    /// <summary>How good the network is on what it does not learn from.</summary>
    public abstract TScores Judge();

    /// <summary>Writes the network.</summary>
    /// <param name="folder">The training's.</param>
    /// <param name="journal">What has been done.</param>
    /// <param name="faces">All crops, those kept from training too.</param>
    /// <returns>Path of the file to name.</returns>
    public abstract string Write(TrainingFolder folder, TrainingJournal<TSettings, TScores> journal, TrainingFaces faces);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    protected virtual void Dispose(bool disposing) => State.Dispose();
}
