using System.Globalization;
using Google.Protobuf;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Runs;
using Masquerade.Evaluation.Transfer;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Networks.Onnx;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Tests.Transfer;

/// <summary>A judge whose crops are not those of the attacked model.</summary>
public sealed class OtherAlignmentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _wide;
    private readonly string _narrow;

    public OtherAlignmentTests()
    {
        new SyntheticFolder(3, 2, 5).Write(_folder["faces"], threads: 1, cancellation: TestContext.Current.CancellationToken);
        _folder.Write("pairs.csv", "probe,reference,same_person\nPerson_0001_0001.jpg,Person_0001_0002.jpg,1\n"
            + "Person_0002_0001.jpg,Person_0003_0001.jpg,0\n");
        _wide = WriteModel("wide", AlignmentKind.ArcFace112x112);
        _narrow = WriteModel("narrow", AlignmentKind.ArcFace112x96);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_narrow_model_sees_the_middle_of_the_wide_crop(bool aligned)
    {
        Attack(aligned);
        using var ledger = await CarryAsync(new TransferWay(), _narrow);
        var images = ledger.Transfers.Where(t => t.Target == "narrow").ToList();
        images.ShouldNotBeEmpty();
        using var model = FaceModel.Load(_narrow, 1, gradients: false);
        var verifier = new FaceVerifier(model.Embedder, model.Descriptor.Threshold);
        foreach (var t in images)
        {
            var image = ImageTensors.FromPlanar(ledger.Adversarial(t.Image)!, new ImageSize(112, 112));
            var reference = ledger.Crop("wide", t.Image.Pair, PairSide.Reference)!;
            t.Judgement.Distance!.Value.ShouldBe(verifier.Compare(Middle(image), Middle(reference)), 2e-4);
        }
        ledger.CleanTransfers.Where(c => c.Target == "narrow").ShouldAllBe(c => c.Judgement.Outcome == TransferOutcome.Judged);
    }

    [Fact]
    public async Task Pasted_into_the_photograph_an_image_is_much_the_same_to_another_alignment()
    {
        Attack(aligned: false);
        (await CarryAsync(new TransferWay(), _narrow)).Dispose();
        using var ledger = await CarryAsync(new TransferWay(Paste: true, Detect: false), _narrow);
        var ways = ledger.Transfers.Where(t => t.Target == "narrow").ToLookup(t => t.Way);
        foreach (var (mapped, pasted) in ways["mapped"].Zip(ways["pasted"]))
        {
            pasted.Image.ShouldBe(mapped.Image);
            pasted.Judgement.Distance.ShouldNotBe(mapped.Judgement.Distance);
            pasted.Judgement.Distance!.Value.ShouldBe(mapped.Judgement.Distance!.Value, 0.1);
        }
        // Where nothing is pasted the clean photograph is the same.
        var clean = ledger.CleanTransfers.Where(c => c.Target == "narrow").ToLookup(c => c.Way, c => c.Judgement);
        clean["pasted"].ShouldBe(clean["mapped"]);
    }

    [Fact]
    public async Task A_detector_that_finds_nobody_hides_everybody()
    {
        // The made-up detector takes bright windows for faces.
        Darken();
        Attack(aligned: false);
        MadeUpMtcnn.Write(_folder["weights"], everywhere: false);
        using var ledger = await CarryAsync(new TransferWay(Paste: true, Detect: true), _narrow);
        ledger.Transfers.ShouldAllBe(t => t.Judgement.Outcome == TransferOutcome.NoFace && t.Fooled == t.SamePerson);
        ledger.CleanTransfers.ShouldAllBe(c => c.Right == false && c.Judgement.RightConfidence(c.SamePerson) == 0);
        ledger.Targets.ShouldAllBe(t => t.Way == "pasted-detected");
    }

    [Fact]
    public async Task A_detector_that_finds_faces_is_asked_about_what_is_handed_over()
    {
        Attack(aligned: false);
        MadeUpMtcnn.Write(_folder["weights"], everywhere: true);
        using var ledger = await CarryAsync(new TransferWay(Paste: false, Detect: true), _narrow);
        ledger.Transfers.ShouldNotBeEmpty();
        ledger.Transfers.ShouldAllBe(t => t.Way == "detected" && t.Judgement.Outcome == TransferOutcome.Judged);
    }

    private static FaceImage Middle(FaceImage wide)
    {
        var pixels = new byte[3 * 96 * 112];
        for (var y = 0; y < 112; y++) wide.Pixels.AsSpan(3 * (112 * y + 8), 3 * 96).CopyTo(pixels.AsSpan(3 * 96 * y));
        return new FaceImage(96, 112, pixels);
    }

    private void Darken()
    {
        foreach (var file in Directory.GetFiles(SyntheticFolder.ImagesIn(_folder["faces"]), "*.jpg", SearchOption.AllDirectories))
        {
            var photo = ImageFile.Read(file);
            var dark = new FaceImage(photo.Width, photo.Height, Array.ConvertAll(photo.Pixels, v => (byte)(v / 4)));
            File.WriteAllBytes(Path.ChangeExtension(file, ".png"), ImageFile.EncodePng(dark));
            File.Delete(file);
        }
    }

    private void Attack(bool aligned)
    {
        var images = SyntheticFolder.ImagesIn(_folder["faces"]);
        var landmarks = SyntheticFolder.LandmarksIn(_folder["faces"]);
        if (aligned)
        {
            var table = LandmarkFile.Read(landmarks);
            foreach (var file in Directory.GetFiles(images, "*.jpg", SearchOption.AllDirectories))
            {
                var face = table.Find(Path.GetFileName(file))!;
                var crop = FaceAligner.Align(ImageFile.Read(file), face.Landmarks, AlignmentKind.ArcFace112x112);
                _folder.Write(Path.Combine("crops", Path.GetFileNameWithoutExtension(file) + ".png"), ImageFile.EncodePng(crop));
            }
        }
        var experiment = new Experiment
        {
            Models = [_wide],
            Images = aligned ? _folder["crops"] : images,
            Pairs = _folder["pairs.csv"],
            Landmarks = aligned ? null : landmarks,
            Aligned = aligned,
            Attacks = ["minimal/fgsm", "minimal/deepfool"],
            Storage = [StorageNames.EightBit],
            Threads = 1,
        };
        using var plan = ExperimentPlan.Open(experiment);
        using var ledger = RunLedger.Create(_folder["run"], plan.Experiment, plan.Pairs, plan.Cells);
        new ExperimentRunner(plan, ledger).Run();
    }

    private async Task<RunLedger> CarryAsync(TransferWay way, string target)
    {
        using (var ledger = RunLedger.Resume(_folder["run"]))
        {
            using var plan = TransferPlan.Open(
                ledger, [target], new TransferSettings { Way = way, Threads = 1, Detector = way.Detect ? _folder["weights"] : null });
            await new TransferRunner(plan, ledger).RunAsync(cancellation: TestContext.Current.CancellationToken);
        }
        return RunLedger.Read(_folder["run"]);
    }

    /// <summary>A network that looks at coarse patches, with a threshold that pairs lie on both sides of.</summary>
    private string WriteModel(string name, AlignmentKind kind)
    {
        var size = kind.CropSize()!.Value;
        var random = new Random(3);
        float[] weights = [.. Enumerable.Range(0, 12 * 3 * 16 * 16).Select(_ => (float)(2 * random.NextDouble() - 1) / 16)];
        var network = new OnnxModelBuilder(13, -1, 3, size.Height, size.Width)
            .Constant("w", [12, 3, 16, 16], weights)
            .Node("Conv", ["x", "w"], ["c"], ("strides", new long[] { 16, 16 })).Node("Tanh", ["c"], ["t"])
            .Node("Flatten", ["t"], ["y"]).Build(shape: [-1, 12 * (size.Height / 16) * (size.Width / 16)]);
        _folder.Write($"{name}.onnx", network.ToByteArray());
        return _folder.Write($"{name}.model.json", string.Create(CultureInfo.InvariantCulture, $$"""
            {"name": "{{name}}", "file": "{{name}}.onnx", "format": "onnx", "alignment": "{{kind.Name()}}", "license": "none",
             "embeddingSize": {{12 * (size.Height / 16) * (size.Width / 16)}}, "threshold": 0.45,
             "input": {"width": {{size.Width}}, "height": {{size.Height}}, "mean": 127.5, "std": 127.5} }
            """));
    }
}
