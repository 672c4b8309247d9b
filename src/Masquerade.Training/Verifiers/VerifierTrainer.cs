using Masquerade.Attacks;
using Masquerade.Imaging;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.Verifiers;

/// <summary>Trains an embedder with a margin softmax loss, if asked against attacks on every batch; writes ONNX and a descriptor.</summary>
public sealed class VerifierTrainer : Trainer<VerifierTrainingSettings, ValidationScores>
{
    private VerifierTrainer(VerifierTrainingSettings settings, TrainingData data, string folder) : base(settings, data, folder)
    {
    }

    private VerifierTrainer(string folder) : base(folder)
    {
    }

    /// <summary>Prepares a training.</summary>
    /// <param name="settings">How.</param>
    /// <param name="data">On what.</param>
    /// <param name="folder">Where to write; must not hold a training yet.</param>
    /// <exception cref="InputException">Impossible settings, or a folder that cannot be used.</exception>
    public static VerifierTrainer Create(VerifierTrainingSettings settings, TrainingData data, string folder) =>
        new(settings, data, folder);

    /// <summary>Goes on with the training in a folder.</summary>
    /// <exception cref="InputException">There is none, or its checkpoint is damaged.</exception>
    public static VerifierTrainer Resume(string folder) => new(folder);

    private protected override Learner<VerifierTrainingSettings, ValidationScores> Prepare(TrainingFaces training, TrainingFaces kept) =>
        new VerifierLearner(Journal.Settings, training, kept);
}

/// <summary>An embedder that learns whom it sees.</summary>
internal sealed class VerifierLearner : Learner<VerifierTrainingSettings, ValidationScores>
{
    private const int ImprintBatch = 64;
    private const double MarginRamp = 0.2;
    private const double RadiusRamp = 0.3;

    private readonly VerifierTrainingSettings _settings;
    private readonly TrainingFaces _faces;
    private readonly VerifierNetwork _network;
    private readonly MarginSoftmax _softmax;
    private readonly TrainingBatches _batches;
    private readonly VerifierValidation _validation;

    public VerifierLearner(VerifierTrainingSettings settings, TrainingFaces training, TrainingFaces kept)
    {
        (_settings, _faces) = (settings, training);
        _network = new VerifierNetwork(settings.Seed);
        _softmax = new MarginSoftmax(settings.Loss, settings.Scale, training.Names.Count, VerifierNetwork.EmbeddingSize, settings.Seed);
        State = new TrainingState(
            _network, VerifierNetwork.Architecture, new NesterovDescent(settings.Momentum, settings.WeightDecay), _softmax);
        _batches = new TrainingBatches(training, VerifierNetwork.InputSize, CropAugmentation.Write, settings.Batch, settings.Seed);
        _validation = new VerifierValidation(kept, settings.Adversarial, settings.Seed);
    }

    public override TrainingState State { get; }

    public override int StepsPerEpoch => _batches.StepsPerEpoch;

    /// <summary>With another's weights, begins with directions that fit them: random ones would first undo what it has learned.</summary>
    public override void Begin(CancellationToken cancellation)
    {
        if (_settings.From is null) return;
        TrainingState.ReadNetwork(_settings.From, _network, VerifierNetwork.Architecture);
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        _network.eval();
        var sums = zeros(_faces.Names.Count, VerifierNetwork.EmbeddingSize);
        for (var start = 0; start < _faces.Count; start += ImprintBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            using var inner = NewDisposeScope();
            int[] chosen = [.. Enumerable.Range(start, Math.Min(ImprintBatch, _faces.Count - start))];
            var embeddings = _network.forward(ImageTensors.ToTensor([.. chosen.Select(_faces.Crop)]));
            sums.PlusRows_(tensor(chosen.Select(i => (long)_faces.Person(i)).ToArray()), embeddings);
        }
        _softmax.Imprint(sums);
    }

    public override Tensor Loss(double share)
    {
        var margin = _settings.Margin * Math.Min(1, share / MarginRamp);
        var (images, people) = _batches.At(State.Step);
        if (_settings.Adversarial is { } adversarial)
        {
            // The attack must not move the running statistics of batch norm.
            _network.eval();
            var radius = adversarial.Epsilon * Math.Min(1, (share + 0.01) / RadiusRamp);
            images = new AdversarialBatch(adversarial.Steps).Attack(
                images, radius, new CounterRandom((long)_settings.Seed, "training", ""), checked((int)State.Step),
                x => _softmax.Loss(_network.forward(x), people, margin).Times(people.shape[0]));
        }
        _network.train();
        return _softmax.Loss(_network.forward(images), people, margin);
    }

    public override ValidationScores Judge() => _validation.Judge(_network);

    public override string Write(TrainingFolder folder, TrainingJournal<VerifierTrainingSettings, ValidationScores> journal, TrainingFaces faces) =>
        TrainedModel.Write(folder, _network, journal, _faces.Names.Count, _faces.Count, faces.Source);
}
