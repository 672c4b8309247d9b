using Masquerade.Networks.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training;

/// <summary>
/// All that a training is at a step: weights, directions, velocities, the best network so far. Written to a file and read back it goes on
/// as if nothing had happened.
/// </summary>
internal sealed class TrainingState : IDisposable
{
    private const string NetworkPrefix = "network.";
    private const string LossPrefix = "loss.";
    private const string VelocityPrefix = "velocity.";
    private const string BestPrefix = "best.";
    private const string StepName = "step";
    private const string JournalName = "journal"; // JSON, as bytes: one file, so that weights and journal always are of one step

    private readonly Dictionary<string, Tensor> _best = [];
    private readonly Dictionary<string, Tensor> _velocities = [];

    public TrainingState(VerifierNetwork network, MarginSoftmax loss)
    {
        (Network, Loss) = (network, loss);
        using var inference = no_grad();
        foreach (var (name, parameter) in Parameters()) _velocities.Add(name, zeros_like(parameter));
    }

    public VerifierNetwork Network { get; }

    public MarginSoftmax Loss { get; }

    /// <summary>Steps done.</summary>
    public long Step { get; set; }

    /// <summary>Whether a best network is kept.</summary>
    public bool HasBest => _best.Count > 0;

    /// <summary>What is learned, by name.</summary>
    public IEnumerable<(string Name, Tensor Value)> Parameters() =>
        Network.named_parameters().Select(p => (NetworkPrefix + p.name, (Tensor)p.parameter))
            .Concat(Loss.named_parameters().Select(p => (LossPrefix + p.name, (Tensor)p.parameter)));

    /// <summary>One step of stochastic gradient descent with Nesterov's momentum.</summary>
    /// <param name="gradients">One for each of <see cref="Parameters"/>, in order.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="settings">Momentum and weight decay.</param>
    public void Descend(IReadOnlyList<Tensor> gradients, double rate, TrainingSettings settings)
    {
        using var inference = no_grad();
        var i = 0;
        foreach (var (name, parameter) in Parameters())
        {
            using var scope = NewDisposeScope();
            // Factors and shifts of batch norms are not decayed.
            var gradient = parameter.dim() > 1 ? gradients[i].Plus(parameter, times: settings.WeightDecay) : gradients[i];
            var velocity = _velocities[name];
            velocity.Times_(settings.Momentum).Plus_(gradient);
            parameter.sub_(gradient.Plus(velocity.Times(settings.Momentum)).Times(rate));
            i++;
        }
    }

    /// <summary>Keeps the network as it is now as the best.</summary>
    public void KeepBest()
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, value) in Network.state_dict())
        {
            if (_best.Remove(name, out var old)) old.Dispose();
            _best.Add(name, value.detach().clone().DetachFromDisposeScope());
        }
    }

    /// <summary>Puts the best network's weights back.</summary>
    public void RestoreBest()
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, value) in Network.state_dict()) value.copy_(_best[name]);
    }

    /// <summary>Writes everything, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="journal">What has been done up to this step.</param>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public void Write(string path, TrainingJournal journal)
    {
        using var scope = NewDisposeScope();
        var tensors = Everything().ToDictionary(t => t.Name, t => t.Value);
        tensors.Add(StepName, tensor(Step));
        tensors.Add(JournalName, tensor(journal.ToJson()));
        SafetensorsWriter.Write(path, tensors);
    }

    /// <summary>Reads the journal of what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InputException">It is not a training's checkpoint.</exception>
    public static TrainingJournal ReadJournal(string path) =>
        CheckpointReader.Read(path).TryGetValue(JournalName, out var journal) && journal.Type == ScalarType.Byte
            ? TrainingJournal.Parse(journal.Data.Span, path)
            : throw NotOurs(path, $"it has no {JournalName}");

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InputException">It is not a checkpoint of this training: other names or shapes, or weights that are not finite.</exception>
    public void Read(string path)
    {
        using var inference = no_grad();
        var file = CheckpointReader.Read(path);
        if (!file.TryGetValue(StepName, out var step) || step.Type != ScalarType.Int64 || step.Data.Length != sizeof(long))
            throw NotOurs(path, $"it has no {StepName}");
        if (file.Keys.Any(name => name.StartsWith(BestPrefix, StringComparison.Ordinal))) KeepBest();
        var expected = Everything().ToDictionary(t => t.Name, t => t.Value);
        if (file.Keys.FirstOrDefault(name => name is not (StepName or JournalName) && !expected.ContainsKey(name)) is { } extra) throw NotOurs(path, $"{extra} is not known");
        foreach (var (name, value) in expected) Take(path, file, name, value);
        Step = BitConverter.ToInt64(step.Data.Span);
    }

    /// <summary>Takes the network's weights out of another training's checkpoint: its best network, where it has one.</summary>
    /// <exception cref="InputException">It is a checkpoint of another architecture.</exception>
    public static void ReadNetwork(string path, VerifierNetwork network)
    {
        using var inference = no_grad();
        var file = CheckpointReader.Read(path);
        var prefix = file.Keys.Any(name => name.StartsWith(BestPrefix, StringComparison.Ordinal)) ? BestPrefix : NetworkPrefix;
        foreach (var (name, value) in network.state_dict()) Take(path, file, prefix + name, value);
    }

    public void Dispose()
    {
        foreach (var tensor in _best.Values.Concat(_velocities.Values)) tensor.Dispose();
        Network.Dispose();
        Loss.Dispose();
    }

    private IEnumerable<(string Name, Tensor Value)> Everything() =>
        Network.state_dict().Select(t => (NetworkPrefix + t.Key, t.Value))
            .Concat(Loss.state_dict().Select(t => (LossPrefix + t.Key, t.Value)))
            .Concat(_velocities.Select(t => (VelocityPrefix + t.Key, t.Value)))
            .Concat(_best.Select(t => (BestPrefix + t.Key, t.Value)));

    private static void Take(string path, IReadOnlyDictionary<string, CheckpointTensor> file, string name, Tensor into)
    {
        if (!file.TryGetValue(name, out var found)) throw NotOurs(path, $"{name} is missing");
        if (!found.Shape.SequenceEqual(into.shape) || found.Type != into.dtype)
            throw NotOurs(path, $"{name} is {found}, not {into.dtype} [{string.Join(", ", into.shape)}]");
        using var scope = NewDisposeScope();
        var value = found.ToTensor();
        if (!value.isfinite().all().item<bool>()) throw new InputException($"{path}: {name} holds NaN or infinite values; take an earlier checkpoint");
        into.copy_(value);
    }

    private static InputException NotOurs(string path, string why) => new(
        $"{path}: is no checkpoint of this training ({why}); the architecture is {VerifierNetwork.Architecture}: give a checkpoint of the same, or none");
}
