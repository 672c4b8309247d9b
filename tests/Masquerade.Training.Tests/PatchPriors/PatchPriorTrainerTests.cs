using Masquerade.Defenses;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Networks.Checkpoints;
using Masquerade.Training.PatchPriors;
using static TorchSharp.torch;

namespace Masquerade.Training.Tests.PatchPriors;

public sealed class PatchPriorTrainerTests(PaintedFaces painted) : IClassFixture<PaintedFaces>, IDisposable
{
    private static readonly PatchPriorSettings Settings = new()
    {
        Name = "small",
        Components = 6,
        PatchSize = 4,
        Rank = 8,
        Patches = 3000,
        Iterations = 6,
        ValidationPeople = 2,
        Seed = 3,
    };

    private static readonly TrainingData Data = new() { People = PaintedFaces.People, Captures = PaintedFaces.Captures, Seed = 77 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Interrupted_and_resumed_it_ends_with_the_same_prior()
    {
        Train(Settings, "whole");
        Interrupt(PatchPriorTrainer.Create(Settings, Data, _folder["parts"]), after: 1); // before the first step
        PatchPriorTrainer.Resume(_folder["parts"]).Journal.Iterations.ShouldBeEmpty();
        Interrupt(PatchPriorTrainer.Resume(_folder["parts"]), after: 3);
        PatchPriorTrainer.Resume(_folder["parts"]).Journal.Iterations.Count.ShouldBe(2);
        Interrupt(PatchPriorTrainer.Resume(_folder["parts"]), after: 2);
        Go(PatchPriorTrainer.Resume(_folder["parts"]));
        Same("small.safetensors", "training.json", "checkpoint.safetensors");
        // And one that is over is written again, no more.
        Go(PatchPriorTrainer.Resume(_folder["parts"]));
        Same("small.safetensors", "training.json", "checkpoint.safetensors");

        void Same(params string[] files)
        {
            foreach (var file in files)
                File.ReadAllBytes(_folder[$"parts/{file}"]).ShouldBe(File.ReadAllBytes(_folder[$"whole/{file}"]), file);
        }
    }

    [Fact]
    public void It_learns_and_takes_noise_off_people_it_never_saw()
    {
        var trainer = PatchPriorTrainer.Create(Settings with { Iterations = 15 }, Data, _folder["t"]);
        var path = Go(trainer);
        path.ShouldBe(_folder["t/small.safetensors"]);
        var steps = trainer.Journal.Iterations;
        steps.Select(s => s.Iteration).ShouldBe(Enumerable.Range(1, 15));
        for (var i = 1; i < steps.Count; i++) steps[i].LogLikelihood.ShouldBeGreaterThan(steps[i - 1].LogLikelihood - 5e-3);
        steps[^1].HeldOut.ShouldBeGreaterThan(steps[0].HeldOut);
        var scores = trainer.Journal.Validation!;
        scores.LogLikelihood.ShouldBe(steps[^1].HeldOut, 1e-9);
        scores.NoisyPsnr.ShouldBeInRange(20, 21.5);
        scores.Psnr.ShouldBeGreaterThan(scores.NoisyPsnr + 6);
        using var epll = PurifierRegistry.Open($"epll:25:{path}");
        PatchPriorTrainer.Resume(_folder["t"]).Journal.Settings.ShouldBe(Settings with { Iterations = 15 });
    }

    [Fact]
    public void Another_seed_ends_elsewhere()
    {
        File.ReadAllBytes(Train(Settings, "a")).ShouldNotBe(File.ReadAllBytes(Train(Settings with { Seed = 4 }, "b")));
    }

    [Fact]
    public void What_cannot_be_is_said_in_a_line()
    {
        Train(Settings, "t");
        Refused("holds a training already", () => PatchPriorTrainer.Create(Settings, Data, _folder["t"]));
        Refused("holds no training", () => PatchPriorTrainer.Resume(_folder["nowhere"]));
        Refused("is a file", () => PatchPriorTrainer.Create(Settings, Data, _folder["t/small.safetensors"]));
        Refused("two more than that", () => Train(Settings with { ValidationPeople = 8 }, "few"));
        Refused("no file name", () => Train(Settings with { Name = "a/b" }, "x"));
        Refused("the training's own", () => Train(Settings with { Name = "checkpoint" }, "x"));
        Refused("0 components", () => Train(Settings with { Components = 0 }, "x"));
        Refused("patches of 17 pixels", () => Train(Settings with { PatchSize = 17 }, "x"));
        Refused("a rank of 46 is not possible for patches of 4 pixels; 1 to 45", () => Train(Settings with { Rank = 46 }, "x"));
        Refused("too much to write", () => Train(Settings with { Components = 1000, PatchSize = 16, Rank = 700 }, "x"));
        Refused("99 patches", () => Train(Settings with { Patches = 99 }, "x"));
        Refused("2000000000 patches", () => Train(Settings with { Patches = 2_000_000_000 }, "x"));
        Refused("0 iterations", () => Train(Settings with { Iterations = 0 }, "x"));
        var others = TrainingPeople.Paint(PaintedFaces.People, 2, seed: 78, threads: 2, cancellation: Token);
        Refused("is not what the training in", () => PatchPriorTrainer.Resume(_folder["t"]).Train(others, cancellation: Token));

        var whole = File.ReadAllBytes(_folder["t/checkpoint.safetensors"]);
        _folder.Write("cut/checkpoint.safetensors", whole[..^1000]);
        Refused("cut short", () => PatchPriorTrainer.Resume(_folder["cut"]));
        _folder.Write("prior/checkpoint.safetensors", File.ReadAllBytes(_folder["t/small.safetensors"]));
        Refused("it has no journal", () => PatchPriorTrainer.Resume(_folder["prior"]));
    }

    [Fact]
    public void A_checkpoint_whose_prior_is_another_is_refused()
    {
        using var scope = NewDisposeScope();
        Train(Settings, "t");
        Train(Settings with { Components = 5 }, "five");
        var tensors = CheckpointReader.Read(_folder["five/checkpoint.safetensors"]).ToDictionary(t => t.Key, t => t.Value.ToTensor());
        tensors["journal"] = CheckpointReader.Read(_folder["t/checkpoint.safetensors"])["journal"].ToTensor();
        SafetensorsWriter.Write(_folder["five/checkpoint.safetensors"], tensors);
        Refused("is not of its own settings", () => Go(PatchPriorTrainer.Resume(_folder["five"])));
        tensors["bases"] = tensors["bases"].FilledLike(double.NaN);
        SafetensorsWriter.Write(_folder["five/checkpoint.safetensors"], tensors);
        Refused("holds NaN", () => Go(PatchPriorTrainer.Resume(_folder["five"])));
    }

    private string Train(PatchPriorSettings settings, string folder) => Go(PatchPriorTrainer.Create(settings, Data, _folder[folder]));

    private string Go(PatchPriorTrainer trainer) => trainer.Train(painted.Faces, cancellation: Token);

    private void Interrupt(PatchPriorTrainer trainer, int after)
    {
        using var source = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => trainer.Train(painted.Faces, _ =>
        {
            if (--after == 0) source.Cancel();
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
