using Google.Protobuf;
using Masquerade.Defenses;
using Masquerade.Defenses.Learned;
using Masquerade.Imaging;
using Masquerade.Networks;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using static TorchSharp.torch;
using DataType = Masquerade.Networks.Onnx.Format.TensorProto.Types.DataType;

namespace Masquerade.Tests.Defenses.Learned;

public sealed class OnnxPurifierTests : IDisposable
{
    // A blur of three channels of their own, its rows of different sums.
    private static readonly float[] Blur = [.. Enumerable.Range(0, 27).Select(i => 0.02f + 0.006f * i)];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 9, 12)]
    [InlineData(3, 112, 112)]
    [InlineData(33, 17, 16)]
    public void It_gives_what_the_network_gives_clipped(int count, int height, int width)
    {
        using var purifier = Open(Convolution());
        (purifier.Gradient, purifier.NotDifferentiable, purifier.IsRandom).ShouldBe((PurifierGradient.Exact, null, false));
        purifier.RunsInBatches(new ImageSize(width, height)).ShouldBeTrue();
        using var scope = NewDisposeScope();
        var images = Probe(count, height, width);
        var expected = nn.functional.conv2d(images, tensor(Blur, [3, 1, 3, 3]), padding: [1, 1], groups: 3).Clipped();
        expected.max().item<float>().ShouldBe(1f, "some values have to be clipped");
        (purifier.Purify(images) - expected).abs().max().item<float>().ShouldBeLessThan(1e-5f);
        (purifier.PurifyForGradient(images) - expected).abs().max().item<float>().ShouldBeLessThan(1e-5f);
    }

    [Fact]
    public void Its_gradient_is_that_of_finite_differences()
    {
        // A smooth network, so that small differences tell its slope.
        using var purifier = Open(Convolution(after: "Sigmoid"));
        using var scope = NewDisposeScope();
        var images = Probe(2, 7, 8).requires_grad_(true);
        var weights = tensor(Enumerable.Range(0, (int)images.NumberOfElements).Select(i => MathF.Sin(i)).ToArray(), images.shape);
        var gradient = autograd.grad([(purifier.PurifyForGradient(images) * weights).sum()], [images])[0].data<float>().ToArray();
        using var inference = no_grad();
        var values = images.data<float>().ToArray();
        const float Step = 1e-2f;
        foreach (var at in new[] { 0, 25, 55, 100, 167, 200, 335 })
        {
            float[] sums = [.. new[] { Step, -Step }.Select(step =>
            {
                var moved = (float[])values.Clone();
                moved[at] += step;
                return (purifier.Purify(tensor(moved, images.shape)) * weights).sum().item<float>();
            })];
            ((sums[0] - sums[1]) / (2 * Step)).ShouldBe(gradient[at], 2e-3f);
        }
    }

    [Fact]
    public void An_operator_that_cannot_be_imported_is_passed_straight_through()
    {
        var model = new OnnxModelBuilder(17, -1, 3, -1, -1).Node("Hardmax", ["x"], ["hot"], ("axis", 1))
            .Constant("half", [1], 0.5f).Node("Mul", ["hot", "half"], ["dim"])
            .Node("Mul", ["x", "half"], ["dark"]).Node("Max", ["dark", "dim"]);
        using var purifier = Open(model);
        purifier.Gradient.ShouldBe(PurifierGradient.StraightThrough);
        purifier.NotDifferentiable.ShouldNotBeNull().ShouldContain("Hardmax");
        using var scope = NewDisposeScope();
        var images = Probe(2, 8, 8).requires_grad_(true);
        var through = purifier.PurifyForGradient(images);
        through.sub(purifier.Purify(images)).abs().max().item<float>().ShouldBeLessThan(1e-6f);
        // None of its values is above 0.5: nothing was clipped.
        autograd.grad([through.sum()], [images])[0].eq(ones_like(images)).all().item<bool>().ShouldBeTrue();
    }

    [Fact]
    public void A_network_for_one_image_takes_them_one_at_a_time()
    {
        using var declared = Open(Convolution(input: [1, 3, -1, -1]));
        using var inside = Open(Convolution().Integers("one", 1, 3, -1), "inside", model =>
        {
            model.Node[0].Output[0] = "convolved";
            model.Node.Add(new NodeProto { OpType = "Reshape", Input = { "convolved", "one" }, Output = { "flat" } });
            model.Node.Add(new NodeProto { OpType = "Shape", Input = { "x" }, Output = { "size" } });
            model.Node.Add(new NodeProto { OpType = "Reshape", Input = { "flat", "size" }, Output = { "y" } });
        });
        using var free = Open(Convolution(), "free");
        declared.RunsInBatches(new ImageSize(8, 6)).ShouldBeFalse();
        using var scope = NewDisposeScope();
        var images = Probe(5, 6, 8);
        var expected = free.Purify(images);
        foreach (var purifier in new[] { declared, inside })
        {
            purifier.Purify(images).allclose(expected, atol: 1e-6).ShouldBeTrue();
            purifier.PurifyForGradient(images).allclose(expected, atol: 1e-6).ShouldBeTrue();
        }
    }

    [Fact]
    public void A_network_that_mixes_its_images_takes_them_one_at_a_time()
    {
        var model = Convolution().Node("ReduceMean", ["x"], ["mean"], ("axes", new long[] { 0, 1, 2, 3 }))
            .Node("Sub", ["convolved", "mean"]);
        model.Graph.Node[0].Output[0] = "convolved";
        using var purifier = Open(model);
        purifier.RunsInBatches(new ImageSize(8, 8)).ShouldBeFalse();
        using var scope = NewDisposeScope();
        var images = Probe(3, 8, 8);
        var alone = purifier.Purify(images.narrow(0, 1, 1));
        purifier.Purify(images).narrow(0, 1, 1).allclose(alone, atol: 1e-6).ShouldBeTrue();
    }

    [Fact]
    public void What_is_no_purifier_is_said_in_a_line()
    {
        Refused("changes.onnx: makes [1,3,56,56] of images of [1,3,112,112]; a purifier keeps the size of its images",
            Convolution(stride: 2), "changes");
        Refused("the network takes [free0,1,free2,free3]; a purifier takes and gives images as float32 [N,3,H,W]",
            new OnnxModelBuilder(17, -1, 1, -1, -1).Node("Relu", ["x"]), "grey");
        Refused("the network takes [free0,3]", new OnnxModelBuilder(17, -1, 3).Node("Relu", ["x"]), "flat");
        var two = Convolution();
        two.Graph.Input.Add(OnnxModelBuilder.Value("sigma", DataType.Float, [1]));
        Refused("the network has 2 inputs and 1 outputs, not one of each", two, "two");
        var outputs = Convolution();
        outputs.Graph.Output.Add(OnnxModelBuilder.Value("y", DataType.Float, null));
        outputs.Graph.Output.Add(OnnxModelBuilder.Value("x", DataType.Float, null));
        Refused("1 inputs and 2 outputs", outputs, "outputs");
        Refused("takes batches of 4 only; export it with a free batch", Convolution(input: [4, 3, -1, -1]), "four");
        Refused("gives NaN or infinite values; its weights are damaged, or it wants other inputs",
            new OnnxModelBuilder(17, -1, 3, -1, -1).Constant("minus", [1], -2).Node("Add", ["x", "minus"], ["low"]).Node("Sqrt", ["low"]),
            "root");
        var text = _folder.Write("text.onnx", "text");
        Should.Throw<InputException>(() => OnnxPurifier.Open(text, "text", 1)).Message.ShouldContain("not an ONNX file");
        Should.Throw<InputException>(() => OnnxPurifier.Open(text + "2", "none", 1)).Message.ShouldContain("text.onnx2: no such file");
    }

    [Fact]
    public void A_network_for_one_size_says_so()
    {
        using var purifier = Open(Convolution(input: [-1, 3, 40, 30]), "fixed");
        using var scope = NewDisposeScope();
        purifier.Purify(Probe(2, 40, 30)).shape.ShouldBe([2, 3, 40, 30]);
        foreach (var purify in new[] { purifier.Purify, (Func<Tensor, IReadOnlyList<RandomDraw>?, Tensor>)purifier.PurifyForGradient })
        {
            Should.Throw<InputException>(() => purify(Probe(2, 30, 40), null)).Message
                .ShouldEndWith("fixed.onnx: the network takes images of 30x40 only, not of 40x30; export it with free height and width");
        }
    }

    [Fact]
    public void Images_that_are_no_numbers_are_told()
    {
        using var purifier = Open(Convolution());
        using var scope = NewDisposeScope();
        Should.Throw<InputException>(() => purifier.Purify(Probe(1, 8, 8).FilledLike(double.NaN))).Message.ShouldContain("gives NaN");
    }

    [Fact]
    public void The_registry_opens_it_by_its_path_and_reads_its_name_back()
    {
        var folder = Path.Combine(_folder.Root, "c++:x");
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "blur.onnx"), Convolution().Build().ToByteArray());
        var defense = PurifierRegistry.Anywhere("mean:3+onnx:blur.onnx", folder);
        defense.ShouldBe($"mean:3+onnx:{_folder.Root}/c%2B%2B:x/blur.onnx");
        PurifierRegistry.Anywhere(defense, "/elsewhere").ShouldBe(defense);
        PurifierRegistry.Anywhere("mean:5+dncnn", folder).ShouldBe("mean:5+dncnn");
        using var purifier = PurifierRegistry.Open(defense);
        purifier.Name.ShouldBe(defense);
        purifier.Gradient.ShouldBe(PurifierGradient.Exact);
        PurifierRegistry.Files(defense).ShouldBe([Path.Combine(folder, "blur.onnx")]);
        var shipped = new PurifierFiles(_folder.Root);
        _folder.Write("dncnn.onnx", Convolution().Build().ToByteArray());
        PurifierRegistry.Files("dncnn+mean+" + defense, shipped).ShouldBe([_folder["dncnn.onnx"], Path.Combine(folder, "blur.onnx")]);
        PurifierRegistry.Files("mean").ShouldBeEmpty();
        Should.Throw<InputException>(() => PurifierRegistry.Check("onnx")).Message
            .ShouldBe("defense 'onnx': the file is missing (onnx:FILE)");
        Should.Throw<InputException>(() => PurifierRegistry.Files("onnx:")).Message.ShouldContain("the file is missing");
        Should.Throw<InputException>(() => PurifierRegistry.Check("dncnn:3")).Message.ShouldContain("one parameter too many");
    }

    private OnnxPurifier Open(OnnxModelBuilder builder, string name = "test", Action<GraphProto>? change = null)
    {
        var model = builder.Build();
        change?.Invoke(model.Graph);
        return OnnxPurifier.Open(_folder.Write($"{name}.onnx", model.ToByteArray()), name, threads: 1);
    }

    private void Refused(string message, OnnxModelBuilder model, string name)
    {
        var error = Should.Throw<InputException>(() => Open(model, name).Dispose());
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain("\n");
    }

    private static OnnxModelBuilder Convolution(long[]? input = null, long stride = 1, string? after = null)
    {
        var model = new OnnxModelBuilder(17, input ?? [-1, 3, -1, -1]).Constant("w", [3, 1, 3, 3], Blur)
            .Node("Conv", ["x", "w"], [after is null ? "y" : "c"], ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 }),
                ("strides", new[] { stride, stride }), ("group", 3L));
        return after is null ? model : model.Node(after, ["c"]);
    }

    private static Tensor Probe(int count, int height, int width) =>
        tensor(ProbeImages.Create(new ImageSize(width, height), count), [count, 3, height, width]);
}
