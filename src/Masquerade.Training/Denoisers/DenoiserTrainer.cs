using Masquerade.Training.Verifiers;
using static TorchSharp.torch;

namespace Masquerade.Training.Denoisers;

/// <summary>Trains a residual denoiser on Gaussian noise or on adversarial images of a model; writes ONNX.</summary>
public sealed class DenoiserTrainer : Trainer<DenoiserTrainingSettings, DenoiserScores>
{
    private DenoiserTrainer(DenoiserTrainingSettings settings, TrainingData data, string folder) : base(settings, data, folder)
    {
    }

    private DenoiserTrainer(string folder) : base(folder)
    {
    }

    /// <summary>Prepares a training.</summary>
    /// <param name="settings">How.</param>
    /// <param name="data">On what; one photograph a person is enough.</param>
    /// <param name="folder">Where to write; must not hold a training yet.</param>
    /// <exception cref="InputException">Impossible settings, or a folder that cannot be used.</exception>
    public static DenoiserTrainer Create(DenoiserTrainingSettings settings, TrainingData data, string folder) =>
        new(settings, data, folder);

    /// <summary>Goes on with the training in a folder.</summary>
    /// <exception cref="InputException">There is none, or its checkpoint is damaged.</exception>
    public static DenoiserTrainer Resume(string folder) => new(folder);

    private protected override Learner<DenoiserTrainingSettings, DenoiserScores> Prepare(TrainingFaces training, TrainingFaces kept) =>
        new DenoiserLearner(Journal.Settings, training, kept);
}

/// <summary>A denoiser that learns to undo a disturbance.</summary>
internal sealed class DenoiserLearner : Learner<DenoiserTrainingSettings, DenoiserScores>
{
    private enum Purpose : ulong { Strength = 3 }

    private readonly DenoiserTrainingSettings _settings;
    private readonly TrainingFaces _faces;
    private readonly DenoiserNetwork _network;
    private readonly Disturbance _disturbance;
    private readonly TrainingBatches _batches;
    private readonly DenoiserValidation _validation;
    private readonly CounterRandom _random;

    public DenoiserLearner(DenoiserTrainingSettings settings, TrainingFaces training, TrainingFaces kept)
    {
        (_settings, _faces) = (settings, training);
        _disturbance = settings.Noise is { } noise ? new GaussianDisturbance(noise, settings.Window)
            : new AdversarialDisturbance(settings.Adversarial!, settings.Threads);
        _network = new DenoiserNetwork(settings.Seed);
        State = new TrainingState(_network, DenoiserNetwork.Architecture, new Adam());
        var size = _disturbance.Size;
        _batches = new TrainingBatches(training, size, CropAugmentation.Windows(size), settings.Batch, settings.Seed);
        _validation = new DenoiserValidation(kept, _disturbance, settings.Seed);
        _random = new CounterRandom((long)settings.Seed, "training", "");
    }

    public override TrainingState State { get; }

    public override int StepsPerEpoch => _batches.StepsPerEpoch;

    public override Tensor Loss(double share)
    {
        using var scope = NewDisposeScope();
        var (clean, _) = _batches.At(State.Step);
        var random = SplitMix.For(_settings.Seed, (ulong)State.Step, (ulong)Purpose.Strength);
        var strengths = new float[clean.shape[0]];
        for (var i = 0; i < strengths.Length; i++) strengths[i] = random.Between(0, 1);
        var disturbed = _disturbance.Apply(clean, strengths, _random, checked((int)State.Step));
        _network.train();
        // In squared levels of 255.
        return (_network.forward(disturbed) - clean).Times(NoiseLevels.White).Squared().mean().MoveToOuterDisposeScope();
    }

    public override DenoiserScores Judge() => _validation.Judge(_network);

    public override string Write(TrainingFolder folder, TrainingJournal<DenoiserTrainingSettings, DenoiserScores> journal, TrainingFaces faces) =>
        TrainedDenoiser.Write(folder, _network, journal, _faces.Names.Count, _faces.Count, faces.Source);

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _disturbance.Dispose();
    }
}
