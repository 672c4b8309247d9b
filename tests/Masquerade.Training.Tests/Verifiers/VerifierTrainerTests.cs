using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;
using Masquerade.Models;
using Masquerade.Networks.Checkpoints;
using Masquerade.Networks.Onnx;
using Masquerade.Training.Verifiers;
using static TorchSharp.torch;

namespace Masquerade.Training.Tests.Verifiers;

public sealed class VerifierTrainerTests(PaintedFaces painted) : IClassFixture<PaintedFaces>, IDisposable
{
    private static readonly VerifierTrainingSettings Settings = new()
    {
        Name = "small",
        Epochs = 2,
        Batch = 8,
        ValidationPeople = 3,
        Seed = 5,
        LearningRate = 0.05,
    };

    private static readonly TrainingData Data = new() { People = PaintedFaces.People, Captures = PaintedFaces.Captures, Seed = 77 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, VerifierTrainingSettings> Kinds => new()
    {
        { "plain", Settings },
        { "adversarial", Settings with { Adversarial = new AdversarialSettings(2, 2) } },
        { "arcface", Settings with { Loss = MarginLoss.ArcFace, Margin = 0.4 } },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Interrupted_and_resumed_it_ends_with_the_same_weights(string what, VerifierTrainingSettings settings)
    {
        Train(settings, "whole");
        // Six steps: interrupted in the first epoch, and again in the second.
        Interrupt(VerifierTrainer.Create(settings, Data, _folder["parts"]), after: 2);
        Interrupt(VerifierTrainer.Resume(_folder["parts"]), after: 3);
        VerifierTrainer.Resume(_folder["parts"]).Train(painted.Faces, cancellation: Token);
        foreach (var file in new[] { "small.onnx", "small.model.json", "training.json", "checkpoint.safetensors" })
            File.ReadAllBytes(Path.Combine(_folder["parts"], file)).ShouldBe(File.ReadAllBytes(Path.Combine(_folder["whole"], file)), $"{what}: {file}");
        // And one that is over is written again, no more.
        VerifierTrainer.Resume(_folder["parts"]).Train(painted.Faces, cancellation: Token);
        File.ReadAllBytes(Path.Combine(_folder["parts"], "small.onnx")).ShouldBe(File.ReadAllBytes(Path.Combine(_folder["whole"], "small.onnx")), what);
    }

    [Fact]
    public void Another_seed_ends_elsewhere_and_settings_are_kept()
    {
        Train(Settings, "a");
        Train(Settings with { Seed = 6 }, "b");
        File.ReadAllBytes(_folder["a/small.onnx"]).ShouldNotBe(File.ReadAllBytes(_folder["b/small.onnx"]));
        var journal = VerifierTrainer.Resume(_folder["b"]).Journal;
        journal.Settings.ShouldBe(Settings with { Seed = 6 });
        journal.Epochs.Select(e => e.Epoch).ShouldBe([1, 2]);
    }

    [Fact]
    public void It_learns()
    {
        // Without a margin the losses of two epochs can be compared.
        var trainer = VerifierTrainer.Create(Settings with { Epochs = 12, Margin = 0, ValidationPeople = 2 }, Data, _folder["t"]);
        trainer.Train(painted.Faces, cancellation: Token);
        var losses = trainer.Journal.Epochs.Select(e => e.Loss).ToArray();
        losses[^1].ShouldBeLessThan(losses[0] * 0.6);
    }

    [Fact]
    public void The_model_loads_as_any_other_within_its_limits_and_in_both_engines()
    {
        var descriptor = Train(Settings, "t");
        new FileInfo(_folder["t/small.onnx"]).Length.ShouldBeLessThan(3_000_000);
        using var model = FaceModel.Load(descriptor, threads: 1, gradients: true);
        model.NotDifferentiable.ShouldBeNull();
        model.Descriptor.Threshold.ShouldBe(Math.Max(VerifierTrainer.Resume(_folder["t"]).Journal.BestEpoch!.Validation.Threshold, 0.01), 1e-9);
        var statistics = OnnxGraphStatistics.Of(OnnxModelFile.Read(_folder["t/small.onnx"]), "small", [1, 3, 112, 112]);
        statistics.Flops!.Value.ShouldBeInRange(50_000_000, 100_000_000);

        // The file's network is the checkpoint's best one, batch norms folded or not.
        using var network = new VerifierNetwork(0);
        TrainingState.ReadNetwork(_folder["t/checkpoint.safetensors"], network, VerifierNetwork.Architecture);
        network.eval();
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var images = ImageTensors.ToTensor([painted.Faces.Crop(0), painted.Faces.Crop(5)]);
        (model.Embedder.Embed(images) - network.forward(images)).abs().max().item<float>().ShouldBeLessThan(1e-4f);
    }

    [Fact]
    public void It_begins_with_another_trainings_weights()
    {
        Train(Settings, "first");
        var settings = Settings with { From = _folder["first/checkpoint.safetensors"], LearningRate = 1e-9, WeightDecay = 0, Epochs = 1 };
        Train(settings, "second");
        var (first, second) = (CheckpointReader.Read(_folder["first/checkpoint.safetensors"]), CheckpointReader.Read(_folder["second/checkpoint.safetensors"]));
        using var scope = NewDisposeScope();
        var moved = second["network.linear.weight"].ToTensor() - first["best.linear.weight"].ToTensor();
        moved.abs().max().item<float>().ShouldBeLessThan(1e-6f);
    }

    [Fact]
    public void Early_stopping_ends_it()
    {
        // Nothing is learned, so nothing gets better.
        var trainer = VerifierTrainer.Create(Settings with { Epochs = 50, Patience = 2, LearningRate = 1e-12 }, Data, _folder["t"]);
        trainer.Train(painted.Faces, cancellation: Token);
        trainer.Journal.Epochs.Count.ShouldBeLessThan(15);
        (trainer.Journal.Epochs.Count - trainer.Journal.BestEpoch!.Epoch).ShouldBe(2);
    }

    [Fact]
    public void The_learning_rate_rises_and_falls()
    {
        static double Rate(double share, double warmUp) => (Settings with { LearningRate = 2, WarmUp = warmUp }).RateAt(share) / 2;
        Rate(0, 0.1).ShouldBeInRange(1e-4, 0.02);
        Rate(0.1, 0.1).ShouldBe(1, 1e-9);
        Rate(0.55, 0.1).ShouldBe(0.5, 1e-9);
        Rate(1, 0.1).ShouldBe(0, 1e-9);
        Rate(0, 0).ShouldBe(1, 1e-9);
    }

    [Fact]
    public void Other_photographs_are_refused()
    {
        Interrupt(VerifierTrainer.Create(Settings, Data, _folder["t"]), after: 1);
        var others = TrainingPeople.Paint(PaintedFaces.People, PaintedFaces.Captures, seed: 78, threads: 2, cancellation: Token);
        var error = Should.Throw<InputException>(() => VerifierTrainer.Resume(_folder["t"]).Train(others, cancellation: Token));
        error.Message.ShouldContain("is not what the training in");
    }

    [Fact]
    public void What_cannot_be_is_said_in_a_line()
    {
        Train(Settings, "t");
        Refused("holds a training already", () => VerifierTrainer.Create(Settings, Data, _folder["t"]));
        Refused("holds no training", () => VerifierTrainer.Resume(_folder["nowhere"]));
        Refused("two more than that", () => Train(Settings with { ValidationPeople = 8 }, "few"));
        Refused("no file name", () => Train(Settings with { Name = "a/b" }, "name"));
        Refused("0 epochs", () => Train(Settings with { Epochs = 0 }, "epochs"));
        Refused("an epsilon above 0", () => Train(Settings with { Adversarial = new AdversarialSettings(0, 1) }, "epsilon"));
        Refused("no such file", () => Train(Settings with { From = _folder["none.safetensors"] }, "from"));
        Refused("is a file", () => VerifierTrainer.Create(Settings, Data, _folder["t/small.onnx"]));

        var checkpoint = File.ReadAllBytes(_folder["t/checkpoint.safetensors"]);
        var truncated = _folder.Write("cut/checkpoint.safetensors", checkpoint[..^1000]);
        Refused("cut short", () => VerifierTrainer.Resume(Path.GetDirectoryName(truncated)!));
        Refused("cut short", () => Train(Settings with { From = truncated }, "from"));
    }

    [Fact]
    public void A_checkpoint_of_another_architecture_is_refused()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder["other.safetensors"], new Dictionary<string, Tensor> { ["conv1.weight"] = zeros(8, 3, 3, 3) });
        Refused("is no checkpoint of this training", () => Train(Settings with { From = _folder["other.safetensors"] }, "a"));
        Train(Settings, "t");
        var tensors = CheckpointReader.Read(_folder["t/checkpoint.safetensors"]).ToDictionary(t => t.Key, t => t.Value.ToTensor());
        tensors["network.stem.convolution.weight"] = zeros(8, 3, 3, 3);
        Directory.CreateDirectory(_folder["wide"]);
        SafetensorsWriter.Write(_folder["wide/checkpoint.safetensors"], tensors);
        Refused("network.stem.convolution.weight is Float32 [8, 3, 3, 3]", () => VerifierTrainer.Resume(_folder["wide"]).Train(painted.Faces, cancellation: Token));
        tensors["network.stem.convolution.weight"] = zeros(16, 3, 3, 3).FilledLike(double.NaN);
        SafetensorsWriter.Write(_folder["wide/checkpoint.safetensors"], tensors);
        Refused("holds NaN", () => VerifierTrainer.Resume(_folder["wide"]).Train(painted.Faces, cancellation: Token));
    }

    [Fact]
    public void A_folder_is_read_and_what_cannot_be_used_is_listed()
    {
        for (var person = 0; person < 3; person++)
        {
            for (var photograph = 0; photograph < 3; photograph++)
            {
                Directory.CreateDirectory(_folder[$"people/p{person}"]);
                ImageFile.WritePng(_folder[$"people/p{person}/{photograph}.png"], painted.Faces.Crop(4 * person + photograph));
            }
        }
        _folder.Write("people/p0/broken.jpg", "this is no picture");
        _folder.Write("people/alone/1.jpg", "nor is this");
        var cropper = new FaceCropper(AlignmentKind.ArcFace112x112, TrainingFaces.CropSize, null, aligned: true);
        var faces = TrainingPeople.Read(FolderOfPeople.Read(_folder["people"]), cropper, least: 2, threads: 2, cancellation: Token);
        (faces.Count, faces.TooFew).ShouldBe((9, 1));
        faces.Names.ShouldBe(["p0", "p1", "p2"]);
        faces.Unusable.Select(u => u.Name).ShouldBe(["alone/1.jpg", "p0/broken.jpg"]);
        Enumerable.Range(0, 9).Select(faces.Person).ShouldBe([0, 0, 0, 1, 1, 1, 2, 2, 2]);
        faces.Crop(4).Pixels.ShouldBe(painted.Faces.Crop(5).Pixels);
        Refused("is not a JPEG", () => TrainingPeople.Read(FolderOfPeople.Read(_folder["people"]), cropper, least: 2, threads: 2, strict: true, cancellation: Token));
        _folder.Write("single/a/1.jpg", "x");
        Refused("nobody has two usable photographs", () => TrainingPeople.Read(FolderOfPeople.Read(_folder["single"]), cropper, least: 2, threads: 2, cancellation: Token));
    }

    private string Train(VerifierTrainingSettings settings, string folder) =>
        VerifierTrainer.Create(settings, Data, _folder[folder]).Train(painted.Faces, cancellation: Token);

    private void Interrupt(VerifierTrainer trainer, int after)
    {
        using var source = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => trainer.Train(painted.Faces, at =>
        {
            if (at.Loss is not null && --after == 0) source.Cancel();
        }, source.Token));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static void Refused(string message, Action act)
    {
        var error = Should.Throw<InputException>(act);
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain("\n");
    }
}
