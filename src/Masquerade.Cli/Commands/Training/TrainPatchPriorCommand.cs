using System.CommandLine;
using System.Globalization;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Datasets;
using Masquerade.Training.PatchPriors;

namespace Masquerade.Cli.Commands.Training;

/// <summary><c>masq train patch-prior</c>: what patches of faces look like, of people who exist or do not.</summary>
internal sealed class TrainPatchPriorCommand : MasqCommand
{
    private static readonly PatchPriorSettings Defaults = new() { Name = "patch-prior" };

    private readonly CommandHost _host;
    private readonly TrainingDataOptions _data = new(leastCaptures: 1, captures: 1);
    private readonly TrainingFolderOptions _folder = new("prior");
    private readonly Option<int> _components = Whole("--components", "Gaussians of the mixture.", "K", Defaults.Components);
    private readonly Option<int> _size = Whole("--patch-size", "Side of a patch in pixels.", "N", Defaults.PatchSize);
    private readonly Option<int> _rank = Whole("--rank", "Directions of a Gaussian with a variance of their own.", "R", Defaults.Rank);
    private readonly Option<int> _patches = Whole("--patches", "Patches to learn from.", "N", Defaults.Patches);
    private readonly Option<int> _iterations = Whole("--iterations", "Steps, each over all patches.", "N", Defaults.Iterations);
    private readonly Option<int> _validation =
        Whole("--validation-people", "People kept from training, to judge the prior on.", "N", Defaults.ValidationPeople);
    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Of the patches and the first components.",
        HelpName = "S",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _strict = CommonOptions.Strict();

    public TrainPatchPriorCommand(CommandHost host) : base("patch-prior",
        "Learns a mixture of Gaussians over small patches of faces, on a folder of people or on people who do not exist, and writes it "
        + "as safetensors: what the defense epll:SIGMA:FILE restores images by. Ctrl-C keeps what is done; --resume goes on to the same "
        + "prior.",
        "masq train patch-prior --people 2000 --out trained/prior",
        "masq train patch-prior --images lfw --landmarks landmarks.csv --people-list people.txt --pairs pairs.txt --out trained/lfw-prior",
        "masq train patch-prior --resume trained/prior")
    {
        _host = host;
        _folder.AddTo(this, [.. _data.All, _components, _size, _rank, _patches, _iterations, _validation, _seed, _threads]);
        Add(_strict);
        _data.CheckIn(this, _folder.Resume);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var trainer = parsed.GetValue(_folder.Resume) is { } resume ? PatchPriorTrainer.Resume(resume) : Create(parsed);
        var settings = trainer.Journal.Settings;
        var faces = await TrainingDataOptions.LoadAsync(
            _host, trainer.Journal.Data, least: 1, settings.Threads, parsed.GetValue(_strict), cancellation);
        var written = await ProgressReporter.RunAsync(_host, "training", progress => trainer.Train(faces, step =>
        {
            if (step is not null) progress.Say(Line(step, settings.Iterations));
            progress.Report(trainer.Journal.Iterations.Count, settings.Iterations);
        }, cancellation));
        var scores = trainer.Journal.Validation!;
        _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{written}: log-likelihood {scores.LogLikelihood:F2} a patch, EPLL takes noise of 25 levels from {scores.NoisyPsnr:F2} to "
            + $"{scores.Psnr:F2} dB; on people kept from training"));
        return ExitCodes.Done;
    }

    private PatchPriorTrainer Create(ParseResult parsed)
    {
        var (folder, name) = _folder.Read(parsed);
        return PatchPriorTrainer.Create(
            new PatchPriorSettings
            {
                Name = name,
                Components = parsed.GetValue(_components),
                PatchSize = parsed.GetValue(_size),
                Rank = parsed.GetValue(_rank),
                Patches = parsed.GetValue(_patches),
                Iterations = parsed.GetValue(_iterations),
                ValidationPeople = parsed.GetValue(_validation),
                Seed = parsed.GetValue(_seed),
                Threads = CommonOptions.ThreadCount(parsed.GetValue(_threads)),
            },
            _data.Read(parsed), folder);
    }

    private static Option<int> Whole(string name, string description, string helpName, int usual) =>
        new(name) { Description = description, HelpName = helpName, DefaultValueFactory = _ => usual };

    private static string Line(PatchPriorIteration step, int steps) => string.Create(CultureInfo.InvariantCulture,
        $"step {step.Iteration} of {steps}: log-likelihood {step.LogLikelihood:F3}, of people kept from training {step.HeldOut:F3}");
}
