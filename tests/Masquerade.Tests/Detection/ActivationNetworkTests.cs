using Google.Protobuf;
using Masquerade.Detection;
using Masquerade.Models;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using static TorchSharp.torch;

namespace Masquerade.Tests.Detection;

public sealed class ActivationNetworkTests : IDisposable
{
    private static readonly ModelDescriptor Mini = ModelDescriptor.Read(NamedModels.Default.Find("mini"));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Activations_are_those_of_the_network_by_name()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var names = ActivationNetwork.Rectified(Mini);
        names.Count.ShouldBeGreaterThan(5);
        string[] layers = [names[2], names[^1]];
        using var network = ActivationNetwork.Open(Mini, layers, 1, gradients: true);
        network.IsDifferentiable.ShouldBeTrue();
        var images = Pictures.Faces(3);
        var activations = network.Of(images);
        activations.shape.ShouldBe([3L, network.Widths.Sum()]);
        var at = 0;
        foreach (var (layer, width) in layers.Zip(network.Widths))
        {
            // The network as it is, with this output, on pixels that are normalised here.
            var model = OnnxModelFile.Read(Mini.File);
            model.Graph.Output.Add(OnnxModelBuilder.Value(layer, TensorProto.Types.DataType.Float, null));
            using var imported = OnnxTorchNetwork.Import(model, "mini", layer);
            var values = imported.Forward(images.Times(255).Minus(127.5).Over(127.5));
            values.shape[1].ShouldBe(width);
            Pictures.Difference(activations.narrow(1, at, width), values.mean([2, 3])).ShouldBeLessThan(1e-4);
            at += width;
        }
        Pictures.Difference(network.ForGradient(images), activations).ShouldBeLessThan(1e-3);
    }

    [Fact]
    public void Vectors_are_taken_as_they_are_and_maps_are_pooled()
    {
        using var scope = NewDisposeScope();
        var descriptor = Write(Builder());
        using var network = ActivationNetwork.Open(descriptor, ["flat", "relu", "long"], 1, gradients: true);
        network.Widths.ShouldBe([4, 4, 4]);
        var images = Pictures.Even(2, 8, 8, 6);
        var values = Pictures.Values(network.Of(images).reshape(2, 3, 4, 1));
        var flat = Pictures.Values(network.ForGradient(images).reshape(2, 3, 4, 1));
        for (var i = 0; i < 8; i++)
        {
            var (n, c) = (i / 4, i % 4);
            // The mean over the map is what the pooled vector has, whether the map has two axes or one.
            values[n, 1, c, 0].ShouldBe(values[n, 0, c, 0], 1e-5);
            values[n, 2, c, 0].ShouldBe(values[n, 0, c, 0], 1e-5);
            flat[n, 0, c, 0].ShouldBe(values[n, 0, c, 0], 1e-4);
        }
        values[0, 0, 0, 0].ShouldNotBe(values[1, 0, 0, 0]);
    }

    [Fact]
    public void An_image_alone_has_the_activations_that_it_has_in_a_batch()
    {
        using var scope = NewDisposeScope();
        using var network = ActivationNetwork.Open(Mini, [ActivationNetwork.Rectified(Mini)[^1]], 1, gradients: false);
        var images = Pictures.Faces(3);
        var together = network.Of(images);
        for (var i = 0; i < 3; i++)
            Pictures.Difference(network.Of(images.narrow(0, i, 1)), together.narrow(0, i, 1)).ShouldBeLessThan(1e-5);
        Should.Throw<InvalidOperationException>(() => network.ForGradient(images));
    }

    [Fact]
    public void Bad_names_are_one_line()
    {
        var descriptor = Write(Builder());
        Refused("no activation 'relo'; did you mean relu?", ["relo"]);
        Refused("no activation", ["w1"]);
        Refused("'scalar' has no values for each image", ["scalar"]);
        var bare = Write(new OnnxModelBuilder(17, -1, 3, 8, 8).Node("GlobalAveragePool", ["x"], ["mean"]).Node("Flatten", ["mean"]),
            "bare");
        Should.Throw<InputException>(() => ActivationNetwork.Rectified(bare)).Message.ShouldContain("name its layers with --layers");

        void Refused(string message, string[] layers)
        {
            var error = Should.Throw<InputException>(() => ActivationNetwork.Open(descriptor, layers, 1, gradients: true).Dispose());
            error.Message.ShouldContain(message);
            error.Message.ShouldContain("net.onnx");
            error.Message.ShouldNotContain("\n");
        }
    }

    private static OnnxModelBuilder Builder() => new OnnxModelBuilder(17, -1, 3, 8, 8)
        .Constant("w1", [4, 3, 3, 3], [.. Enumerable.Range(0, 108).Select(i => MathF.Sin(1.7f * i * i))])
        .Node("Conv", ["x", "w1"], ["conv"], ("kernel_shape", new long[] { 3, 3 }))
        .Node("Relu", ["conv"], ["relu"])
        .Integers("line", 0, 4, -1).Node("Reshape", ["relu", "line"], ["long"])
        .Node("ReduceMean", ["relu"], ["scalar"], ("keepdims", 0))
        .Node("GlobalAveragePool", ["relu"], ["mean"]).Node("Flatten", ["mean"], ["flat"]).Node("Identity", ["flat"]);

    private ModelDescriptor Write(OnnxModelBuilder builder, string name = "net")
    {
        _folder.Write($"{name}.onnx", builder.Build(shape: [-1, 4]).ToByteArray());
        return ModelDescriptor.Read(_folder.Write($"{name}.model.json", $$"""
            {
              "name": "{{name}}", "file": "{{name}}.onnx", "format": "onnx", "alignment": "none",
              "input": { "width": 8, "height": 8, "mean": 127.5, "std": 128 }, "threshold": 0.5, "embeddingSize": 4, "thresholdSource": "made up"
            }
            """));
    }
}
