using Google.Protobuf;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Networks;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using Masquerade.Networks.Onnx.Preparation;
using static TorchSharp.torch;

namespace Masquerade.Tests.Networks.Onnx.Preparation;

/// <summary>The prepared network computes what the descriptor says, on both engines.</summary>
public class OnnxPreparationTests
{
    private static readonly ImageSize Size = new(6, 5);
    private const int Count = 3;

    public static TheoryData<string> Cases => ["plain", "bgr", "per-channel", "nhwc", "standardise", "flip", "opset-18-standardise"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Pixels_are_normalised_as_told(string name)
    {
        var normalisation = new PixelNormalisation([127.5f], [128f]) with
        {
            Bgr = name == "bgr",
            ChannelsLast = name == "nhwc",
            StandardisePerImage = name.EndsWith("standardise", StringComparison.Ordinal),
            FlipAverage = name == "flip",
        };
        if (name is "per-channel" or "bgr") normalisation = normalisation with { Mean = [100, 110, 120], Std = [50, 60, 70] };
        using var scope = NewDisposeScope();
        var images = ProbeImages.Create(Size, Count);
        var x = tensor(images, [Count, 3, Size.Height, Size.Width]).to(ScalarType.Float64);

        // The network is the identity followed by a fixed weighting, so that its output shows its input.
        var weights = Counting(Size.Values * 4).sin().reshape(Size.Values, 4);
        var expected = Expected(x, normalisation, weights);
        var prepared = OnnxPreparation.Prepare(
            Network(normalisation.ChannelsLast, name.StartsWith("opset-18", StringComparison.Ordinal) ? 18 : 13, weights),
            normalisation, Size, "test");

        using var forward = OnnxRuntimeNetwork.Create(prepared, Size, 1, "test");
        forward.RunsInBatches.ShouldBeTrue();
        var output = new float[Count * forward.OutputSize];
        forward.Run(images, Count, output);
        Difference(tensor(output, [Count, 4]), expected).ShouldBeLessThan(1e-4);

        using var gradient = OnnxTorchNetwork.Import(prepared, "test");
        Difference(gradient.Forward(tensor(images, [Count, 3, Size.Height, Size.Width])), expected).ShouldBeLessThan(1e-4);
    }

    /// <summary>
    /// Every pixel is 51 of 255 levels in red, 102 in green and 204 in blue; what becomes of them was computed by hand.
    /// </summary>
    [Theory]
    [InlineData(new float[] { 1, 2, 4 }, new float[] { 10 }, false, new float[] { 5, 10, 20 })]
    [InlineData(new float[] { 1, 2, 4 }, new float[] { 1 }, false, new float[] { 50, 100, 200 })]
    [InlineData(new float[] { 2 }, new float[] { 7, 10, 101 }, false, new float[] { 7, 10, 2 })]
    [InlineData(new float[] { 2 }, new float[] { 1 }, false, new float[] { 49, 100, 202 })]
    [InlineData(new float[] { 1, 2, 4 }, new float[] { 5, 10, 20 }, false, new float[] { 10, 10, 10 })]
    // In the network's order: the first mean is blue's.
    [InlineData(new float[] { 4, 2, 1 }, new float[] { 10 }, true, new float[] { 20, 10, 5 })]
    [InlineData(new float[] { 4 }, new float[] { 20, 7, 1 }, true, new float[] { 10, 14, 47 })]
    public void Means_and_deviations_of_one_value_hold_for_every_channel(float[] mean, float[] std, bool bgr, float[] expected)
    {
        using var scope = NewDisposeScope();
        float[] levels = [51, 102, 204];
        float[] image = [.. levels.SelectMany(level => Enumerable.Repeat(level / 255, Size.Width * Size.Height))];
        foreach (var channelsLast in new[] { false, true })
        {
            // The mean over the places of each channel shows what the network is given.
            var weights = new float[Size.Values, 3];
            var places = Size.Width * Size.Height;
            for (var i = 0; i < Size.Values; i++) weights[i, channelsLast ? i % 3 : i / places] = 1f / places;
            var prepared = OnnxPreparation.Prepare(
                Network(channelsLast, 13, tensor(weights).to(ScalarType.Float64)),
                new PixelNormalisation(mean, std, bgr, channelsLast), Size, "test", outputName: "y");
            using var forward = OnnxRuntimeNetwork.Create(prepared, Size, 1, "test");
            var output = new float[forward.OutputSize];
            forward.Run(image, 1, output);
            using var gradient = OnnxTorchNetwork.Import(prepared, "test");
            var imported = gradient.Forward(tensor(image, [1, 3, Size.Height, Size.Width])).data<float>().ToArray();
            for (var channel = 0; channel < 3; channel++)
            {
                output[channel].ShouldBe(expected[channel], 1e-3f);
                imported[channel].ShouldBe(expected[channel], 1e-3f);
            }
        }
    }

    [Theory]
    [InlineData(2, 3, "'input.mean'")]
    [InlineData(3, 2, "'input.std'")]
    [InlineData(0, 1, "'input.mean'")]
    public void Another_number_of_values_is_refused(int means, int deviations, string field) =>
        Should.Throw<InputException>(() => OnnxPreparation.Prepare(
                Network(false, 13, ones(Size.Values, 4, ScalarType.Float64)),
                new PixelNormalisation([.. Enumerable.Repeat(1f, means)], [.. Enumerable.Repeat(1f, deviations)]), Size, "some.onnx"))
            .Message.ShouldStartWith($"some.onnx: the field {field} must be a number, or three");

    [Fact]
    public void A_fixed_batch_of_one_is_freed()
    {
        var network = Network(false, 13, ones(Size.Values, 4, ScalarType.Float64), batch: 1);
        var prepared = OnnxPreparation.Prepare(network, new PixelNormalisation([0], [255]), Size, "test");
        using var forward = OnnxRuntimeNetwork.Create(prepared, Size, 1, "test");
        forward.RunsInBatches.ShouldBeTrue();
    }

    [Fact]
    public void A_network_that_mixes_its_images_runs_one_at_a_time()
    {
        // The mean is taken over the batch too: the result of two images is not the two results.
        var builder = new OnnxModelBuilder(13, 1, 3, Size.Height, Size.Width)
            .Node("ReduceMean", ["x"], ["mean"], ("axes", new long[] { 0, 2, 3 }), ("keepdims", 0L))
            .Integers("shape", 1, 3)
            .Node("Reshape", ["mean", "shape"]);
        var (forward, prepared) = OnnxEmbedder.Create(builder.Build(), new PixelNormalisation([0], [255]), Size, 1, "test");
        forward.RunsInBatches.ShouldBeFalse();
        using var both = new TwoEngineEmbedder(forward, OnnxTorchNetwork.Import(prepared, "test"));
        both.MaxAbsDifference.ShouldBeLessThan(1e-5f);
        using var scope = NewDisposeScope();
        var images = tensor(ProbeImages.Create(Size, 2), [2, 3, Size.Height, Size.Width]);
        var means = images.mean([2, 3]);
        var expected = (means / means.norm(1, true, 2f)).to(ScalarType.Float64);
        Difference(both.Embed(images), expected).ShouldBeLessThan(1e-5);
        Difference(both.EmbedForGradient(images), expected).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void Damaged_networks_are_refused_in_one_line()
    {
        var good = Network(false, 13, ones(Size.Values, 4, ScalarType.Float64)).ToByteArray();
        foreach (var cut in new[] { 0, 10, good.Length / 2, good.Length - 3 })
            Should.Throw<InputException>(() => Load(good[..cut])).Message.ShouldStartWith("bad.onnx: ");
        Should.Throw<InputException>(() => Load("not a network"u8.ToArray())).Message.ShouldContain("not an ONNX file");
        var poisoned = ModelProto.Parser.ParseFrom(good);
        poisoned.Graph.Initializer[0].RawData = ByteString.CopyFrom(
            [.. BitConverter.GetBytes(float.NaN), .. poisoned.Graph.Initializer[0].RawData.ToByteArray()[4..]]);
        Should.Throw<InputException>(() => Load(poisoned.ToByteArray())).Message.ShouldContain("NaN");
        Should.Throw<InputException>(() => OnnxPreparation.Prepare(
                ModelProto.Parser.ParseFrom(good), new PixelNormalisation([0], [1]), new ImageSize(9, 9), "bad.onnx"))
            .Message.ShouldContain("the descriptor says 9x9 crops");

        static void Load(byte[] bytes)
        {
            var prepared = OnnxPreparation.Prepare(
                OnnxModelFile.Parse(bytes, "bad.onnx"), new PixelNormalisation([0], [255]), Size, "bad.onnx");
            OnnxRuntimeNetwork.Create(prepared, Size, 1, "bad.onnx").Dispose();
        }
    }

    [Fact]
    public void Embeddings_have_unit_length_and_do_not_depend_on_their_batch()
    {
        using var scope = NewDisposeScope();
        var prepared = OnnxPreparation.Prepare(
            Network(false, 13, Counting(Size.Values * 4).cos().reshape(Size.Values, 4)),
            new PixelNormalisation([127.5f], [128]), Size, "test");
        using var embedder = new OnnxEmbedder(prepared, Size, 1, "test");
        const int Many = 70; // more than one pass takes
        var images = ProbeImages.Create(Size, Many);
        var all = new float[Many * 4];
        embedder.Embed(images, Many, all);
        for (var i = 0; i < Many; i++)
        {
            var one = new float[4];
            embedder.Embed(images.AsMemory(i * Size.Values, Size.Values), 1, one);
            for (var k = 0; k < 4; k++) one[k].ShouldBe(all[4 * i + k], 1e-5f);
            one.Sum(v => (double)v * v).ShouldBe(1, 1e-5);
        }
        var tensors = embedder.Embed(tensor(images, [Many, 3, Size.Height, Size.Width]));
        Difference(tensors, tensor(all, [Many, 4]).to(ScalarType.Float64)).ShouldBe(0);
    }

    private static Tensor Counting(int count) => tensor([.. Enumerable.Range(0, count).Select(i => (double)i)]);

    private static Tensor Expected(Tensor x, PixelNormalisation normalisation, Tensor weights)
    {
        if (normalisation.FlipAverage)
            return Expected(x, normalisation with { FlipAverage = false }, weights)
                .Plus(Expected(x.flip(3), normalisation with { FlipAverage = false }, weights)).Over(2);
        var levels = x.Times(255);
        if (normalisation.Bgr) levels = levels.flip(1);
        Tensor PerChannel(IReadOnlyList<float> values) => tensor(values.Select(v => (double)v).ToArray()).reshape(1, -1, 1, 1);
        if (normalisation.StandardisePerImage)
        {
            var mean = levels.mean([1, 2, 3], keepdim: true);
            var deviation = (levels - mean).Squared().mean([1, 2, 3], keepdim: true).sqrt();
            levels = (levels - mean) / deviation.AtLeast(1 / Math.Sqrt(Size.Values));
        }
        else
        {
            levels = (levels - PerChannel(normalisation.Mean)) / PerChannel(normalisation.Std);
        }
        if (normalisation.ChannelsLast) levels = levels.permute(0, 2, 3, 1);
        return levels.flatten(1).matmul(weights);
    }

    private static ModelProto Network(bool channelsLast, long opset, Tensor weights, long batch = -1)
    {
        long[] input = channelsLast ? [batch, Size.Height, Size.Width, 3] : [batch, 3, Size.Height, Size.Width];
        var model = new OnnxModelBuilder(opset, input)
            .Constant("w", weights.shape, weights.to(ScalarType.Float32).data<float>().ToArray())
            .Integers("flat", batch == 1 ? 1 : 0, -1)
            .Node("Reshape", ["x", "flat"], ["features"])
            .Node("MatMul", ["features", "w"])
            .Build();
        model.Graph.Output.Clear();
        model.Graph.Output.Add(OnnxModelBuilder.Value("y", TensorProto.Types.DataType.Float, [batch, weights.shape[1]]));
        return model;
    }

    private static double Difference(Tensor a, Tensor b) => (a.to(ScalarType.Float64) - b).abs().max().item<double>();
}
