using Masquerade.Imaging;
using Masquerade.Networks.Onnx;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Masquerade.Training.Verifiers;

/// <summary>
/// The embedder that is trained here: a residual network (He et al., CVPR 2016) of 3×3 convolutions with a global depthwise convolution at
/// its end (MobileFaceNet; Chen et al., CCBR 2018). 47 million multiply-adds and half a million weights.
/// </summary>
internal sealed class VerifierNetwork : nn.Module<Tensor, Tensor>
{
    /// <summary>Name of the architecture in checkpoints.</summary>
    public const string Architecture = "residual-16-24-64-128";

    /// <summary>Values in an embedding.</summary>
    public const int EmbeddingSize = 128;

    /// <summary>A pixel p of 0 to 255 enters the network as (p − 127.5) / 127.5.</summary>
    public const float Centre = 127.5f;

    private const long Stem = 16;
    private const long LastSide = 7;
    private static readonly long[] Widths = [24, 64, 128];

    private readonly ConvolutionUnit _stem;
    private readonly ConvolutionUnit[] _down;
    private readonly ConvolutionUnit[] _first;
    private readonly ConvolutionUnit[] _second;
    private readonly ConvolutionUnit _gather;
    private readonly Linear _linear;
    private readonly BatchNorm _norm;

    /// <param name="seed">Of the first weights.</param>
    public VerifierNetwork(ulong seed) : base(nameof(VerifierNetwork))
    {
        _stem = Unit("stem", 3, Stem, 3, 2);
        _down = new ConvolutionUnit[Widths.Length];
        _first = new ConvolutionUnit[Widths.Length];
        _second = new ConvolutionUnit[Widths.Length];
        for (var i = 0; i < Widths.Length; i++)
        {
            _down[i] = Unit($"down{i}", i == 0 ? Stem : Widths[i - 1], Widths[i], 3, 2);
            _first[i] = Unit($"first{i}", Widths[i], Widths[i], 3, 1);
            _second[i] = Unit($"second{i}", Widths[i], Widths[i], 3, 1);
        }
        _gather = Unit("gather", Widths[^1], Widths[^1], LastSide, 1, depthwise: true);
        register_module("linear", _linear = nn.Linear(Widths[^1], EmbeddingSize, hasBias: false));
        register_module("norm", _norm = new BatchNorm(EmbeddingSize));
        FirstWeights.Draw(this, seed);
    }

    /// <summary>Size of the crops that it takes.</summary>
    public static ImageSize InputSize => TrainingFaces.CropSize;

    /// <summary>Embeds images.</summary>
    /// <param name="input">float32 [N,3,112,112] in [0,1].</param>
    /// <returns>[N,128], rows of unit length, owned by the caller's scope.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        // Channels-last memory: half again as fast on a CPU.
        var x = input.Times(2).Minus(1).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        x = _stem.Rectified(x);
        for (var i = 0; i < Widths.Length; i++)
        {
            x = _down[i].Rectified(x);
            x = x.Plus(_second[i].forward(_first[i].Rectified(x))).relu();
        }
        x = _norm.forward(_linear.forward(_gather.forward(x).flatten(1)));
        return nn.functional.normalize(x, 2, 1).MoveToOuterDisposeScope();
    }

    /// <summary>The network as an ONNX model with its batch norms folded in; takes [N,3,112,112], normalised, gives [N,128].</summary>
    public OnnxModelBuilder ToOnnx()
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var model = new OnnxModelBuilder(17, -1, 3, InputSize.Height, InputSize.Width);
        var x = Rectified(_stem, "stem", "x");
        for (var i = 0; i < Widths.Length; i++)
        {
            var down = Rectified(_down[i], $"down{i}", x);
            var second = _second[i].AddTo(model, $"second{i}", Rectified(_first[i], $"first{i}", down));
            model.Node("Add", [down, second], [$"sum{i}"]).Node("Relu", [$"sum{i}"], [x = $"stage{i}"]);
        }
        var gathered = _gather.AddTo(model, "gather", x);
        var (scale, bias) = _norm.Folded();
        model.Node("Flatten", [gathered], ["flat"])
            .Constant("linear.weight", [EmbeddingSize, Widths[^1]], ConvolutionUnit.Values(_linear.weight * scale.view(-1, 1)))
            .Constant("linear.bias", [EmbeddingSize], ConvolutionUnit.Values(bias))
            .Node("Gemm", ["flat", "linear.weight", "linear.bias"], ["y"], ("transB", 1));
        return model;

        string Rectified(ConvolutionUnit unit, string name, string input)
        {
            model.Node("Relu", [unit.AddTo(model, name, input)], [$"{name}.relu"]);
            return $"{name}.relu";
        }
    }

    private ConvolutionUnit Unit(string name, long inputs, long outputs, long size, long stride, bool depthwise = false)
    {
        var unit = new ConvolutionUnit(inputs, outputs, size, stride, depthwise);
        register_module(name, unit);
        return unit;
    }
}

/// <summary>A convolution without bias, and the batch norm that follows it.</summary>
internal sealed class ConvolutionUnit : nn.Module<Tensor, Tensor>
{
    private readonly Conv2d _convolution;
    private readonly BatchNorm _norm;
    private readonly long _size;
    private readonly long _stride;
    private readonly long _padding;
    private readonly long _groups;

    public ConvolutionUnit(long inputs, long outputs, long size, long stride, bool depthwise) : base(nameof(ConvolutionUnit))
    {
        // The depthwise one takes in the whole picture.
        (_size, _stride, _padding, _groups) = (size, stride, depthwise ? 0 : size / 2, depthwise ? outputs : 1);
        _convolution = nn.Conv2d(inputs, outputs, size, stride: stride, padding: _padding, groups: _groups, bias: false);
        _norm = new BatchNorm(outputs);
        register_module("convolution", _convolution);
        register_module("norm", _norm);
    }

    public override Tensor forward(Tensor input)
    {
        using var convolved = _convolution.forward(input);
        return _norm.forward(convolved);
    }

    /// <summary>With a ReLU at its end.</summary>
    public Tensor Rectified(Tensor input)
    {
        using var normed = forward(input);
        return normed.relu();
    }

    /// <summary>Adds it to a model, batch norm folded in; returns the name of its output.</summary>
    public string AddTo(OnnxModelBuilder model, string name, string input)
    {
        var (scale, bias) = _norm.Folded();
        model.Constant($"{name}.weight", _convolution.weight.shape, Values(_convolution.weight * scale.view(-1, 1, 1, 1)))
            .Constant($"{name}.bias", bias.shape, Values(bias))
            .Node("Conv", [input, $"{name}.weight", $"{name}.bias"], [$"{name}.conv"], ("kernel_shape", new[] { _size, _size }),
                ("strides", new[] { _stride, _stride }), ("pads", new[] { _padding, _padding, _padding, _padding }), ("group", _groups));
        return $"{name}.conv";
    }

    public static float[] Values(Tensor tensor) => [.. tensor.to(ScalarType.Float32).contiguous().data<float>()];
}
