using System.CommandLine;
using System.Globalization;
using Masquerade.Cli.Progress;
using Masquerade.Training;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq train</c>: what can be trained.</summary>
internal sealed class TrainCommand : MasqCommand
{
    public TrainCommand(CommandHost host) : base("train", "Trains what a verifier is made of.", "masq train verifier --help")
    {
        Add(new TrainVerifierCommand(host));
        Add(new TrainPatchPriorCommand(host));
    }
}

/// <summary><c>masq train verifier</c>: an embedder from a folder of people or from people who do not exist.</summary>
internal sealed class TrainVerifierCommand : MasqCommand
{
    private static readonly TrainingSettings Defaults = new() { Name = "verifier" };

    private readonly CommandHost _host;
    private readonly Option<string?> _out = new("--out", "-o") { Description = "Folder to write; must not hold a training yet.", HelpName = "FOLDER" };
    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Go on with the training in this folder, as its own settings say.",
        HelpName = "FOLDER",
    };
    private readonly Option<string?> _name = new("--name") { Description = "The model's name; the folder's own if left out.", HelpName = "NAME" };
    private readonly TrainingDataOptions _data = new(leastCaptures: 2, captures: 10);
    private readonly Option<int> _epochs = new("--epochs") { Description = "How often every photograph is seen.", HelpName = "N", DefaultValueFactory = _ => Defaults.Epochs };
    private readonly Option<int> _batch = new("--batch") { Description = "Photographs in a step.", HelpName = "N", DefaultValueFactory = _ => Defaults.Batch };
    private readonly Option<double> _rate = new("--learning-rate") { Description = "Largest learning rate.", HelpName = "R", DefaultValueFactory = _ => Defaults.LearningRate };
    private readonly Option<MarginLoss> _loss = new("--loss") { Description = "Margin softmax loss: cosface or arcface.", HelpName = "LOSS", DefaultValueFactory = _ => Defaults.Loss };
    private readonly Option<double> _margin = new("--margin") { Description = "Margin of the loss.", HelpName = "M", DefaultValueFactory = _ => Defaults.Margin };
    private readonly Option<double> _scale = new("--scale") { Description = "Scale of the loss.", HelpName = "S", DefaultValueFactory = _ => Defaults.Scale };
    private readonly Option<bool> _adversarial = new("--adversarial") { Description = "Attack every batch before it is learned: a network that is harder to fool." };
    private readonly Option<double?> _epsilon = new("--epsilon") { Description = "Largest L2 norm of that attack, over values in [0,1].", HelpName = "E" };
    private readonly Option<int?> _steps = new("--steps") { Description = "Gradient steps of that attack.", HelpName = "N" };
    private readonly Option<string?> _from = new("--from") { Description = "Begin with the weights of another training's checkpoint.", HelpName = "FILE" };
    private readonly Option<int> _validation = new("--validation-people")
    {
        Description = "People kept from training, to judge the network on.",
        HelpName = "N",
        DefaultValueFactory = _ => Defaults.ValidationPeople,
    };
    private readonly Option<int> _patience = new("--patience")
    {
        Description = "End after so many epochs without a better network; 0 for never.",
        HelpName = "N",
        DefaultValueFactory = _ => Defaults.Patience,
    };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Of weights, order and augmentation.", HelpName = "S", DefaultValueFactory = _ => 0 };
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _strict = CommonOptions.Strict();

    public TrainVerifierCommand(CommandHost host) : base("verifier",
        "Trains a face embedder with a margin softmax loss, on a folder of people or on people who do not exist, and writes it as ONNX with a "
        + "descriptor. Ctrl-C keeps what is done; --resume goes on to the same weights.",
        "masq train verifier --people 1000 --out trained/mine",
        "masq train verifier --images lfw --landmarks landmarks.csv --validation-people 500 --patience 5 --out trained/lfw",
        "masq train verifier --people 1000 --adversarial --epsilon 2 --from trained/mine/checkpoint.safetensors --out trained/mine-robust",
        "masq train verifier --resume trained/mine")
    {
        _host = host;
        Option[] settings =
        [
            _name, .. _data.All, _epochs, _batch, _rate, _loss, _margin, _scale, _adversarial, _epsilon, _steps, _from, _validation,
            _patience, _seed, _threads,
        ];
        Add(_out);
        Add(_resume);
        foreach (var option in settings) Add(option);
        Add(_strict);
        _data.CheckIn(this, _resume);
        Validators.Add(result =>
        {
            if (result.GetResult(_resume) is not null)
            {
                if (settings.Append(_out).Any(option => result.GetResult(option) is { Implicit: false }))
                    result.AddError("--resume takes its settings from the training: give no others beside it");
                return;
            }
            if (result.GetResult(_out) is null) result.AddError("--out FOLDER is needed (or --resume FOLDER)");
        });
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var resume = parsed.GetValue(_resume);
        var trainer = resume is not null ? VerifierTrainer.Resume(resume) : Create(parsed);
        var journal = trainer.Journal;
        var faces = await TrainingDataOptions.LoadAsync(_host, journal.Data, least: 2, journal.Settings.Threads, parsed.GetValue(_strict), cancellation);
        var descriptor = await ProgressReporter.RunAsync(_host, "training", progress => trainer.Train(faces, at =>
        {
            if (at.Finished is { } epoch) progress.Say(Line(epoch, journal.Settings.Epochs));
            progress.Report(at.Step, at.Steps, at.Loss is null ? null
                : string.Create(CultureInfo.InvariantCulture, $"epoch {at.Epoch}, loss {at.Loss:F2}"));
        }, cancellation));
        var best = trainer.Journal.BestEpoch!;
        _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{descriptor}: the network of epoch {best.Epoch}, {Judged(best.Validation)}; on people kept from training"));
        return ExitCodes.Done;
    }

    private VerifierTrainer Create(ParseResult parsed)
    {
        var folder = parsed.GetRequiredValue(_out!)!;
        if (!parsed.GetValue(_adversarial) && (parsed.GetValue(_epsilon) is not null || parsed.GetValue(_steps) is not null))
            throw new InputException("--epsilon and --steps are of --adversarial: give it, too");
        var attack = new AdversarialSettings();
        return VerifierTrainer.Create(
            new TrainingSettings
            {
                Name = parsed.GetValue(_name) ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
                Epochs = parsed.GetValue(_epochs),
                Batch = parsed.GetValue(_batch),
                LearningRate = parsed.GetValue(_rate),
                Loss = parsed.GetValue(_loss),
                Margin = parsed.GetValue(_margin),
                Scale = parsed.GetValue(_scale),
                Adversarial = !parsed.GetValue(_adversarial) ? null
                    : new AdversarialSettings(parsed.GetValue(_epsilon) ?? attack.Epsilon, parsed.GetValue(_steps) ?? attack.Steps),
                From = parsed.GetValue(_from) is { } from ? Path.GetFullPath(from) : null,
                ValidationPeople = parsed.GetValue(_validation),
                Patience = parsed.GetValue(_patience),
                Seed = parsed.GetValue(_seed),
                Threads = CommonOptions.ThreadCount(parsed.GetValue(_threads)),
            },
            _data.Read(parsed), folder);
    }

    private static string Line(TrainingEpoch epoch, int epochs) => string.Create(CultureInfo.InvariantCulture,
        $"epoch {epoch.Epoch} of {epochs}: loss {epoch.Loss:F3}, {Judged(epoch.Validation)}{(epoch.Best ? ", the best so far" : "")}");

    private static string Judged(ValidationScores scores) => string.Create(CultureInfo.InvariantCulture,
        $"accuracy {scores.Accuracy:P2}, TAR {scores.Tar:P1} at FAR 0.1 %{(scores.UnderAttack is { } attacked
            ? string.Create(CultureInfo.InvariantCulture, $", under attack {attacked:P1}") : "")}");
}
