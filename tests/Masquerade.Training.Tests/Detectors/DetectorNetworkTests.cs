using Masquerade.Imaging;
using Masquerade.Training.Detectors;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Training.Tests.Detectors;

public sealed class DetectorNetworkTests
{
    [Theory]
    [InlineData(112, 112)]
    [InlineData(37, 50)] // sides that no pooling divides
    public void As_onnx_it_computes_the_same(int height, int width)
    {
        using var scope = NewDisposeScope();
        using var network = new DetectorNetwork(5);
        var images = Pictures.Even(3, height, width, 2);
        // Some training, so that the batch norms are not what they begin as.
        network.train();
        for (var i = 0; i < 3; i++) network.forward(Pictures.Even(4, height, width, 10 + i)).Dispose();
        network.eval();
        using var inference = no_grad();
        var expected = network.forward(images);
        expected.shape.ShouldBe([3L, 1]);
        var model = network.ToOnnx(new ImageSize(width, height)).Build();
        var input = images.data<float>().ToArray();
        Engines.Same(Engines.OnnxRuntime(model, input, images.shape), (expected.data<float>().ToArray(), expected.shape), 1e-4f,
            "the network");
        Engines.Agree(model, input, images.shape);
    }

    [Fact]
    public void Its_first_filters_see_changes_only()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        using var network = new DetectorNetwork(1);
        network.eval();
        // Within the border a flat image is nothing, whatever its colour: only the border's width tells them apart.
        var image = Pictures.Faces(1);
        var (dark, light) = (network.forward(image.Times(0.5)), network.forward(image.Times(0.5).Plus(0.5)));
        var weight = network.state_dict()["stem.weight"];
        weight.mean([2, 3]).abs().max().item<float>().ShouldBeLessThan(1e-6f);
        dark.isfinite().all().item<bool>().ShouldBeTrue();
        light.isfinite().all().item<bool>().ShouldBeTrue();
    }

    [Fact]
    public void Another_seed_has_other_weights_and_the_same_seed_the_same()
    {
        using var scope = NewDisposeScope();
        using var one = new DetectorNetwork(1);
        using var same = new DetectorNetwork(1);
        using var other = new DetectorNetwork(2);
        Weights(same).ShouldBe(Weights(one));
        Weights(other).ShouldNotBe(Weights(one));

        static float[] Weights(DetectorNetwork network) => network.state_dict()["unit0.convolution.weight"].data<float>().ToArray();
    }
}
