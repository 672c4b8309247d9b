using System.CommandLine;
using System.Globalization;
using Masquerade.Evaluation.Datasets;
using Masquerade.Training;
using Masquerade.Training.Verifiers;

namespace Masquerade.Cli.Commands.Training;

/// <summary><c>masq train</c>: what can be trained.</summary>
internal sealed class TrainCommand : MasqCommand
{
    public TrainCommand(CommandHost host) : base(
        "train", "Trains verifiers and what stands in front of them.", "masq train verifier --help", "masq train denoiser --help",
        "masq train patch-prior --help", "masq train detector --help")
    {
        Add(new TrainVerifierCommand(host));
        Add(new TrainDenoiserCommand(host));
        Add(new TrainPatchPriorCommand(host));
        Add(new TrainDetectorCommand(host));
    }
}

/// <summary><c>masq train verifier</c>: an embedder from a folder of people or from people who do not exist.</summary>
internal sealed class TrainVerifierCommand : TrainNetworkCommand<VerifierTrainingSettings, ValidationScores>
{
    private static readonly VerifierTrainingSettings Defaults = new() { Name = "verifier" };

    private readonly Option<MarginLoss> _loss = new("--loss") { Description = "Margin softmax loss: cosface or arcface.", HelpName = "LOSS", DefaultValueFactory = _ => Defaults.Loss };
    private readonly Option<double> _margin = new("--margin") { Description = "Margin of the loss.", HelpName = "M", DefaultValueFactory = _ => Defaults.Margin };
    private readonly Option<double> _scale = new("--scale") { Description = "Scale of the loss.", HelpName = "S", DefaultValueFactory = _ => Defaults.Scale };
    private readonly Option<bool> _adversarial = new("--adversarial") { Description = "Attack every batch before it is learned: a network that is harder to fool." };
    private readonly AttackOptions _attack = new("--adversarial");
    private readonly Option<string?> _from = new("--from") { Description = "Begin with the weights of another training's checkpoint.", HelpName = "FILE" };

    public TrainVerifierCommand(CommandHost host) : base(host, "verifier",
        "Trains a face embedder with a margin softmax loss, on a folder of people or on people who do not exist, and writes it as ONNX with a "
        + "descriptor. Ctrl-C keeps what is done; --resume goes on to the same weights.",
        Defaults, least: 2, captures: 10,
        "masq train verifier --people 1000 --out trained/mine",
        "masq train verifier --images lfw --landmarks landmarks.csv --validation-people 500 --patience 5 --out trained/lfw",
        "masq train verifier --people 1000 --adversarial --epsilon 2 --from trained/mine/checkpoint.safetensors --out trained/mine-robust",
        "masq train verifier --resume trained/mine") =>
        AddOptions([_loss, _margin, _scale, _adversarial, .. _attack.All, _from]);

    protected override VerifierTrainingSettings Read(ParseResult parsed, string name) => new()
    {
        Name = name,
        Loss = parsed.GetValue(_loss),
        Margin = parsed.GetValue(_margin),
        Scale = parsed.GetValue(_scale),
        Adversarial = _attack.Read(parsed, parsed.GetValue(_adversarial)),
        From = parsed.GetValue(_from) is { } from ? Path.GetFullPath(from) : null,
    };

    protected override Trainer<VerifierTrainingSettings, ValidationScores> Create(
        VerifierTrainingSettings settings, TrainingData data, string folder) => VerifierTrainer.Create(settings, data, folder);

    protected override Trainer<VerifierTrainingSettings, ValidationScores> Resume(string folder) => VerifierTrainer.Resume(folder);

    protected override string Judged(ValidationScores scores) => string.Create(CultureInfo.InvariantCulture,
        $"accuracy {scores.Accuracy:P2}, TAR {scores.Tar:P1} at FAR 0.1 %{(scores.UnderAttack is { } attacked
            ? string.Create(CultureInfo.InvariantCulture, $", under attack {attacked:P1}") : "")}");
}

/// <summary>The options of attacks that are learned against.</summary>
/// <param name="of">The option that asks for attacks.</param>
internal sealed class AttackOptions(string of)
{
    private readonly Option<double?> _epsilon = new("--epsilon")
    {
        Description = "Largest L2 norm of that attack, over values in [0,1].",
        HelpName = "E",
    };
    private readonly Option<int?> _steps = new("--steps") { Description = "Gradient steps of that attack.", HelpName = "N" };

    public IReadOnlyList<Option> All => [_epsilon, _steps];

    /// <summary>What the user said; null where no attacks are asked for.</summary>
    /// <exception cref="InputException">None are, but something is said of them.</exception>
    public AdversarialSettings? Read(ParseResult parsed, bool asked)
    {
        var (epsilon, steps, usual) = (parsed.GetValue(_epsilon), parsed.GetValue(_steps), new AdversarialSettings());
        if (asked) return new AdversarialSettings(epsilon ?? usual.Epsilon, steps ?? usual.Steps);
        return epsilon is null && steps is null ? null : throw new InputException($"--epsilon and --steps are of {of}: give it, too");
    }
}
