using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Masquerade.Tests.Models;

/// <summary>
/// The network written a second time, plainly: pixels normalised, every batch norm applied by itself, default memory layout. Weights that
/// it meets for the first time are drawn, so that running it once makes a complete set.
/// </summary>
internal sealed class UnfoldedInceptionResnetV1(int seed) : IDisposable
{
    private readonly Generator _random = new((ulong)seed, CPU);

    /// <summary>float32 values that float16 holds exactly.</summary>
    public SortedDictionary<string, Tensor> Weights { get; } = new(StringComparer.Ordinal);

    public Tensor Embed(Tensor images, float[] mean, float[] std)
    {
        var x = (images.Times(255) - tensor(mean).view(1, 3, 1, 1)) / tensor(std).view(1, 3, 1, 1);
        x = Conv(x, "conv2d_1a", 32, 3, 3, stride: 2);
        x = Conv(x, "conv2d_2a", 32, 3, 3);
        x = Conv(x, "conv2d_2b", 64, 3, 3, padY: 1, padX: 1);
        x = F.max_pool2d(x, 3, 2);
        x = Conv(x, "conv2d_3b", 80, 1, 1);
        x = Conv(x, "conv2d_4a", 192, 3, 3);
        x = Conv(x, "conv2d_4b", 256, 3, 3, stride: 2);
        for (var i = 0; i < 5; i++)
        {
            var n = $"repeat_1.{i}";
            var b1 = Conv(Conv(x, $"{n}.branch1.0", 32, 1, 1), $"{n}.branch1.1", 32, 3, 3, padY: 1, padX: 1);
            var b2 = Conv(Conv(x, $"{n}.branch2.0", 32, 1, 1), $"{n}.branch2.1", 32, 3, 3, padY: 1, padX: 1);
            b2 = Conv(b2, $"{n}.branch2.2", 32, 3, 3, padY: 1, padX: 1);
            x = F.relu(Up(cat([Conv(x, $"{n}.branch0", 32, 1, 1), b1, b2], 1), n, 256).Times(0.17).Plus(x));
        }
        var a1 = Conv(Conv(x, "mixed_6a.branch1.0", 192, 1, 1), "mixed_6a.branch1.1", 192, 3, 3, padY: 1, padX: 1);
        a1 = Conv(a1, "mixed_6a.branch1.2", 256, 3, 3, stride: 2);
        x = cat([Conv(x, "mixed_6a.branch0", 384, 3, 3, stride: 2), a1, F.max_pool2d(x, 3, 2)], 1);
        for (var i = 0; i < 10; i++)
        {
            var n = $"repeat_2.{i}";
            var b1 = Conv(Conv(x, $"{n}.branch1.0", 128, 1, 1), $"{n}.branch1.1", 128, 1, 7, padX: 3);
            b1 = Conv(b1, $"{n}.branch1.2", 128, 7, 1, padY: 3);
            x = F.relu(Up(cat([Conv(x, $"{n}.branch0", 128, 1, 1), b1], 1), n, 896).Times(0.10).Plus(x));
        }
        var c0 = Conv(Conv(x, "mixed_7a.branch0.0", 256, 1, 1), "mixed_7a.branch0.1", 384, 3, 3, stride: 2);
        var c1 = Conv(Conv(x, "mixed_7a.branch1.0", 256, 1, 1), "mixed_7a.branch1.1", 256, 3, 3, stride: 2);
        var c2 = Conv(Conv(x, "mixed_7a.branch2.0", 256, 1, 1), "mixed_7a.branch2.1", 256, 3, 3, padY: 1, padX: 1);
        c2 = Conv(c2, "mixed_7a.branch2.2", 256, 3, 3, stride: 2);
        x = cat([c0, c1, c2, F.max_pool2d(x, 3, 2)], 1);
        for (var i = 0; i < 5; i++) x = F.relu(Block8(x, $"repeat_3.{i}").Times(0.20).Plus(x));
        x = Block8(x, "block8").Plus(x);
        x = F.adaptive_avg_pool2d(x, 1).flatten(1);
        x = BatchNorm(F.linear(x, Weight("last_linear.weight", [512, 1792], 1792)), "last_bn", 512);
        return x / x.norm(1, keepdim: true);
    }

    public void Dispose()
    {
        foreach (var weight in Weights.Values) weight.Dispose();
        _random.Dispose();
    }

    private Tensor Block8(Tensor x, string name)
    {
        var branch = Conv(Conv(x, $"{name}.branch1.0", 192, 1, 1), $"{name}.branch1.1", 192, 1, 3, padX: 1);
        branch = Conv(branch, $"{name}.branch1.2", 192, 3, 1, padY: 1);
        return Up(cat([Conv(x, $"{name}.branch0", 192, 1, 1), branch], 1), name, 1792);
    }

    private Tensor Conv(Tensor x, string name, long outputs, long height, long width, long stride = 1, long padY = 0, long padX = 0)
    {
        var weight = Weight($"{name}.conv.weight", [outputs, x.shape[1], height, width], x.shape[1] * height * width);
        return F.relu(BatchNorm(F.conv2d(x, weight, null, [stride, stride], [padY, padX]), $"{name}.bn", outputs));
    }

    private Tensor Up(Tensor x, string name, long outputs)
    {
        var weight = Weight($"{name}.conv2d.weight", [outputs, x.shape[1], 1, 1], x.shape[1]);
        return F.conv2d(x, weight, Weight($"{name}.conv2d.bias", [outputs], 100));
    }

    private Tensor BatchNorm(Tensor x, string name, long channels)
    {
        var variance = Weight($"{name}.running_var", [channels], 100, 1);
        var mean = Weight($"{name}.running_mean", [channels], 100);
        var scale = Weight($"{name}.weight", [channels], 100, 1);
        return F.batch_norm(x, mean, variance, scale, Weight($"{name}.bias", [channels], 100), eps: 1e-3);
    }

    // Variance 2 / fan keeps the signal's size through ReLUs; a fan of 100 is just a small spread.
    private Tensor Weight(string name, long[] shape, long fan, double centre = 0)
    {
        if (Weights.TryGetValue(name, out var known)) return known;
        var drawn = randn(shape, generator: _random).Times(Math.Sqrt(2.0 / fan)).Plus(centre);
        // No variance may be negative.
        return Weights[name] = (centre > 0 ? drawn.AtLeast(0.1) : drawn).to(float16).to(float32).DetachFromDisposeScope();
    }
}
