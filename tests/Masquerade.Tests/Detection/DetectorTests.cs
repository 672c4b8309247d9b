using Google.Protobuf;
using Masquerade.Defenses;
using Masquerade.Detection;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Networks.Onnx;
using Masquerade.Networks.Onnx.Format;
using Masquerade.Training.Detectors;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Tests.Detection;

/// <summary>A detector of every kind, made without a training.</summary>
public sealed class MadeDetectors : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public MadeDetectors()
    {
        Model = FaceModel.Load(NamedModels.Default.Find("mini"), 1, gradients: true);
        using var scope = NewDisposeScope();
        foreach (var kind in Enum.GetValues<DetectorKind>())
        {
            var card = Card(kind);
            new DetectorFile(card, Head(card)).Write(PathOf(kind));
        }
    }

    internal FaceModel Model { get; }

    internal string PathOf(DetectorKind kind) => _folder[$"{kind}.onnx"];

    internal Detector Open(DetectorKind kind, bool gradients = true) => Detector.Open(PathOf(kind), Model, 1, gradients);

    internal DetectorCard Card(DetectorKind kind) => new()
    {
        Kind = kind,
        Model = "mini",
        ModelSha256 = Detector.ModelHash(Model.Descriptor),
        Width = 112,
        Height = 112,
        Purifiers = kind switch { DetectorKind.Residual => ["median:3"], DetectorKind.Squeeze => ["bits:4", "gaussian:1"], _ => [] },
        Layers = kind is DetectorKind.SafetyNet or DetectorKind.Mahalanobis ? [ActivationNetwork.Rectified(Model.Descriptor)[^1]] : [],
        Attacks = ["minimal/fgsm"],
        Data = "made up",
        CalibrationFaces = 100,
        Thresholds = [new(0.01, 0.75), new(0.05, -0.25)],
    };

    public void Dispose()
    {
        Model.Dispose();
        _folder.Dispose();
    }

    private ModelProto Head(DetectorCard card)
    {
        switch (card.Kind)
        {
            case DetectorKind.Squeeze:
                return DetectorHeads.Squeeze(2).Build();
            case DetectorKind.SafetyNet or DetectorKind.Mahalanobis:
                using (var input = DetectorInput.Open(card, Model, 1, gradients: false))
                {
                    var clean = input.Of(Pictures.Faces(3).repeat(10, 1, 1, 1).Plus(Pictures.Gaussian(30, 112, 112, 1), 0.03).Clipped());
                    var attacked = input.Of(Pictures.Faces(3).repeat(10, 1, 1, 1).Plus(Pictures.Gaussian(30, 112, 112, 2), 0.1).Clipped());
                    return (card.Kind == DetectorKind.SafetyNet ? DetectorHeads.SafetyNet(clean, attacked)
                        : DetectorHeads.Mahalanobis(clean, attacked, [(int)clean.shape[1]])).Build();
                }
            default:
                using (var network = new DetectorNetwork(3))
                {
                    network.eval();
                    return network.ToOnnx(card.Size).Build();
                }
        }
    }
}

public sealed class DetectorTests(MadeDetectors made) : IClassFixture<MadeDetectors>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<DetectorKind> Kinds => [.. Enum.GetValues<DetectorKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void It_sees_images_of_8_bits_whatever_it_is_given(DetectorKind kind)
    {
        using var scope = NewDisposeScope();
        using var detector = made.Open(kind);
        var floats = Pictures.NoisyFaces(3, 3);
        var rounded = ImageTensors.RoundTo8Bit(floats);
        Pictures.Difference(floats, rounded).ShouldBeGreaterThan(0);
        var scores = detector.Scores(floats);
        detector.Scores(rounded).ShouldBe(scores);
        scores.Distinct().Count().ShouldBe(3);
        // Alone as in a batch, and through the engine that has gradients.
        for (var i = 0; i < 3; i++) detector.Scores(floats.narrow(0, i, 1))[0].ShouldBe(scores[i], 1e-4 * Math.Max(1, Math.Abs(scores[i])));
        detector.Scores(floats.narrow(0, 0, 0)).ShouldBeEmpty();
        var torch = detector.ScoresForGradient(floats).data<float>().ToArray();
        for (var i = 0; i < 3 && kind != DetectorKind.SafetyNet; i++)
            torch[i].ShouldBe(scores[i], 1e-3 * Math.Max(1, Math.Abs(scores[i])));
        detector.Refuses(floats).ShouldBe([.. scores.Select(s => s > 0.75)]);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void There_is_a_gradient(DetectorKind kind)
    {
        using var scope = NewDisposeScope();
        using var detector = made.Open(kind);
        detector.IsDifferentiable.ShouldBeTrue();
        detector.Gradient.ShouldBe(kind is DetectorKind.SafetyNet or DetectorKind.Squeeze
            ? PurifierGradient.StraightThrough : PurifierGradient.Exact);
        var images = Pictures.NoisyFaces(2, 3).requires_grad_();
        var scores = detector.ScoresForGradient(images);
        scores.shape.ShouldBe([2L]);
        var gradient = autograd.grad([scores.sum()], [images])[0];
        gradient.isfinite().all().item<bool>().ShouldBeTrue();
        gradient.abs().sum([1, 2, 3]).data<float>().ToArray().ShouldAllBe(g => g > 0);
        using var without = made.Open(kind, gradients: false);
        without.IsDifferentiable.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => without.ScoresForGradient(images));
    }

    [Theory]
    [InlineData(DetectorKind.Cnn)]
    [InlineData(DetectorKind.Mahalanobis)]
    public void The_gradient_says_where_the_score_goes(DetectorKind kind)
    {
        using var scope = NewDisposeScope();
        using var detector = made.Open(kind);
        var images = ImageTensors.RoundTo8Bit(Pictures.NoisyFaces(2, 3).Times(0.8).Plus(0.1)).requires_grad_();
        var gradient = autograd.grad([detector.ScoresForGradient(images).sum()], [images])[0];
        using var inference = no_grad();
        // Whole levels, where the gradient is large: what is rounded stays what it is.
        var flat = gradient.reshape(2, -1);
        var (values, at) = flat.abs().topk(300, 1);
        var direction = zeros_like(flat).scatter_(1, at, flat.gather(1, at).sign()).reshape(images.shape).Over(255);
        var (ahead, behind) = (detector.Scores(images.Plus(direction)), detector.Scores(images - direction));
        var expected = values.sum([1]).Over(255).data<float>().ToArray();
        for (var i = 0; i < 2; i++) ((ahead[i] - behind[i]) / 2).ShouldBe(expected[i], 0.25 * expected[i], $"{kind}, image {i}");
    }

    [Fact]
    public void A_residual_is_what_the_purifier_takes_off_and_squeezing_moves_the_embedding()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var images = ImageTensors.RoundTo8Bit(Pictures.NoisyFaces(2, 3));
        using var residual = made.Open(DetectorKind.Residual);
        using var median = PurifierRegistry.Open("median:3");
        Pictures.Difference(residual.Inputs(images), images - median.Purify(images)).ShouldBe(0);
        using var squeeze = made.Open(DetectorKind.Squeeze);
        using var bits = PurifierRegistry.Open("bits:4");
        using var gaussian = PurifierRegistry.Open("gaussian:1");
        var plain = made.Model.Embedder.Embed(images);
        var moved = new[] { bits, gaussian }.Select(p => (made.Model.Embedder.Embed(p.Purify(images)) - plain).Squared().sum(1)
            .data<float>().ToArray()).ToArray();
        var scores = squeeze.Scores(images);
        for (var i = 0; i < 2; i++) scores[i].ShouldBe(Math.Max(moved[0][i], moved[1][i]), 1e-5);
    }

    [Fact]
    public void A_file_says_what_it_is()
    {
        foreach (var kind in Enum.GetValues<DetectorKind>())
        {
            var card = DetectorFile.Read(made.PathOf(kind)).Card;
            card.ToJson().ShouldBe(made.Card(kind).ToJson());
            using var detector = made.Open(kind, gradients: false);
            (detector.Name, detector.FalseAlarms, detector.Threshold).ShouldBe((kind.ToString(), 0.01, 0.75));
            using var other = Detector.Open(made.PathOf(kind), made.Model, 1, gradients: false, falseAlarms: 0.05);
            other.Threshold.ShouldBe(-0.25);
        }
    }

    [Fact]
    public void What_does_not_fit_is_one_line()
    {
        var good = made.PathOf(DetectorKind.Cnn);
        Refused(_folder["none.onnx"], "no such file");
        Refused(_folder.Write("text.onnx", "not a network"), "");
        Refused(_folder.Write("plain.onnx", OnnxModelFile.Read(made.Model.Descriptor.File).ToByteArray()),
            "is an ONNX model, but no detector");
        Refused(good, "no threshold is known for 2 % false alarms; there are: 1 %, 5 %", falseAlarms: 0.02);
        var file = DetectorFile.Read(good);
        Refused(Write(file with { Card = file.Card with { ModelSha256 = new string('0', 64) } }),
            "was made for mini, not for mini as it is");
        Refused(Write(file with { Card = file.Card with { Width = 96 } }), "was made for crops of 96x112, and mini takes 112x112");
        using var other = FaceModel.Load(CropEmbedder.Write(_folder), 1, gradients: false);
        Refused(good, "was made for mini, not for crop", model: other);
        var layers = DetectorFile.Read(made.PathOf(DetectorKind.Mahalanobis));
        Refused(Write(layers with { Card = layers.Card with { Layers = ["nothing"] } }), "no activation 'nothing'");
        // Another layer has another width than the head.
        Refused(Write(layers with { Card = layers.Card with { Layers = [ActivationNetwork.Rectified(made.Model.Descriptor)[0]] } }), "");
        var squeeze = DetectorFile.Read(made.PathOf(DetectorKind.Squeeze));
        Refused(Write(squeeze with { Card = squeeze.Card with { Purifiers = ["noise:8"] } }),
            "cannot look through noise:8, which draws at random");
        Refused(Write(squeeze with { Card = squeeze.Card with { Purifiers = ["medain"] } }), "medain");
        // A head for something else, and one that cannot be differentiated.
        Refused(Write(file with { Head = squeeze.Head }), "");
        Refused(Write(file with { Head = new OnnxModelBuilder(17, -1, 3, 112, 112).Node("Det", ["x"]).Build() }), "");
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 9", "version 9")]
    [InlineData("\"cnn\"", "\"dnn\"", "")]
    [InlineData("\"cnn\"", "17", "what it looks at is not possible")]
    [InlineData("\"cnn\"", "\"residual\"", "what it looks at is not possible")]
    [InlineData("\"cnn\"", "\"squeeze\"", "what it looks at is not possible")]
    [InlineData("\"cnn\"", "\"safetyNet\"", "what it looks at is not possible")]
    [InlineData("\"purifiers\": []", "\"purifiers\": [null]", "what it looks at is not possible")]
    [InlineData("0.01", "1.01", "a threshold is not possible")]
    [InlineData("\"width\": 112", "\"width\": 0", "crops of 0x112")]
    [InlineData("\"data\"", "\"date\"", "date")]
    [InlineData("\"model\": \"mini\"", "\"model\": null", "")]
    [InlineData("\"thresholds\": [", "\"thresholds\": [ null, ", "a threshold is not possible")]
    public void A_damaged_card_is_one_line(string part, string damaged, string message)
    {
        var model = OnnxModelFile.Read(made.PathOf(DetectorKind.Cnn));
        var card = model.MetadataProps.Single();
        card.Value.ShouldContain(part);
        card.Value = card.Value.Replace(part, damaged, StringComparison.Ordinal);
        Refused(_folder.Write("damaged.onnx", model.ToByteArray()), message);
    }

    private string Write(DetectorFile file)
    {
        file.Write(_folder["file.onnx"]);
        return _folder["file.onnx"];
    }

    private void Refused(string path, string message, FaceModel? model = null, double falseAlarms = 0.01)
    {
        var error = Should.Throw<InputException>(() => Detector.Open(path, model ?? made.Model, 1, gradients: true, falseAlarms).Dispose());
        error.Message.ShouldStartWith(path);
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain("\n");
    }
}
