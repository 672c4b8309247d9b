using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Tests.Networks;

/// <summary>Two face networks in use, on both engines.</summary>
public sealed class RealNetworkTests
{
    public static TheoryData<string, int, int, int> Networks => new()
    {
        { "mobilefacenet.onnx", 1, 112, 112 },
        { "mobilefacenet-prelu.onnx", 1, 112, 96 },
        { "mobilefacenet-prelu.onnx", 3, 112, 96 },
    };

    [Theory, MemberData(nameof(Networks))]
    public void Embeds_as_onnx_runtime_does(string file, int batch, int height, int width)
    {
        var model = Load(file);
        long[] shape = [batch, 3, height, width];
        var input = Engines.Random(new Random(5), shape, -1, 1);
        Engines.Agree(model, input, shape, 2e-5f, file);
    }

    [Theory, InlineData("mobilefacenet.onnx", 112), InlineData("mobilefacenet-prelu.onnx", 96)]
    public void Gradient_is_that_of_finite_differences(string file, int width)
    {
        long[] shape = [1, 3, 112, width];
        // Some activation always flips between two points; the smaller the step, the rarer.
        Engines.GradientHolds(Load(file), Engines.Random(new Random(6), shape, -1, 1), shape, new Random(7), file, 1e-3, step: 1e-8);
    }

    [Theory, MemberData(nameof(Networks))]
    public void Gradient_in_single_precision_is_that_in_double(string file, int batch, int height, int width)
    {
        using var scope = NewDisposeScope();
        long[] shape = [batch, 3, height, width];
        var input = tensor(Engines.Random(new Random(8), shape, -1, 1)).reshape(shape);
        Tensor Gradient(ScalarType type)
        {
            using var network = OnnxTorchNetwork.Import(Load(file), file, floats: type);
            var x = input.to_type(type).detach().requires_grad_();
            return autograd.grad([network.Forward(x).sum()], [x])[0].to_type(ScalarType.Float64).flatten(1);
        }
        var (single, exact) = (Gradient(ScalarType.Float32), Gradient(ScalarType.Float64));
        nn.functional.cosine_similarity(single, exact, dim: 1).min().item<double>().ShouldBeGreaterThan(0.9999);
        (single.norm(1) / exact.norm(1)).Minus(1).abs().max().item<double>().ShouldBeLessThan(1e-3);
    }

    private static ModelProto Load(string file) => ModelProto.Parser.ParseFrom(File.ReadAllBytes(Shared.Path("models", file)));
}
