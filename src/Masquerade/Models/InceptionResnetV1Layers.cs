using Masquerade.Networks;
using static TorchSharp.torch;

namespace Masquerade.Models;

/// <summary>The architecture of Inception-ResNet-v1: a chain of stages, with facenet-pytorch's names, sizes and residual scales.</summary>
internal sealed class InceptionResnetV1Layers
{
    /// <summary>Values in an embedding.</summary>
    public const int EmbeddingSize = 512;

    private const long Features = 1792;

    private readonly Func<Tensor, Tensor>[] _stages;
    private readonly Tensor _weight;
    private readonly Tensor _bias;

    /// <param name="weights">Where the layers take their weights from.</param>
    /// <param name="scales">For red, green and blue.</param>
    public InceptionResnetV1Layers(InceptionResnetV1Weights weights, IReadOnlyList<ChannelScale> scales)
    {
        var pixels = new ChannelMap([.. scales.Select(s => 255.0 / s.Std)], [.. scales.Select(s => -(double)s.Mean / s.Std)]);
        _stages =
        [
            weights.Convolution("conv2d_1a", [32, 3, 3, 3], 2, [0, 0], pixels).Rectified,
            weights.Convolution("conv2d_2a", [32, 32, 3, 3], 1, [0, 0]).Rectified,
            weights.Convolution("conv2d_2b", [64, 32, 3, 3], 1, [1, 1]).Rectified,
            MaxPool,
            weights.Convolution("conv2d_3b", [80, 64, 1, 1], 1, [0, 0]).Rectified,
            weights.Convolution("conv2d_4a", [192, 80, 3, 3], 1, [0, 0]).Rectified,
            weights.Convolution("conv2d_4b", [256, 192, 3, 3], 2, [0, 0]).Rectified,
            .. Enumerable.Range(0, 5).Select(i => Residual(weights, $"repeat_1.{i}", 256, 0.17,
                [new(32, 1)], [new(32, 1), new(32, 3)], [new(32, 1), new(32, 3), new(32, 3)])),
            Reduction(weights, "mixed_6a", 256, [new(384, 3, 3, 2)], [new(192, 1), new(192, 3), new(256, 3, 3, 2)]),
            .. Enumerable.Range(0, 10).Select(i => Residual(weights, $"repeat_2.{i}", 896, 0.10,
                [new(128, 1)], [new(128, 1), new(128, 1, 7), new(128, 7, 1)])),
            Reduction(weights, "mixed_7a", 896,
                [new(256, 1), new(384, 3, 3, 2)], [new(256, 1), new(256, 3, 3, 2)], [new(256, 1), new(256, 3), new(256, 3, 3, 2)]),
            .. Enumerable.Range(0, 5).Select(i => Residual(weights, $"repeat_3.{i}", Features, 0.20,
                [new(192, 1)], [new(192, 1), new(192, 1, 3), new(192, 3, 1)])),
            // The last block is not scaled, and no ReLU follows it.
            Residual(weights, "block8", Features, 1.0, relu: false, [new(192, 1)], [new(192, 1), new(192, 1, 3), new(192, 3, 1)]),
        ];
        (_weight, _bias) = weights.Linear("last_linear", "last_bn", Features, EmbeddingSize);
    }

    /// <summary>A convolution of a branch. With stride 1 it keeps the image's size, with more it has no padding.</summary>
    private readonly record struct Kernel(long Outputs, long Height, long Width, long Stride = 1)
    {
        public Kernel(long outputs, long size) : this(outputs, size, size) { }

        public long[] Padding => Stride == 1 ? [Height / 2, Width / 2] : [0, 0];
    }

    /// <summary>Runs the network; differentiable where gradients are on.</summary>
    /// <param name="images">float32 [N,3,H,W] in [0,1].</param>
    /// <returns>[N,512], rows of unit length, owned by the caller's scope.</returns>
    public Tensor Run(Tensor images)
    {
        using var scope = NewDisposeScope();
        // Channels-last memory makes convolutions on a CPU about a fifth faster; what follows keeps the layout.
        var x = images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        foreach (var stage in _stages)
        {
            using var inner = NewDisposeScope();
            var next = stage(x).MoveToOuterDisposeScope();
            x.Dispose();
            x = next;
        }
        var embeddings = nn.functional.linear(x.mean([2, 3]), _weight, _bias);
        return nn.functional.normalize(embeddings, 2, 1).MoveToOuterDisposeScope();
    }

    private static Func<Tensor, Tensor> Residual(
        InceptionResnetV1Weights weights, string name, long channels, double scale, params Kernel[][] branches)
        => Residual(weights, name, channels, scale, relu: true, branches);

    private static Func<Tensor, Tensor> Residual(
        InceptionResnetV1Weights weights, string name, long channels, double scale, bool relu, params Kernel[][] branches)
    {
        var loaded = Branches(weights, name, channels, branches);
        var up = weights.Projection($"{name}.conv2d", branches.Sum(branch => branch[^1].Outputs), channels, scale);
        return x =>
        {
            var sum = up.Linear(cat([.. loaded.Select(branch => Follow(branch, x))], 1)).Plus_(x);
            return relu ? sum.relu_() : sum;
        };
    }

    private static Func<Tensor, Tensor> Reduction(InceptionResnetV1Weights weights, string name, long channels, params Kernel[][] branches)
    {
        var loaded = Branches(weights, name, channels, branches);
        return x => cat([.. loaded.Select(branch => Follow(branch, x)), MaxPool(x)], 1);
    }

    private static FoldedConvolution[][] Branches(InceptionResnetV1Weights weights, string name, long channels, Kernel[][] branches)
        => [.. branches.Select((branch, b) => Chain(weights, $"{name}.branch{b}", channels, branch))];

    // A branch of one convolution has the branch's name, longer ones are numbered.
    private static FoldedConvolution[] Chain(InceptionResnetV1Weights weights, string name, long channels, Kernel[] kernels)
        =>
        [
            .. kernels.Select((kernel, i) => weights.Convolution(
                kernels.Length == 1 ? name : $"{name}.{i}",
                [kernel.Outputs, i == 0 ? channels : kernels[i - 1].Outputs, kernel.Height, kernel.Width],
                kernel.Stride,
                kernel.Padding)),
        ];

    private static Tensor Follow(FoldedConvolution[] branch, Tensor x) => branch.Aggregate(x, (input, layer) => layer.Rectified(input));

    private static Tensor MaxPool(Tensor x) => nn.functional.max_pool2d(x, 3, 2);
}
