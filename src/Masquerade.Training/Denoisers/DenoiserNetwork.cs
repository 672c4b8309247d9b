using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Operators;
using Masquerade.Training.Verifiers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Masquerade.Training.Denoisers;

/// <summary>
/// The denoiser that is trained here: it tells the noise of an image, and takes it off (DnCNN; Zhang et al., TIP 2017). It works at half
/// the size, on blocks of two by two pixels (FFDNet; Zhang et al., TIP 2018): a convolution of 6×6 with stride 2 is theirs of 3×3 on such
/// blocks. Between are residual blocks without batch norm (EDSR; Lim et al., CVPRW 2017) instead of a plain chain, through which noise has
/// to learn to come unchanged: after 250 steps they gain 11 dB, the chain 2. Images of any size; beyond their border there is zero.
/// </summary>
internal sealed class DenoiserNetwork : nn.Module<Tensor, Tensor>
{
    /// <summary>Name of the architecture in checkpoints.</summary>
    public const string Architecture = "denoiser-48x4";

    private const long Width = 48;
    private const int Blocks = 4;
    private const int Pixels = 2; // side of a block of pixels
    private const long FirstSize = 6;
    private const long Size = 3;

    // At first each block leaves nearly as it is what it is given, and the network the image; what the first layer sees is not how light
    // the image is, but where it changes.
    private const double FirstScale = 3;
    private const double BlockScale = 0.1;
    private const double LastScale = 0.01;

    private readonly Conv2d _first;
    private readonly Conv2d[] _inner = new Conv2d[Blocks];
    private readonly Conv2d[] _outer = new Conv2d[Blocks];
    private readonly Conv2d _last;

    /// <param name="seed">Of the first weights.</param>
    public DenoiserNetwork(ulong seed) : base(nameof(DenoiserNetwork))
    {
        register_module("first", _first = nn.Conv2d(3, Width, FirstSize, stride: Pixels, padding: FirstSize / 2 - 1));
        for (var i = 0; i < Blocks; i++)
        {
            register_module($"inner{i}", _inner[i] = nn.Conv2d(Width, Width, Size, padding: Size / 2));
            register_module($"outer{i}", _outer[i] = nn.Conv2d(Width, Width, Size, padding: Size / 2));
        }
        register_module("last", _last = nn.Conv2d(Width, 3 * Pixels * Pixels, Size, padding: Size / 2));
        FirstWeights.Draw(this, seed);
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        _first.weight.sub_(_first.weight.mean([2, 3], true)).Times_(FirstScale);
        foreach (var outer in _outer) outer.weight.Times_(BlockScale);
        _last.weight.Times_(LastScale);
    }

    /// <summary>Takes the noise off images.</summary>
    /// <param name="input">float32 [N,3,H,W] in [0,1].</param>
    /// <returns>[N,3,H,W], not clipped, owned by the caller's scope.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var (height, width) = (input.shape[2], input.shape[3]);
        // One more row and column: a block that the border cuts is filled up. Channels-last memory is half again as fast on a CPU.
        var x = _first.forward(nn.functional.pad(input, [0, 1, 0, 1]).ChannelsLast());
        for (var i = 0; i < Blocks; i++) x = x.Plus(_outer[i].forward(_inner[i].forward(x).relu()));
        var noise = nn.functional.pixel_shuffle(_last.forward(x), Pixels);
        return (input - noise.narrow(2, 0, height).narrow(3, 0, width)).MoveToOuterDisposeScope();
    }

    /// <summary>The network as an ONNX model: [N,3,H,W] to [N,3,H,W], all sizes free.</summary>
    public OnnxModelBuilder ToOnnx()
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var model = new OnnxModelBuilder(17, -1, 3, -1, -1);
        var at = Convolution("first", "x", _first, FirstSize, Pixels, FirstSize / 2 - 1, FirstSize / 2);
        for (var i = 0; i < Blocks; i++)
        {
            model.Node("Relu", [Convolution($"inner{i}", at, _inner[i])], [$"relu{i}"])
                .Node("Add", [at, Convolution($"outer{i}", $"relu{i}", _outer[i])], [$"block{i}"]);
            at = $"block{i}";
        }
        model.Node("DepthToSpace", [Convolution("last", at, _last)], ["pixels"], ("blocksize", Pixels), ("mode", "CRD"))
            .Node("Shape", ["x"], ["shape"])
            .Integers("two", 2).Integers("four", 4).Integers("zero", 0)
            .Node("Slice", ["shape", "two", "four", "zero"], ["size"])
            .Integers("corner", 0, 0).Integers("sides", 2, 3)
            .Node("Slice", ["pixels", "corner", "size", "sides"], ["noise"])
            .Node("Sub", ["x", "noise"]);
        return model;

        string Convolution(
            string name, string input, Conv2d convolution, long size = Size, long stride = 1, long before = Size / 2, long after = Size / 2)
        {
            model.Constant($"{name}.weight", convolution.weight.shape, ConvolutionUnit.Values(convolution.weight))
                .Constant($"{name}.bias", convolution.bias!.shape, ConvolutionUnit.Values(convolution.bias!))
                .Node("Conv", [input, $"{name}.weight", $"{name}.bias"], [name], ("kernel_shape", new[] { size, size }),
                    ("strides", new[] { stride, stride }), ("pads", new[] { before, before, after, after }));
            return name;
        }
    }
}
