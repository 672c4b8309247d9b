using Masquerade.Models;
using Masquerade.Networks.Checkpoints.Format;
using Masquerade.Tests.Networks.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Tests.Models;

/// <summary>A checkpoint with every weight of the network, random, and what the plain second implementation makes of one batch.</summary>
public sealed class RandomInceptionResnetV1 : IDisposable
{
    internal static readonly float[] Mean = [120, 127.5f, 131];
    internal static readonly float[] Std = [128, 110, 140];

    private readonly TemporaryFolder _folder = new();
    private readonly UnfoldedInceptionResnetV1 _plain = new(7);

    public RandomInceptionResnetV1()
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(11, CPU);
        Images = rand([3, 3, 160, 160], generator: random).requires_grad_().DetachFromDisposeScope();
        var embeddings = _plain.Embed(Images, Mean, Std);
        var sum = (embeddings * embeddings.roll(1, 0)).sum();
        Gradient = autograd.grad([sum], [Images])[0].DetachFromDisposeScope();
        Embeddings = embeddings.detach().DetachFromDisposeScope();
        Path = Write("weights", new Dictionary<string, TestTensor?>());
    }

    internal Tensor Images { get; }

    internal Tensor Embeddings { get; }

    internal Tensor Gradient { get; }

    internal string Path { get; }

    internal IReadOnlyDictionary<string, Tensor> Weights => _plain.Weights;

    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[Images, Embeddings, Gradient]) tensor.Dispose();
        _plain.Dispose();
        _folder.Dispose();
    }

    /// <summary>The weights in float16, with a classifier, in safetensors; some replaced, added, or left out where null.</summary>
    internal string Write(string name, IReadOnlyDictionary<string, TestTensor?> changes, string prefix = "")
    {
        var all = _plain.Weights.ToDictionary(item => prefix + item.Key, item => (TestTensor?)Half(item.Value));
        all[$"{prefix}conv2d_1a.bn.num_batches_tracked"] = TestTensor.Of(ScalarType.Int64, new byte[8]);
        all[$"{prefix}logits.weight"] = TestTensor.Floats([1, 2], 1, 2);
        foreach (var (key, change) in changes) all[key] = change;
        return _folder.Write(name, CheckpointWriter.Safetensors(
            [.. all.Where(item => item.Value is not null).Select(item => (item.Key, item.Value!))]));
    }

    /// <summary>The same weights as FaceNet's frozen graph has them, in float16; some nodes replaced, or left out where null.</summary>
    internal string WriteGraph(string name, IReadOnlyDictionary<string, NodeDef?> changes)
    {
        var nodes = FrozenGraph.FaceNet(_plain.Weights, FrozenGraph.Half).Select(node => changes.GetValueOrDefault(node.Name, node));
        return _folder.Write(name, FrozenGraph.Of(nodes.OfType<NodeDef>()));
    }

    internal string Write(string name, byte[] content) => _folder.Write(name, content);

    private static TestTensor Half(Tensor weight)
    {
        using var half = weight.to(float16);
        return TestTensor.Of(ScalarType.Float16, half.bytes.ToArray(), weight.shape);
    }
}

public sealed class InceptionResnetV1Tests(RandomInceptionResnetV1 random) : IClassFixture<RandomInceptionResnetV1>
{
    private InceptionResnetV1 Load() => InceptionResnetV1.Load(random.Path, RandomInceptionResnetV1.Mean, RandomInceptionResnetV1.Std);

    [Fact]
    public void It_computes_what_the_plain_network_computes()
    {
        using var scope = NewDisposeScope();
        using var network = Load();
        network.InputSize.ToString().ShouldBe("160x160");
        Difference(network.Embed(random.Images), random.Embeddings).ShouldBeLessThan(1e-5);

        using var images = random.Images.detach().requires_grad_();
        var embeddings = network.EmbedForGradient(images);
        var gradient = autograd.grad([(embeddings * embeddings.roll(1, 0)).sum()], [images])[0];
        nn.functional.cosine_similarity(gradient.flatten(), random.Gradient.flatten(), 0).item<float>().ShouldBeGreaterThan(0.9999f);
        (gradient.norm() / random.Gradient.norm()).item<float>().ShouldBe(1f, 1e-3f);
        embeddings.norm(1).Minus(1).abs().max().item<float>().ShouldBeLessThan(1e-6f);
    }

    [Fact]
    public void Managed_memory_and_single_images_give_the_same()
    {
        using var scope = NewDisposeScope();
        using var network = Load();
        var values = random.Images.detach().data<float>().ToArray();
        var together = new float[3 * 512];
        network.Embed(values, 3, together);
        Difference(tensor(together, [3, 512]), random.Embeddings).ShouldBeLessThan(1e-5);
        var alone = new float[512];
        network.Embed(values.AsMemory(values.Length / 3, values.Length / 3), 1, alone);
        Difference(tensor(alone), random.Embeddings[1]).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void It_outlives_the_scope_that_loaded_it_and_leaves_nothing_but_its_result()
    {
        InceptionResnetV1 network;
        using (NewDisposeScope()) network = Load();
        using (network)
        {
            using var scope = NewDisposeScope();
            var embeddings = network.Embed(random.Images);
            scope.DisposablesCount.ShouldBe(1);
            embeddings.requires_grad.ShouldBeFalse();
            random.Images.IsInvalid.ShouldBeFalse();
            network.Embed(new float[3 * 160 * 160], 1, new float[512]);
            scope.DisposablesCount.ShouldBe(1);
        }
    }

    [Fact]
    public void Threads_share_it()
    {
        using var network = Load();
        var errors = new double[4];
        Parallel.For(0, errors.Length, new ParallelOptions { MaxDegreeOfParallelism = errors.Length }, i =>
        {
            using var scope = NewDisposeScope();
            using var images = random.Images.detach()[..2].requires_grad_();
            var embeddings = network.EmbedForGradient(images);
            autograd.grad([embeddings.sum()], [images])[0].isfinite().all().item<bool>().ShouldBeTrue();
            errors[i] = Difference(embeddings.detach(), random.Embeddings[..2]);
        });
        errors.ShouldAllBe(error => error < 1e-5);
    }

    [Fact]
    public void Weights_under_state_dict_are_found_beside_other_tensors()
    {
        using var scope = NewDisposeScope();
        var others = new Dictionary<string, TestTensor?> { ["optimizer.0"] = TestTensor.Floats([1], 1) };
        var path = random.Write("nested", others, "state_dict.");
        using var network = InceptionResnetV1.Load(path, RandomInceptionResnetV1.Mean, RandomInceptionResnetV1.Std);
        Difference(network.Embed(random.Images), random.Embeddings).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void A_frozen_graph_of_the_same_weights_computes_the_same()
    {
        using var scope = NewDisposeScope();
        // One constant stands behind identities, the other has only the name of what read it.
        const string bias = "InceptionResnetV1/Block8/Conv2d_1x1/biases", mean = "InceptionResnetV1/Bottleneck/BatchNorm/moving_mean";
        var nodes = FrozenGraph.FaceNet(random.Weights);
        var (first, second) = (nodes.Single(node => node.Name == bias), nodes.Single(node => node.Name == mean));
        nodes.RemoveAll(node => node.Name == bias + "/read" || node.Name == mean + "/read");
        nodes.InsertRange(0, [FrozenGraph.Identity(bias, "through:0"), FrozenGraph.Identity("through", "folded")]);
        (first.Name, second.Name) = ("folded", mean + "/read");
        var path = random.Write("graph.pb", FrozenGraph.Of(nodes));
        using var network = InceptionResnetV1.Load(path, RandomInceptionResnetV1.Mean, RandomInceptionResnetV1.Std);
        Difference(network.Embed(random.Images), random.Embeddings).ShouldBeLessThan(1e-5);
    }

    [Theory]
    [InlineData("Bottleneck/BatchNorm/beta", "missing", "'InceptionResnetV1/Bottleneck/BatchNorm/beta' is missing")]
    [InlineData("Repeat_1/block17_4/Conv2d_1x1/biases", "floats 1",
        "'InceptionResnetV1/Repeat_1/block17_4/Conv2d_1x1/biases' is Float32 [1] instead of floats [896]")]
    [InlineData("Conv2d_4b_3x3/weights", "integers",
        "'InceptionResnetV1/Conv2d_4b_3x3/weights' is Int32 [256, 192, 3, 3] instead of floats [256, 192, 3, 3]")]
    [InlineData("Mixed_7a/Branch_2/Conv2d_0b_3x3/weights", "text",
        "'InceptionResnetV1/Mixed_7a/Branch_2/Conv2d_0b_3x3/weights' is missing")]
    public void Wrong_constants_are_one_clear_error(string name, string change, string expected)
    {
        name = "InceptionResnetV1/" + name;
        NodeDef? replacement = change switch
        {
            "missing" => null,
            "floats 1" => FrozenGraph.Floats(name, [1], 1),
            "integers" => FrozenGraph.Constant(name, FrozenGraph.Int32, [3, 3, 192, 256], new byte[4 * 9 * 192 * 256]),
            _ => FrozenGraph.Constant(name, new TensorProto { Dtype = FrozenGraph.String }, 3, 3, 256, 256),
        };
        var path = random.WriteGraph("wrong.pb", new Dictionary<string, NodeDef?> { [name] = replacement, [name + "/read"] = null });
        Refused(path, expected).ShouldNotContain(" more");
    }

    [Fact]
    public void A_graph_of_another_network_is_said_in_one_line()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("other.pb", FrozenGraph.Of(FrozenGraph.Floats("InceptionResnetV1/Other/weights", [1], 1)));
        const string expected = "as FaceNet's frozen graphs have them: 'InceptionResnetV1/Conv2d_1a_3x3/BatchNorm/";
        Refused(path, expected).ShouldMatch("and [0-9]{3} more$");
    }

    [Theory]
    [InlineData("last_bn.bias", "missing", "'last_bn.bias' is missing")]
    [InlineData("block8.extra.weight", "floats 1", "'block8.extra.weight' is not part of the network")]
    [InlineData("repeat_2.3.conv2d.bias", "floats 1", "'repeat_2.3.conv2d.bias' is Float32 [1] instead of floats [896]")]
    [InlineData("last_bn.running_mean", "integers", "'last_bn.running_mean' is Int8 [512] instead of floats [512]")]
    [InlineData("last_bn.weight", "NaN", "'last_bn.weight' has values that are not finite numbers")]
    [InlineData("last_bn.running_var", "negative", "'last_bn.running_var', a variance, has negative values")]
    public void Wrong_weights_are_one_clear_error(string name, string change, string expected)
    {
        var values = new float[512];
        values[100] = change == "NaN" ? float.NaN : -1;
        TestTensor? replacement = change switch
        {
            "missing" => null,
            "floats 1" => TestTensor.Floats([1], 1),
            "integers" => TestTensor.Of(ScalarType.Int8, new byte[512], 512),
            _ => TestTensor.Floats([512], values),
        };
        var path = random.Write("wrong", new Dictionary<string, TestTensor?> { [name] = replacement });
        Refused(path, expected).ShouldNotContain(" more");
    }

    [Fact]
    public void Another_network_s_weights_are_said_in_one_line()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("other", CheckpointWriter.Zip([("fc.weight", TestTensor.Floats([1], 1))]));
        Refused(path, "'conv2d_1a.bn.weight' is missing").ShouldMatch("and [0-9]{3} more$");
        File.WriteAllText(path, "no weights");
        Refused(path, "not a checkpoint");
    }

    [Fact]
    public void Impossible_input_is_refused()
    {
        Should.Throw<InputException>(() => InceptionResnetV1.Load(random.Path, 127.5f, 0)).Message.ShouldContain("'input.std' must be positive");
        Should.Throw<InputException>(() => InceptionResnetV1.Load(random.Path, float.NaN, 1)).Message.ShouldContain("'input.mean' must be finite");
        Should.Throw<InputException>(() => InceptionResnetV1.Load(random.Path, [1, 2], [1, 2])).Message.ShouldContain("'input.mean' must be a number, or three");
        using var scope = NewDisposeScope();
        using var network = Load();
        Should.Throw<ArgumentException>(() => network.Embed(zeros(1, 3, 112, 112)));
        Should.Throw<ArgumentException>(() => network.Embed(zeros(3, 160, 160)));
        Should.Throw<ArgumentException>(() => network.Embed(zeros(0, 3, 160, 160)));
        Should.Throw<ArgumentException>(() => network.Embed(zeros([1, 3, 160, 160], float64)));
        Should.Throw<ArgumentException>(() => network.Embed(new float[5], 1, new float[512]));
        Should.Throw<ArgumentException>(() => network.Embed(new float[3 * 160 * 160], 1, new float[511]));
    }

    private static string Refused(string path, string expected)
    {
        var message = Should.Throw<InputException>(() => InceptionResnetV1.Load(path, 127.5f, 128f)).Message;
        message.ShouldStartWith($"{path}: ");
        message.ShouldContain(expected);
        message.ShouldNotContain("\n");
        return message;
    }

    private static double Difference(Tensor one, Tensor other) => (one - other).abs().max().to(ScalarType.Float64).item<double>();
}
