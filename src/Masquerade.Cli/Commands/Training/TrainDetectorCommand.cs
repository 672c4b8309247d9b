using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Output;
using Masquerade.Cli.Progress;
using Masquerade.Detection;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Statistics.Intervals;
using Masquerade.Models;
using Masquerade.Training.Detectors;

namespace Masquerade.Cli.Commands.Training;

/// <summary><c>masq train detector</c>: what tells attacked images from others, of people who exist or do not.</summary>
internal sealed class TrainDetectorCommand : MasqCommand
{
    private static readonly DetectorTrainingSettings Defaults = new() { Kind = DetectorKind.Cnn, Attacks = [] };
    private static readonly string[] UsualAttacks = ["minimal/fgsm", "minimal/deepfool"];

    private readonly CommandHost _host;
    private readonly TrainingDataOptions _data = new(leastCaptures: 1, captures: 2);
    private readonly Option<DetectorKind> _kind = new("--kind", "-k")
    {
        Description = "What it looks at: cnn (pixels), residual (what a purifier takes off), safetynet or mahalanobis (the model's "
            + "activations), squeeze (how far the embedding moves when the image is squeezed).",
        HelpName = "KIND",
        DefaultValueFactory = _ => DetectorKind.Cnn,
    };
    private readonly Option<string> _model = CommonOptions.Model();
    private readonly Option<string> _attacks = new("--attacks", "-a")
    {
        Description = "Attacks to learn from: family/attack, a family, or an attack; with commas between them.",
        HelpName = "NAMES",
        DefaultValueFactory = _ => string.Join(',', UsualAttacks),
    };
    private readonly Option<string?> _unseen = new("--unseen")
    {
        Description = "Attacks to judge it by that it does not learn from.",
        HelpName = "NAMES",
    };
    private readonly Option<string> _out = new("--out", "-o")
    {
        Description = "The detector's file, a new one ending in .onnx. Adversarial images and checkpoints lie in a folder beside it; the "
            + "same command goes on from there.",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<string?> _purifiers = new("--purifiers")
    {
        Description = "Of a residual: the purifier (default: dncnn). Of squeeze: the squeezers, with commas between them (default: "
            + "bits:4,median:3,nlm:4).",
        HelpName = "NAMES",
    };
    private readonly Option<string?> _layers = new("--layers")
    {
        Description = "Of safetynet and mahalanobis: names of activations in the model's ONNX file, with commas between them.",
        HelpName = "NAMES",
    };
    private readonly Option<int> _faces = CommonOptions.Count("--faces", "Most faces to learn from; each is attacked by every attack.", 1_000_000, 20, Defaults.Faces);
    private readonly Option<int> _validation = CommonOptions.Count(
        "--validation-people", "People kept from learning, to calibrate and judge on.", 1_000_000, 2, Defaults.ValidationPeople);
    private readonly Option<int> _validationFaces = CommonOptions.Count(
        "--validation-faces", "Most faces of those people.", 1_000_000, 20, Defaults.ValidationFaces);
    private readonly Option<string?> _attacked = new("--attacked")
    {
        Description = "Where adversarial images are kept (default: beside the file). Other kinds of detectors for the model, trained on the "
            + "same photographs, use what is there instead of attacking again.",
        HelpName = "FOLDER",
    };
    private readonly Option<int> _epochs = CommonOptions.Count("--epochs", "Of cnn and residual: how often all clean faces are seen.", 10_000, 1, Defaults.Epochs);
    private readonly Option<double> _rate = new("--learning-rate")
    {
        Description = "Of cnn and residual: the largest learning rate.",
        HelpName = "R",
        DefaultValueFactory = _ => Defaults.LearningRate,
    };
    private readonly Option<long> _seed = new("--seed") { Description = "Of who is attacked how, and of the first weights.", HelpName = "S", DefaultValueFactory = _ => 0 };
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _strict = new("--strict") { Description = "End at the first photograph that cannot be used, instead of leaving it out." };
    private readonly Option<string?> _json = CommonOptions.Json();

    public TrainDetectorCommand(CommandHost host) : base("detector",
        "Makes a detector of attacks on a model: attacks faces so that 8-bit images fool the model, learns to tell them from clean ones, and "
        + "sets its thresholds by the clean faces of other people. Writes one ONNX file that says what it was made of. Ctrl-C keeps what is "
        + "done; the same command goes on.",
        "masq train detector --kind cnn --model mini --people 1000 --out trained/cnn.onnx",
        "masq train detector --kind squeeze --model mini --people 600 --unseen minimal --out trained/squeeze.onnx",
        "masq train detector --kind safetynet --model arcface.model.json --attacks fgsm,deepfool --unseen strong/fmn --images lfw "
        + "--landmarks landmarks.csv --people-list people.txt --pairs pairs.txt --out trained/safetynet.onnx")
    {
        _host = host;
        Option[] options =
        [
            _kind, _model, _attacks, _unseen, .. _data.All, _out, _purifiers, _layers, _faces, _validation, _validationFaces, _attacked, _epochs, _rate, _seed, _threads,
            _strict, _json,
        ];
        foreach (var option in options) Add(option);
        _data.CheckIn(this);
        Validators.Add(Check);
        SetAction(RunAsync);
    }

    private void Check(CommandResult result)
    {
        // A kind that there is not is the parser's to tell.
        var named = result.GetResult(_kind)?.Tokens is [var token] ? token.Value : nameof(DetectorKind.Cnn);
        if (!Enum.TryParse<DetectorKind>(named, ignoreCase: true, out var kind)) return;
        if (kind is not (DetectorKind.Residual or DetectorKind.Squeeze) && result.GetResult(_purifiers) is not null)
            result.AddError("--purifiers is for the kinds residual and squeeze: leave it out");
        if (kind is not (DetectorKind.SafetyNet or DetectorKind.Mahalanobis) && result.GetResult(_layers) is not null)
            result.AddError("--layers is for the kinds safetynet and mahalanobis: leave it out");
        if (kind is DetectorKind.Cnn or DetectorKind.Residual) return;
        foreach (var option in (Option[])[_epochs, _rate])
            if (result.GetResult(option) is { Implicit: false }) result.AddError($"{option.Name} is for the kinds cnn and residual: leave it out");
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var json = parsed.GetValue(_json);
        JsonOutput.Check(json);
        var settings = Read(parsed);
        var gradients = settings.Attacks.Concat(settings.Unseen).Any(a => a.Attack.Access == Access.WhiteBox);
        using var model = FaceModel.Load(_host.Models.Find(parsed.GetRequiredValue(_model)), settings.Threads, gradients);
        var data = _data.Read(parsed);
        var crops = data.Open(AlignmentKinds.Parse(model.Descriptor.Alignment), model.Descriptor.InputSize);
        var trainer = new DetectorTrainer(model, settings, data, crops, parsed.GetRequiredValue(_out));
        TrainedDetector trained;
        try
        {
            trained = await ProgressReporter.RunAsync(_host, "making a detector", progress =>
                trainer.Train(p => progress.Report(p.Done, p.Total, p.Doing), cancellation));
        }
        catch (OperationCanceledException)
        {
            _host.Error.WriteLine($"stopped; what is made is kept in {trainer.Folder}. Go on with the same command");
            throw;
        }
        if (trained.Skipped > 0) _host.Error.WriteLine($"note: {trained.Skipped} photographs cannot be used and are left out");
        if (json != CommonOptions.StandardOutput) Print(trained);
        if (json is not null) JsonOutput.Write(_host, json, Json(trained));
        return ExitCodes.Done;
    }

    private DetectorTrainingSettings Read(ParseResult parsed)
    {
        var attacks = Named(parsed.GetRequiredValue(_attacks));
        var unseen = parsed.GetValue(_unseen) is { } names ? Named(names).Where(u => attacks.All(a => a.Name != u.Name)).ToList() : [];
        return new DetectorTrainingSettings
        {
            Kind = parsed.GetValue(_kind),
            Attacks = attacks,
            Unseen = unseen,
            Purifiers = Split(parsed.GetValue(_purifiers)),
            Layers = Split(parsed.GetValue(_layers)),
            Faces = parsed.GetValue(_faces),
            ValidationPeople = parsed.GetValue(_validation),
            ValidationFaces = parsed.GetValue(_validationFaces),
            AttackedFolder = parsed.GetValue(_attacked),
            Epochs = parsed.GetValue(_epochs),
            LearningRate = parsed.GetValue(_rate),
            Seed = parsed.GetValue(_seed),
            Threads = CommonOptions.ThreadCount(parsed.GetValue(_threads)),
            Strict = parsed.GetValue(_strict),
        };
    }

    /// <summary>The attacks of some names that can make 8-bit images; an attack named by itself must be one.</summary>
    private static List<NamedAttack> Named(string names)
    {
        var all = Split(names);
        if (all.Length == 0) return [];
        var single = all.Select(name => AttackRegistry.Resolve([name])).Where(found => found.Count == 1).Select(found => found[0]).ToHashSet();
        return [.. AttackRegistry.Resolve(all).Where(a => a.Attack.SearchesUnder8Bit || single.Contains(a)).Select(a => new NamedAttack(a.FullName, a.Attack))];
    }

    private static string[] Split(string? names) => names?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private void Print(TrainedDetector trained)
    {
        var card = trained.Card;
        _host.Output.WriteLine(card.CleanFaces == 0 ? Text($"{trained.Path}: for {card.Model}; nothing had to be learned") : Text(
            $"{trained.Path}: learned from {card.CleanFaces:N0} clean faces and {card.AdversarialImages:N0} adversarial images of {card.Model}"));
        _host.Output.WriteLine(Text($"on {card.CalibrationFaces:N0} clean faces of people kept from learning, and adversarial images of them; 95 % intervals:"));
        var headings = card.Thresholds.Select(t => Text($"at {100 * t.FalseAlarms:0.##} % false alarms")).ToArray();
        var table = new List<string[]> { (string[])["attack", "learned", "images", "median L2", "AUC", .. headings] };
        table.AddRange(trained.Attacks.Select(a => (string[])
        [
            a.Attack, a.Learned ? "yes" : "no", Text($"{a.Rates.Adversarial:N0}"), double.IsNaN(a.MedianNorm) ? "–" : Text($"{a.MedianNorm:F2}"),
            double.IsNaN(a.Rates.Auc) ? "–" : Text($"{a.Rates.Auc:F3} ± {a.Rates.AucError:F3}"), .. a.Detected.Select(d => Share(d, a.Rates.Adversarial)),
        ]));
        var widths = Enumerable.Range(0, table[0].Length).Select(column => table.Max(row => row[column].Length)).ToArray();
        foreach (var row in table) _host.Output.WriteLine("  " + string.Join("  ", row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
    }

    private static string Share(int count, int of)
    {
        if (of == 0) return "–";
        var interval = WilsonInterval.Of(count, of);
        return Text($"{100.0 * count / of:F1} % ({100 * interval.Low:F1}–{100 * interval.High:F1})");
    }

    private static object Json(TrainedDetector trained) => new
    {
        Detector = trained.Path,
        trained.Card,
        trained.Skipped,
        Attacks = trained.Attacks.Select(a => new
        {
            a.Attack,
            a.Learned,
            Images = a.Rates.Adversarial,
            MedianL2 = Known(a.MedianNorm),
            Auc = Known(a.Rates.Auc),
            AucError = Known(a.Rates.AucError),
            Detected = trained.Card.Thresholds.ZipExact(a.Detected, (t, d) => new { t.FalseAlarms, t.Threshold, Images = d }),
        }),
    };

    private static double? Known(double value) => double.IsFinite(value) ? value : null;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
