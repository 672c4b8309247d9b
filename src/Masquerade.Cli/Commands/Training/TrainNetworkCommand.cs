using System.CommandLine;
using System.Globalization;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Datasets;
using Masquerade.Training;

namespace Masquerade.Cli.Commands.Training;

/// <summary>A command that trains a network: what all of them have in common.</summary>
internal abstract class TrainNetworkCommand<TSettings, TScores> : MasqCommand
    where TSettings : TrainingSettings
    where TScores : class, ITrainingScores
{
    private readonly CommandHost _host;
    private readonly TrainingDataOptions _data;
    private readonly int _least;
    private readonly TrainingFolderOptions _folder = new("network");
    private readonly Option<int> _epochs = new("--epochs") { Description = "How often every photograph is seen.", HelpName = "N" };
    private readonly Option<int> _batch = new("--batch") { Description = "Photographs in a step.", HelpName = "N" };
    private readonly Option<double> _rate = new("--learning-rate") { Description = "Largest learning rate.", HelpName = "R" };
    private readonly Option<int> _validation = new("--validation-people")
    {
        Description = "People kept from training, to judge the network on.",
        HelpName = "N",
    };
    private readonly Option<int> _patience = new("--patience")
    {
        Description = "End after so many epochs without a better network; 0 for never.",
        HelpName = "N",
    };
    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Of weights, order and all that is drawn.",
        HelpName = "S",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _strict = CommonOptions.Strict();

    /// <param name="host">Where it prints.</param>
    /// <param name="name">What the user types.</param>
    /// <param name="description">What it does.</param>
    /// <param name="defaults">Settings where nobody says otherwise.</param>
    /// <param name="least">Fewest photographs of a person.</param>
    /// <param name="captures">Photographs of a painted person where nobody says otherwise.</param>
    /// <param name="examples">Command lines that a user could type.</param>
    protected TrainNetworkCommand(
        CommandHost host, string name, string description, TSettings defaults, int least, int captures, params string[] examples)
        : base(name, description, examples)
    {
        (_host, _least, _data) = (host, least, new TrainingDataOptions(least, captures));
        _epochs.DefaultValueFactory = _ => defaults.Epochs;
        _batch.DefaultValueFactory = _ => defaults.Batch;
        _rate.DefaultValueFactory = _ => defaults.LearningRate;
        _validation.DefaultValueFactory = _ => defaults.ValidationPeople;
        _patience.DefaultValueFactory = _ => defaults.Patience;
    }

    /// <summary>Adds all options, the command's own among them; to be called once.</summary>
    protected void AddOptions(params Option[] own)
    {
        _folder.AddTo(this, [.. _data.All, _epochs, _batch, _rate, .. own, _validation, _patience, _seed, _threads]);
        Add(_strict);
        _data.CheckIn(this, _folder.Resume);
        SetAction(RunAsync);
    }

    /// <summary>The settings that the command's own options say; the common ones are filled in.</summary>
    /// <param name="parsed">What the user said.</param>
    /// <param name="name">The network's name.</param>
    protected abstract TSettings Read(ParseResult parsed, string name);

    /// <summary>Prepares a training.</summary>
    protected abstract Trainer<TSettings, TScores> Create(TSettings settings, TrainingData data, string folder);

    /// <summary>Goes on with a training.</summary>
    protected abstract Trainer<TSettings, TScores> Resume(string folder);

    /// <summary>What a network was judged by, in words.</summary>
    protected abstract string Judged(TScores scores);

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var trainer = parsed.GetValue(_folder.Resume) is { } resume ? Resume(resume) : Create(parsed);
        var settings = trainer.Journal.Settings;
        var faces = await TrainingDataOptions.LoadAsync(
            _host, trainer.Journal.Data, _least, settings.Threads, parsed.GetValue(_strict), cancellation);
        var written = await ProgressReporter.RunAsync(_host, "training", progress => trainer.Train(faces, at =>
        {
            if (at.Finished is { } epoch) progress.Say(Line(epoch, settings.Epochs));
            progress.Report(at.Step, at.Steps, at.Loss is null ? null
                : string.Create(CultureInfo.InvariantCulture, $"epoch {at.Epoch}, loss {Loss(at.Loss.Value)}"));
        }, cancellation));
        var best = trainer.Journal.BestEpoch!;
        _host.Output.WriteLine($"{written}: the network of epoch {best.Epoch}, {Judged(best.Validation)}; on people kept from training");
        return ExitCodes.Done;
    }

    private Trainer<TSettings, TScores> Create(ParseResult parsed)
    {
        var (folder, name) = _folder.Read(parsed);
        var settings = Read(parsed, name) with
        {
            Epochs = parsed.GetValue(_epochs),
            Batch = parsed.GetValue(_batch),
            LearningRate = parsed.GetValue(_rate),
            ValidationPeople = parsed.GetValue(_validation),
            Patience = parsed.GetValue(_patience),
            Seed = parsed.GetValue(_seed),
            Threads = CommonOptions.ThreadCount(parsed.GetValue(_threads)),
        };
        return Create(settings, _data.Read(parsed), folder);
    }

    private string Line(TrainingEpoch<TScores> epoch, int epochs) =>
        $"epoch {epoch.Epoch} of {epochs}: loss {Loss(epoch.Loss)}, {Judged(epoch.Validation)}{(epoch.Best ? ", the best so far" : "")}";

    /// <summary>A loss with what can be told apart of it.</summary>
    private static string Loss(double loss) => loss.ToString(loss >= 0.1 ? "F3" : "G3", CultureInfo.InvariantCulture);
}
