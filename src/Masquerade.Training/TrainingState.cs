using Masquerade.Networks.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training;

/// <summary>
/// All that a training is at a step: weights, what the optimiser remembers, the best network so far. Written to a file and read back it
/// goes on as if nothing had happened.
/// </summary>
internal sealed class TrainingState : IDisposable
{
    private const string NetworkPrefix = "network.";
    private const string LossPrefix = "loss.";
    private const string BestPrefix = "best.";
    private const string StepName = "step";
    private const string JournalName = "journal"; // JSON, as bytes: one file, so that weights and journal always are of one step

    private readonly nn.Module _network;
    private readonly nn.Module? _loss;
    private readonly Optimizer _optimizer;
    private readonly string _architecture;
    private readonly Dictionary<string, Tensor> _best = [];

    /// <param name="network">What is trained; it is disposed of with this.</param>
    /// <param name="architecture">Its name, for messages.</param>
    /// <param name="optimizer">How; it is disposed of with this.</param>
    /// <param name="loss">What learns beside the network and is not part of it; it is disposed of with this.</param>
    public TrainingState(nn.Module network, string architecture, Optimizer optimizer, nn.Module? loss = null)
    {
        (_network, _architecture, _optimizer, _loss) = (network, architecture, optimizer, loss);
        _optimizer.Begin(Parameters());
    }

    /// <summary>Steps done.</summary>
    public long Step { get; set; }

    /// <summary>One step of the optimiser; none where the loss is not finite.</summary>
    /// <param name="loss">A scalar.</param>
    /// <param name="rate">The learning rate.</param>
    /// <returns>The loss.</returns>
    public double Descend(Tensor loss, double rate)
    {
        var value = (double)loss.item<float>();
        if (!double.IsFinite(value)) return value;
        var parameters = Parameters().ToList();
        var gradients = autograd.grad([loss], [.. parameters.Select(p => p.Value)]);
        using var inference = no_grad();
        _optimizer.Descend(parameters, [.. gradients], rate, Step);
        return value;
    }

    private IEnumerable<(string Name, Tensor Value)> Parameters() => Named(_network.named_parameters(), NetworkPrefix)
        .Concat(_loss is null ? [] : Named(_loss.named_parameters(), LossPrefix));

    private static IEnumerable<(string Name, Tensor Value)> Named(
        IEnumerable<(string name, TorchSharp.Modules.Parameter parameter)> parameters, string prefix) => parameters.Select(p => (prefix + p.name, (Tensor)p.parameter));

    /// <summary>Keeps the network as it is now as the best.</summary>
    public void KeepBest()
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, value) in _network.state_dict())
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
        foreach (var (name, value) in _network.state_dict()) value.copy_(_best[name]);
    }

    /// <summary>Writes everything, whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="journal">What has been done up to this step, as JSON.</param>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public void Write(string path, byte[] journal)
    {
        using var scope = NewDisposeScope();
        var tensors = Everything().ToDictionary(t => t.Name, t => t.Value);
        tensors.Add(StepName, tensor(Step));
        tensors.Add(JournalName, tensor(journal));
        SafetensorsWriter.Write(path, tensors);
    }

    /// <summary>Reads the journal of what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InputException">It is not a training's checkpoint.</exception>
    public static ReadOnlyMemory<byte> ReadJournal(string path) =>
        CheckpointReader.Read(path).TryGetValue(JournalName, out var journal) && journal.Type == ScalarType.Byte ? journal.Data
            : throw new InputException($"{path}: is no checkpoint of a training (it has no {JournalName}); name the folder of one");

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InputException">It is not a checkpoint of this training: other names or shapes, or weights that are not finite.</exception>
    public void Read(string path)
    {
        using var inference = no_grad();
        var file = CheckpointReader.Read(path);
        if (!file.TryGetValue(StepName, out var step) || step.Type != ScalarType.Int64 || step.Data.Length != sizeof(long))
            throw NotOurs(path, $"it has no {StepName}", _architecture);
        if (file.Keys.Any(name => name.StartsWith(BestPrefix, StringComparison.Ordinal))) KeepBest();
        var expected = Everything().ToDictionary(t => t.Name, t => t.Value);
        if (file.Keys.FirstOrDefault(name => name is not (StepName or JournalName) && !expected.ContainsKey(name)) is { } extra)
            throw NotOurs(path, $"{extra} is not known", _architecture);
        foreach (var (name, value) in expected) Take(path, file, name, value, _architecture);
        Step = BitConverter.ToInt64(step.Data.Span);
    }

    /// <summary>Takes a network's weights out of another training's checkpoint: its best network, where it has one.</summary>
    /// <exception cref="InputException">It is a checkpoint of another architecture.</exception>
    /// <param name="path">The checkpoint.</param>
    /// <param name="network">Into what.</param>
    /// <param name="architecture">Its name, for messages.</param>
    public static void ReadNetwork(string path, nn.Module network, string architecture)
    {
        using var inference = no_grad();
        var file = CheckpointReader.Read(path);
        var prefix = file.Keys.Any(name => name.StartsWith(BestPrefix, StringComparison.Ordinal)) ? BestPrefix : NetworkPrefix;
        foreach (var (name, value) in network.state_dict()) Take(path, file, prefix + name, value, architecture);
    }

    public void Dispose()
    {
        foreach (var tensor in _best.Values) tensor.Dispose();
        _optimizer.Dispose();
        _network.Dispose();
        _loss?.Dispose();
    }

    private IEnumerable<(string Name, Tensor Value)> Everything() =>
        _network.state_dict().Select(t => (NetworkPrefix + t.Key, t.Value))
            .Concat(_loss?.state_dict().Select(t => (LossPrefix + t.Key, t.Value)) ?? [])
            .Concat(_optimizer.Memory)
            .Concat(_best.Select(t => (BestPrefix + t.Key, t.Value)));

    private static void Take(string path, IReadOnlyDictionary<string, CheckpointTensor> file, string name, Tensor into, string architecture)
    {
        if (!file.TryGetValue(name, out var found)) throw NotOurs(path, $"{name} is missing", architecture);
        if (!found.Shape.SequenceEqual(into.shape) || found.Type != into.dtype)
            throw NotOurs(path, $"{name} is {found}, not {into.dtype} [{string.Join(", ", into.shape)}]", architecture);
        using var scope = NewDisposeScope();
        var value = found.ToTensor();
        if (!value.isfinite().all().item<bool>()) throw new InputException($"{path}: {name} holds NaN or infinite values; take an earlier checkpoint");
        into.copy_(value);
    }

    private static InputException NotOurs(string path, string why, string architecture) => new(
        $"{path}: is no checkpoint of this training ({why}); the architecture is {architecture}: give a checkpoint of the same, or none");
}
