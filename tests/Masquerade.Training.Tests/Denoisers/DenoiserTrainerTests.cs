using Masquerade.Defenses.Learned;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;
using Masquerade.Networks;
using Masquerade.Networks.Onnx;
using Masquerade.Training.Denoisers;
using Masquerade.Training.Verifiers;
using static TorchSharp.torch;

namespace Masquerade.Training.Tests.Denoisers;

public sealed class DenoiserTrainerTests(PaintedFaces painted) : IClassFixture<PaintedFaces>, IDisposable
{
    private static readonly DenoiserTrainingSettings Settings = new()
    {
        Name = "small",
        Epochs = 2,
        Batch = 8,
        ValidationPeople = 3,
        Window = 24,
        Seed = 5,
        Noise = new NoiseLevels(10, 40),
    };

    private static readonly TrainingData Data = new() { People = PaintedFaces.People, Captures = PaintedFaces.Captures, Seed = 77 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("noise")]
    [InlineData("adversarial")]
    public void Interrupted_and_resumed_it_ends_with_the_same_weights(string what)
    {
        var settings = what == "noise" ? Settings : Settings with
        {
            Noise = null,
            Adversarial = new AdversarialNoise(CropEmbedder.Write(_folder), new AdversarialSettings(2, 2)),
        };
        Train(settings, "whole");
        // Six steps: interrupted in the first epoch, and again in the second.
        Interrupt(DenoiserTrainer.Create(settings, Data, _folder["parts"]), after: 2);
        Interrupt(DenoiserTrainer.Resume(_folder["parts"]), after: 3);
        DenoiserTrainer.Resume(_folder["parts"]).Train(painted.Faces, cancellation: Token);
        foreach (var file in new[] { "small.onnx", "training.json", "checkpoint.safetensors" })
            File.ReadAllBytes(_folder[$"parts/{file}"]).ShouldBe(File.ReadAllBytes(_folder[$"whole/{file}"]), $"{what}: {file}");
        DenoiserTrainer.Resume(_folder["parts"]).Journal.Settings.ShouldBe(settings);
    }

    [Fact]
    public void It_learns_to_take_off_noise()
    {
        var settings = Settings with { Epochs = 12, Noise = new NoiseLevels(50, 50), LearningRate = 2e-3 };
        var trainer = DenoiserTrainer.Create(settings, Data, _folder["t"]);
        trainer.Train(painted.Faces, cancellation: Token);
        var losses = trainer.Journal.Epochs.Select(e => e.Loss).ToArray();
        losses[^1].ShouldBeLessThan(losses[0] * 0.6);
        var best = trainer.Journal.BestEpoch!.Validation;
        // 20·log10(255/50), as the noise is not clipped.
        best.DisturbedPsnr.ShouldBe(14.15, 0.1);
        best.Psnr.ShouldBeGreaterThan(best.DisturbedPsnr + 3);
    }

    [Theory]
    [InlineData(112, 112)]
    [InlineData(31, 46)]
    [InlineData(18, 17)]
    public void The_file_is_the_network_at_any_size_and_in_both_engines(int width, int height)
    {
        Train(Settings, "t");
        new FileInfo(_folder["t/small.onnx"]).Length.ShouldBeLessThan(4_000_000);
        using var network = new DenoiserNetwork(0);
        TrainingState.ReadNetwork(_folder["t/checkpoint.safetensors"], network, DenoiserNetwork.Architecture);
        network.eval();
        using var purifier = OnnxPurifier.Open(_folder["t/small.onnx"], "small", threads: 1);
        purifier.NotDifferentiable.ShouldBeNull();
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var images = tensor(ProbeImages.Create(new ImageSize(width, height), 3), [3, 3, height, width]);
        var expected = network.forward(images).Clipped();
        (purifier.Purify(images) - expected).abs().max().item<float>().ShouldBeLessThan(1e-5f);
        (purifier.PurifyForGradient(images) - expected).abs().max().item<float>().ShouldBeLessThan(1e-5f);
        OnnxModelFile.Read(_folder["t/small.onnx"]).DocString
            .ShouldStartWith("trained by masq train denoiser against Gaussian noise of 10:40 levels on 24 ");
    }

    [Fact]
    public void Each_image_has_a_noise_of_its_own_strength()
    {
        using var scope = NewDisposeScope();
        using var noise = new GaussianDisturbance(new NoiseLevels(10, 50), 40);
        var clean = zeros(3, 3, 40, 40);
        var disturbed = noise.Apply(clean, [0, 0.5f, 1], new CounterRandom(1, "test", ""), 0);
        var deviations = disturbed.flatten(1).std(1).Times(255).data<float>().ToArray();
        for (var i = 0; i < 3; i++) deviations[i].ShouldBe(10 + 20 * i, tolerance: 0.05 * (10 + 20 * i));
        var again = noise.Apply(clean, [0, 0.5f, 1], new CounterRandom(1, "test", ""), 0);
        var another = noise.Apply(clean, [0, 0.5f, 1], new CounterRandom(1, "test", ""), 1);
        again.equal(disturbed).all().item<bool>().ShouldBeTrue();
        another.equal(disturbed).any().item<bool>().ShouldBeFalse();
    }

    [Fact]
    public void Adversarial_images_move_to_the_next_person_or_away_from_their_own()
    {
        using var scope = NewDisposeScope();
        using var attack = new AdversarialDisturbance(new AdversarialNoise(CropEmbedder.Write(_folder), new AdversarialSettings(2, 5)), 1);
        using var model = Masquerade.Models.FaceModel.Load(_folder["crop.model.json"], 1, gradients: false);
        var clean = ImageTensors.ToTensor([.. Enumerable.Range(0, 4).Select(i => painted.Faces.Crop(4 * i))]);
        var disturbed = attack.Apply(clean, [1, 1, 0.5f, 0.5f], new CounterRandom(1, "test", ""), 0);
        var lengths = (disturbed - clean).flatten(1).norm(1).data<float>().ToArray();
        lengths[..2].ShouldAllBe(l => l > 0.9 && l <= 2.001);
        lengths[2..].ShouldAllBe(l => l > 0.45 && l <= 1.001);
        var (before, after) = (model.Embedder.Embed(clean), model.Embedder.Embed(disturbed));
        float Distance(Tensor a, int i, int j) => (a[i] - before[j]).Squared().sum().item<float>();
        foreach (var i in new[] { 0, 2 }) Distance(after, i, i).ShouldBeGreaterThan(1e-3f);
        foreach (var i in new[] { 1, 3 }) Distance(after, i, (i + 1) % 4).ShouldBeLessThan(Distance(before, i, (i + 1) % 4));
    }

    [Fact]
    public void What_cannot_be_is_said_in_a_line()
    {
        Refused("one of the two", () => Train(Settings with { Noise = null }, "none"));
        Refused("noise of 40:10 is not possible", () => Train(Settings with { Noise = new NoiseLevels(40, 10) }, "swapped"));
        Refused("noise of 0 is not possible", () => Train(Settings with { Noise = new NoiseLevels(0, 0) }, "nothing"));
        Refused("windows of 200 pixels", () => Train(Settings with { Window = 200 }, "window"));
        Refused("an epsilon above 0", () => Train(Adversarial("nowhere.model.json", 0), "epsilon"));
        Refused("nowhere.model.json", () => Train(Adversarial(_folder["nowhere.model.json"], 1), "nowhere"));
        Refused("takes crops of 16x20", () => Train(Adversarial(CropEmbedder.Write(_folder, new ImageSize(16, 20)), 1), "size"));
        Train(Settings, "t");
        Refused("its journal is not of such a training", () => VerifierTrainer.Resume(_folder["t"]));
        Directory.Exists(_folder["size"]).ShouldBeFalse();

        static DenoiserTrainingSettings Adversarial(string model, double epsilon) =>
            Settings with { Noise = null, Adversarial = new AdversarialNoise(model, new AdversarialSettings(epsilon, 1)) };
    }

    private string Train(DenoiserTrainingSettings settings, string folder) =>
        DenoiserTrainer.Create(settings, Data, _folder[folder]).Train(painted.Faces, cancellation: Token);

    private void Interrupt(DenoiserTrainer trainer, int after)
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
