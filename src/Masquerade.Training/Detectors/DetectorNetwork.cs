using Masquerade.Imaging;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Operators;
using Masquerade.Training.Verifiers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Masquerade.Training.Detectors;

/// <summary>
/// The network of detectors that look at pixels or at what a purifier takes off them. Adversarial changes are of a level or two, so it is
/// built as networks are that find messages hidden in photographs (Ye, Ni and Yi, TIFS 2017): its first filters begin as those that tell how
/// badly a pixel follows from its neighbours (Fridrich and Kodovský, TIFS 2012), their outputs are cut off at a few levels before edges can
/// drown the rest, and the image is made smaller late.
/// </summary>
internal sealed class DetectorNetwork : nn.Module<Tensor, Tensor>
{
    /// <summary>Name of the architecture in checkpoints.</summary>
    public const string Architecture = "detector-18-24-32-48-64";

    private const long StemSize = 5;
    private const long Channels = 3;
    private const double Levels = 255;
    private const float MostLevels = 4;
    private static readonly long[] Widths = [24, 32, 48, 64];

    // What a pixel is less what one neighbour, two, eight or twenty-four say that it should be.
    private static readonly float[][,] Predictions =
    [
        new float[,] { { -1, 1 } },
        new float[,] { { -1 }, { 1 } },
        new float[,] { { 1 / 2f, -1, 1 / 2f } },
        new float[,] { { 1 / 2f }, { -1 }, { 1 / 2f } },
        new float[,] { { -1 / 4f, 1 / 2f, -1 / 4f }, { 1 / 2f, -1, 1 / 2f }, { -1 / 4f, 1 / 2f, -1 / 4f } },
        new float[,]
        {
            { -1 / 12f, 2 / 12f, -2 / 12f, 2 / 12f, -1 / 12f }, { 2 / 12f, -6 / 12f, 8 / 12f, -6 / 12f, 2 / 12f },
            { -2 / 12f, 8 / 12f, -12 / 12f, 8 / 12f, -2 / 12f }, { 2 / 12f, -6 / 12f, 8 / 12f, -6 / 12f, 2 / 12f },
            { -1 / 12f, 2 / 12f, -2 / 12f, 2 / 12f, -1 / 12f },
        },
    ];

    private static readonly long Stem = Channels * Predictions.Length;

    private readonly Conv2d _stem;
    private readonly ConvolutionUnit[] _units;
    private readonly Linear _score;

    /// <param name="seed">Of the first weights.</param>
    public DetectorNetwork(ulong seed) : base(nameof(DetectorNetwork))
    {
        register_module("stem", _stem = nn.Conv2d(Channels, Stem, StemSize, padding: StemSize / 2));
        _units = new ConvolutionUnit[Widths.Length];
        for (var i = 0; i < Widths.Length; i++)
            register_module($"unit{i}", _units[i] = new ConvolutionUnit(i == 0 ? Stem : Widths[i - 1], Widths[i], 3, 1, depthwise: false));
        register_module("score", _score = nn.Linear(Widths[^1], 1));
        FirstWeights.Draw(this, seed);
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        _stem.weight.copy_(tensor(FirstFilters(), [Stem, Channels, StemSize, StemSize]));
    }

    /// <summary>Every prediction in every channel by itself.</summary>
    private static float[] FirstFilters()
    {
        var values = new float[Stem, Channels, StemSize, StemSize];
        for (var i = 0; i < Predictions.Length; i++)
        {
            var filter = Predictions[i];
            // In the middle; of an even size, one further on.
            var (top, left) = ((StemSize - filter.GetLength(0) + 1) / 2, (StemSize - filter.GetLength(1) + 1) / 2);
            for (var channel = 0; channel < Channels; channel++)
                for (var y = 0; y < filter.GetLength(0); y++)
                    for (var x = 0; x < filter.GetLength(1); x++) values[i * Channels + channel, channel, top + y, left + x] = filter[y, x];
        }
        return [.. values.Cast<float>()];
    }

    /// <summary>Scores images.</summary>
    /// <param name="input">float32 [N,3,H,W]: pixels in [0,1], or differences of such.</param>
    /// <returns>[N,1]: the logarithm of the odds that they were attacked; owned by the caller's scope.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = _stem.forward(input.Times(Levels).ChannelsLast()).HardTanh_(-MostLevels, MostLevels);
        for (var i = 0; i < _units.Length; i++)
        {
            x = _units[i].Rectified(x);
            if (i < _units.Length - 1) x = nn.functional.avg_pool2d(x, [2, 2], [2, 2]);
        }
        return _score.forward(x.mean([2, 3])).MoveToOuterDisposeScope();
    }

    /// <summary>The network as an ONNX model with its batch norms folded in.</summary>
    /// <param name="size">Size of the images.</param>
    public OnnxModelBuilder ToOnnx(ImageSize size)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var model = new OnnxModelBuilder(17, -1, 3, size.Height, size.Width);
        model.Constant("levels", [1], (float)Levels).Node("Mul", ["x", "levels"], ["in-levels"])
            .Constant("stem.weight", _stem.weight.shape, ConvolutionUnit.Values(_stem.weight))
            .Constant("stem.bias", _stem.bias!.shape, ConvolutionUnit.Values(_stem.bias!))
            .Node("Conv", ["in-levels", "stem.weight", "stem.bias"], ["stem"], ("kernel_shape", new[] { StemSize, StemSize }),
                ("pads", new[] { StemSize / 2, StemSize / 2, StemSize / 2, StemSize / 2 }))
            .Constant("least", [], -MostLevels).Constant("most", [], MostLevels)
            .Node("Clip", ["stem", "least", "most"], ["cut"]);
        var at = "cut";
        for (var i = 0; i < _units.Length; i++)
        {
            model.Node("Relu", [_units[i].AddTo(model, $"unit{i}", at)], [at = $"relu{i}"]);
            if (i == _units.Length - 1) continue;
            model.Node("AveragePool", [at], [$"pool{i}"], ("kernel_shape", new[] { 2L, 2L }), ("strides", new[] { 2L, 2L }));
            at = $"pool{i}";
        }
        model.Node("GlobalAveragePool", [at], ["means"]).Node("Flatten", ["means"], ["flat"], ("axis", 1))
            .Constant("score.weight", _score.weight.shape, ConvolutionUnit.Values(_score.weight))
            .Constant("score.bias", _score.bias!.shape, ConvolutionUnit.Values(_score.bias!))
            .Node("Gemm", ["flat", "score.weight", "score.bias"], ["y"], ("transB", 1));
        return model;
    }
}
