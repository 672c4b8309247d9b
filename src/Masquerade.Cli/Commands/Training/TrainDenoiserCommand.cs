using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Masquerade.Cli.Commands.Options;
using Masquerade.Evaluation.Datasets;
using Masquerade.Training;
using Masquerade.Training.Denoisers;

namespace Masquerade.Cli.Commands.Training;

/// <summary><c>masq train denoiser</c>: a purifier from a folder of people or from people who do not exist.</summary>
internal sealed class TrainDenoiserCommand : TrainNetworkCommand<DenoiserTrainingSettings, DenoiserScores>
{
    private static readonly DenoiserTrainingSettings Defaults = new() { Name = "denoiser", Noise = new NoiseLevels(0, 30) };

    private readonly CommandHost _host;
    private readonly Option<NoiseLevels?> _noise = new("--noise")
    {
        Description = "Standard deviation of Gaussian noise in levels of 255; or two, as 0:30, for all between them. Default: "
            + $"{Defaults.Noise}.",
        HelpName = "SIGMA",
        CustomParser = ParseNoise,
    };
    private readonly Option<string?> _adversarial = new("--adversarial")
    {
        Description = "Instead of noise: adversarial images of this model. " + CommonOptions.ModelDescription + ".",
        HelpName = "MODEL",
    };
    private readonly AttackOptions _attack = new("--adversarial MODEL");

    public TrainDenoiserCommand(CommandHost host) : base(host, "denoiser",
        "Trains a residual denoiser on Gaussian noise or on a model's adversarial images, on a folder of people or on people who do not "
        + "exist, and writes it as ONNX: a purifier. Ctrl-C keeps what is done; --resume goes on to the same weights.",
        Defaults, least: 1, captures: 1,
        "masq train denoiser --people 2000 --out trained/denoiser",
        "masq train denoiser --images lfw --landmarks landmarks.csv --people-list people.txt --pairs pairs.txt --out trained/lfw",
        "masq train denoiser --people 2000 --adversarial mini --out trained/against-mini",
        "masq train denoiser --resume trained/denoiser")
    {
        _host = host;
        AddOptions([_noise, _adversarial, .. _attack.All]);
        Validators.Add(result =>
        {
            if (result.GetResult(_noise) is not null && result.GetResult(_adversarial) is not null)
                result.AddError("--noise and --adversarial contradict each other: give one");
        });
    }

    protected override DenoiserTrainingSettings Read(ParseResult parsed, string name)
    {
        var model = parsed.GetValue(_adversarial);
        var attack = _attack.Read(parsed, model is not null);
        return new DenoiserTrainingSettings
        {
            Name = name,
            Noise = model is null ? parsed.GetValue(_noise) ?? Defaults.Noise : null,
            Adversarial = model is null ? null : new AdversarialNoise(Path.GetFullPath(_host.Models.Find(model)), attack!),
        };
    }

    protected override Trainer<DenoiserTrainingSettings, DenoiserScores> Create(
        DenoiserTrainingSettings settings, TrainingData data, string folder) => DenoiserTrainer.Create(settings, data, folder);

    protected override Trainer<DenoiserTrainingSettings, DenoiserScores> Resume(string folder) => DenoiserTrainer.Resume(folder);

    protected override string Judged(DenoiserScores scores) => string.Create(CultureInfo.InvariantCulture,
        $"PSNR {scores.Psnr:F2} dB, {scores.Psnr - scores.DisturbedPsnr:F2} dB more than what it is given");

    private static NoiseLevels? ParseNoise(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        double?[] levels = [.. text.Split(':').Select(part =>
            double.TryParse(part, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var level) ? level : (double?)null)];
        if (levels is [not null] or [not null, not null]) return new NoiseLevels(levels[0]!.Value, levels[^1]!.Value);
        result.AddError($"--noise is '{text}'; give a standard deviation as 25, or two as 0:30");
        return null;
    }
}
