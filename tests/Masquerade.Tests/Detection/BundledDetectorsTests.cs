using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Detection;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Tests.Detection;

public sealed class BundledDetectorsTests
{
    private const int People = 24;
    private const long MostBytes = 3 << 20;

    // Of nobody whom a bundled detector learned from or was calibrated on.
    private const ulong Seed = 77;

    public static TheoryData<string> All => [.. BundledDetectors.Names];

    [Fact]
    public void There_is_one_of_each_kind()
    {
        BundledDetectors.Names.ShouldBe(Enum.GetNames<DetectorKind>().Select(k => k.ToLowerInvariant()).Order(StringComparer.Ordinal));
        BundledDetectors.FileOf("CNN").ShouldBe(BundledDetectors.FileOf("cnn"));
        BundledDetectors.FileOf("somewhere/cnn.onnx").ShouldBe("somewhere/cnn.onnx");
        Should.Throw<InputException>(() => BundledDetectors.FileOf("safetnet")).Message.ShouldBe("no detector 'safetnet': name a file that masq "
            + "train detector wrote, or cnn, mahalanobis, residual, safetynet, squeeze; did you mean safetynet?");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Each_says_what_it_was_made_of_and_stands_in_front_of_mini(string name)
    {
        using var model = FaceModel.Load(NamedModels.Default.Find("mini"), 1, gradients: true);
        using var detector = Detector.Open(BundledDetectors.FileOf(name), model, 1, gradients: true, falseAlarms: 0.05);
        new FileInfo(BundledDetectors.FileOf(name)).Length.ShouldBeLessThanOrEqualTo(MostBytes);
        (detector.IsDifferentiable, detector.Card.Model).ShouldBe((true, "mini"));
        detector.Card.Data.ShouldStartWith("synthetic people");
        detector.Card.Thresholds.Select(t => t.FalseAlarms).ShouldBe([0.01, 0.05]);
        detector.Card.CalibrationFaces.ShouldBeGreaterThanOrEqualTo(400);
        // It is for one model.
        using var other = FaceModel.Load(NamedModels.Default.Find("mini-robust"), 1, gradients: false);
        Should.Throw<InputException>(() => Detector.Open(BundledDetectors.FileOf(name), other, 1, gradients: false)).Message.ShouldContain("was made for mini, not for");
    }

    [Fact]
    public void Faces_of_others_pass_and_attacked_ones_do_not()
    {
        using var scope = NewDisposeScope();
        using var model = FaceModel.Load(NamedModels.Default.Find("mini"), 2, gradients: true);
        using var detector = Detector.Open(BundledDetectors.FileOf("cnn"), model, 2, gradients: false, falseAlarms: 0.05);
        var painter = new SyntheticFaces(Seed);
        FaceImage[] faces = [.. Enumerable.Range(0, People).Select(i => painter.Photograph(i, 0)).Select(p => FaceAligner.Align(p.Decode(), p.Landmarks, AlignmentKind.ArcFace112x112))];
        var (probes, others) = (ImageTensors.ToTensor(faces), ImageTensors.ToTensor([.. faces.Skip(1), faces[0]]));
        detector.Refuses(probes).Count(r => r).ShouldBeLessThanOrEqualTo(People / 6);
        var attack = AttackRegistry.Resolve(["minimal/fgsm"]).Single().Attack;
        using var problem = new AttackProblem(
            new FaceVerifier(model.Embedder, model.Descriptor.Threshold), probes, model.Embedder.Embed(others), [.. faces.Select(_ => AttackGoal.Impersonate)],
            [.. faces.Select((_, i) => $"{i}")], new AttackSettings(0, StorageRule.EightBit));
        var size = model.Descriptor.InputSize;
        bool[] refused = [.. attack.Execute(problem).Where(r => r is { Adversarial: not null, L2: > 0 })
            .Select(r => detector.Refuses(tensor(r.Adversarial!, [1, 3, size.Height, size.Width]))[0])];
        refused.Length.ShouldBeGreaterThan(People / 4);
        refused.Count(r => r).ShouldBeGreaterThan(refused.Length * 3 / 4);
    }
}
