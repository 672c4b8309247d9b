using System.CommandLine;
using System.Globalization;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Output;
using Masquerade.Detection;
using Masquerade.Imaging;
using Masquerade.Models;
using TorchSharp;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq detect</c>: whether photographs look attacked.</summary>
internal sealed class DetectCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly Argument<string[]> _photographs = new("PHOTO")
    {
        Description = "Photographs as they would be verified; 8 bits a channel.",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string> _detector = new("--detector", "-d")
    {
        Description = "The detector: a file that masq train detector wrote, or the name of a bundled one, which are for the model mini.",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<string> _model = CommonOptions.Model();
    private readonly FaceOptions _faces = new("--face-detector");
    private readonly Option<double> _falseAlarms = new("--false-alarms")
    {
        Description = "Share of clean faces to refuse; the detector must have a threshold for it.",
        HelpName = "SHARE",
        DefaultValueFactory = _ => Detector.UsualFalseAlarms,
    };
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _strict = new("--strict") { Description = "End at the first photograph that cannot be used, instead of listing it." };
    private readonly Option<string?> _json = CommonOptions.Json();

    public DetectCommand(CommandHost host) : base("detect",
        "Asks a detector whether photographs look attacked. The exit code is 0 whatever the answer.",
        "masq detect photo.jpg --detector cnn.onnx --model arcface.model.json --landmarks landmarks.csv",
        "masq detect crop1.png crop2.png --detector cnn --model mini --aligned --json")
    {
        _host = host;
        Add(_photographs);
        foreach (var option in (Option[])[_detector, _model, .. _faces.All, _falseAlarms, _threads, _strict, _json]) Add(option);
        _faces.CheckIn(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var json = parsed.GetValue(_json);
        JsonOutput.Check(json);
        var threads = CommonOptions.ThreadCount(parsed.GetValue(_threads));
        torch.set_num_threads(threads);
        using var model = FaceModel.Load(_host.Models.Find(parsed.GetRequiredValue(_model)), threads, gradients: false);
        using var detector = Detector.Open(BundledDetectors.FileOf(parsed.GetRequiredValue(_detector)), model, threads, gradients: false, parsed.GetValue(_falseAlarms));
        using var crops = ModelCrops.Open(_host, model.Descriptor, _faces.Read(parsed));
        var answers = new List<DetectedJson>();
        foreach (var photograph in parsed.GetRequiredValue(_photographs))
        {
            FaceImage crop;
            try
            {
                crop = crops.Cropper.Crop(photograph);
            }
            catch (InputException e) when (!parsed.GetValue(_strict))
            {
                _host.Error.WriteLine($"left out: {e.Message}");
                continue;
            }
            using var image = ImageTensors.ToTensor([crop]);
            var score = detector.Scores(image)[0];
            answers.Add(new DetectedJson(photograph, score, score > detector.Threshold));
        }
        if (answers.Count == 0) throw new InputException("none of the photographs can be used");
        if (json != CommonOptions.StandardOutput)
        {
            foreach (var answer in answers)
                _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(answer.Refused ? "refused" : "passed"),-8} {answer.Score,10:G4}  {answer.Photograph}"));
            _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{answers.Count(a => a.Refused)} of {answers.Count} refused by {detector.Name}: a score above {detector.Threshold:G4}, {100 * detector.FalseAlarms:0.##} % of clean faces"));
        }
        if (json is not null)
            JsonOutput.Write(_host, json, new { Detector = detector.Name, Model = model.Descriptor.Name, detector.Threshold, detector.FalseAlarms, Photographs = answers });
        return ExitCodes.Done;
    }

    private sealed record DetectedJson(string Photograph, float Score, bool Refused);
}
