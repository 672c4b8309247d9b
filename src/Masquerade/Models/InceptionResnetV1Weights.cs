using Masquerade.Networks.Checkpoints;
using static TorchSharp.torch;

namespace Masquerade.Models;

/// <summary>A convolution with what followed it folded in: weights in the channels-last layout, one bias an output.</summary>
internal sealed record FoldedConvolution(Tensor Weight, Tensor Bias, long[] Strides, long[] Padding)
{
    /// <summary>The convolution alone; a new tensor that the caller may change.</summary>
    public Tensor Linear(Tensor x) => nn.functional.conv2d(x, Weight, Bias, Strides, Padding);

    /// <summary>The convolution and a ReLU.</summary>
    public Tensor Rectified(Tensor x) => Linear(x).relu_();
}

/// <summary>A linear map of the input's channels, x ↦ Scale·x + Shift, one value a channel.</summary>
internal sealed record ChannelMap(double[] Scale, double[] Shift);

/// <summary>
/// Takes weights out of a checkpoint by name and folds batch norms into the layers before them, in double precision. What is wrong with the
/// file is collected and said once, by <see cref="Finish"/>.
/// </summary>
internal sealed class InceptionResnetV1Weights
{
    private const double BatchNormEpsilon = 1e-3; // facenet-pytorch's, not PyTorch's default
    private const string Nested = "state_dict.";
    private const string Ignored = "logits.";

    private readonly string _path;
    private readonly Dictionary<string, CheckpointTensor> _file;
    private readonly IReadOnlyDictionary<string, string>? _graphNames;
    private readonly List<string> _problems = [];
    private readonly List<Tensor> _made = [];

    public InceptionResnetV1Weights(string path)
    {
        _path = path;
        var all = CheckpointReader.Read(path);
        if (InceptionResnetV1Graph.Is(all))
        {
            (_file, _graphNames) = InceptionResnetV1Graph.Rename(all);
            return;
        }
        var nested = all.Where(item => item.Key.StartsWith(Nested, StringComparison.Ordinal)).ToList();
        _file = nested.Count == 0 ? new(all) : nested.ToDictionary(item => item.Key[Nested.Length..], item => item.Value);
    }

    /// <summary>A convolution without bias and the batch norm that follows it.</summary>
    /// <param name="name">Its name; the parts are <c>conv</c> and <c>bn</c>.</param>
    /// <param name="shape">[outputs, inputs, height, width] of the kernel.</param>
    /// <param name="stride">In both directions.</param>
    /// <param name="padding">Above and below, left and right.</param>
    /// <param name="input">What happens to the input before; only without padding.</param>
    public FoldedConvolution Convolution(string name, long[] shape, long stride, long[] padding, ChannelMap? input = null)
    {
        using var scope = NewDisposeScope();
        var (scale, bias) = BatchNorm($"{name}.bn", shape[0]);
        var weight = Take($"{name}.conv.weight", shape) * scale.view(-1, 1, 1, 1);
        if (input is not null)
        {
            bias = bias.Plus((weight * tensor(input.Shift).view(1, -1, 1, 1)).sum([1, 2, 3]));
            weight *= tensor(input.Scale).view(1, -1, 1, 1);
        }
        return new FoldedConvolution(KeepChannelsLast(weight), Keep(bias), [stride, stride], padding);
    }

    /// <summary>A 1×1 convolution with bias, its output multiplied by <paramref name="scale"/>.</summary>
    public FoldedConvolution Projection(string name, long inputs, long outputs, double scale)
    {
        using var scope = NewDisposeScope();
        var weight = Take($"{name}.weight", outputs, inputs, 1, 1).Times(scale);
        return new FoldedConvolution(KeepChannelsLast(weight), Keep(Take($"{name}.bias", outputs).Times(scale)), [1, 1], [0, 0]);
    }

    /// <summary>A matrix without bias and the batch norm that follows it.</summary>
    public (Tensor Weight, Tensor Bias) Linear(string name, string batchNorm, long inputs, long outputs)
    {
        using var scope = NewDisposeScope();
        var (scale, bias) = BatchNorm(batchNorm, outputs);
        return (Keep(Take($"{name}.weight", outputs, inputs) * scale.view(-1, 1)), Keep(bias));
    }

    /// <summary>All tensors made, which the caller now owns.</summary>
    /// <exception cref="InputException">Weights are missing, left over, of another shape or type, or not finite.</exception>
    public IReadOnlyList<Tensor> Finish()
    {
        _problems.AddRange(_file.Keys.Where(name => !name.StartsWith(Ignored, StringComparison.Ordinal))
            .Select(name => $"{CheckpointSource.Quote(name)} is not part of the network"));
        if (_problems.Count == 0) return _made;
        foreach (var tensor in _made) tensor.Dispose();
        var more = _problems.Count > 3 ? $"; and {_problems.Count - 3} more" : "";
        var names = _graphNames is null ? "facenet-pytorch names them" : "FaceNet's frozen graphs have them";
        throw new InputException($"{_path}: not the weights of an Inception-ResNet-v1 as {names}: "
            + $"{string.Join("; ", _problems.Take(3))}{more}");
    }

    private (Tensor Scale, Tensor Shift) BatchNorm(string name, long channels)
    {
        var scale = Take($"{name}.weight", channels) / Take($"{name}.running_var", channels, positive: true).Plus(BatchNormEpsilon).sqrt();
        _file.Remove($"{name}.num_batches_tracked");
        return (scale, Take($"{name}.bias", channels) - Take($"{name}.running_mean", channels) * scale);
    }

    private Tensor Take(string name, params long[] shape) => Take(name, shape, positive: false);

    private Tensor Take(string name, long channels, bool positive) => Take(name, [channels], positive);

    private Tensor Take(string name, long[] shape, bool positive)
    {
        var shown = _graphNames?.GetValueOrDefault(name) ?? name;
        if (!_file.Remove(name, out var found)) return Wrong($"'{shown}' is missing", shape);
        if (!found.Shape.SequenceEqual(shape) || !found.IsFloatingPoint)
            return Wrong($"'{shown}' is {found} instead of floats [{string.Join(", ", shape)}]", shape);
        var value = found.ToTensor().to(float64);
        if (!value.isfinite().all().item<bool>()) return Wrong($"'{shown}' has values that are not finite numbers", shape);
        if (positive && value.IsNegative().any().item<bool>()) return Wrong($"'{shown}', a variance, has negative values", shape);
        return value;
    }

    private Tensor Wrong(string problem, long[] shape)
    {
        _problems.Add(problem);
        return zeros(shape, float64);
    }

    private Tensor KeepChannelsLast(Tensor weight) => Keep(weight.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2));

    private Tensor Keep(Tensor value)
    {
        var kept = value.to(float32).DetachFromDisposeScope();
        _made.Add(kept);
        return kept;
    }
}
