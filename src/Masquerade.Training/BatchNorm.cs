using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Masquerade.Training;

/// <summary>
/// Batch normalisation (Ioffe and Szegedy, ICML 2015) with PyTorch's names and defaults. TorchSharp's own counts batches with a scalar that
/// may be collected too early; see <see cref="TensorArithmetic"/>.
/// </summary>
internal sealed class BatchNorm : nn.Module<Tensor, Tensor>
{
    private const double Epsilon = 1e-5;
    private const double Momentum = 0.1;

    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly Tensor _mean;
    private readonly Tensor _variance;
    private readonly Tensor _batches;

    /// <param name="channels">Size of the second axis of what it is given.</param>
    public BatchNorm(long channels) : base(nameof(BatchNorm))
    {
        register_parameter("weight", _weight = new Parameter(ones(channels)));
        register_parameter("bias", _bias = new Parameter(zeros(channels)));
        register_buffer("running_mean", _mean = zeros(channels));
        register_buffer("running_var", _variance = ones(channels));
        register_buffer("num_batches_tracked", _batches = zeros([], ScalarType.Int64));
    }

    public override Tensor forward(Tensor input)
    {
        if (training) _batches.Plus_(1);
        return nn.functional.batch_norm(input, _mean, _variance, _weight, _bias, training, Momentum, Epsilon);
    }

    /// <summary>What it does to its input outside of training, as a factor and a summand a channel, in double.</summary>
    public (Tensor Scale, Tensor Bias) Folded()
    {
        var scale = _weight.to(ScalarType.Float64) / _variance.to(ScalarType.Float64).Plus(Epsilon).sqrt();
        return (scale, _bias.to(ScalarType.Float64) - _mean.to(ScalarType.Float64) * scale);
    }
}
