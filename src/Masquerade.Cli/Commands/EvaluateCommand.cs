using System.CommandLine;
using System.Globalization;
using Masquerade.Alignment;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Output;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Evaluation.Runs;
using Masquerade.Models;
using Masquerade.Verification;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq evaluate</c>: how good a verifier is before anybody attacks it.</summary>
internal sealed class EvaluateCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly Option<string> _model = CommonOptions.Model();
    private readonly Option<string?> _images = CommonOptions.Images();
    private readonly Option<string?> _pairs = CommonOptions.Pairs();
    private readonly Option<string?> _data = CommonOptions.Data();
    private readonly FaceOptions _faces = new();
    private readonly Option<double?> _threshold = CommonOptions.Threshold();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<string?> _json = CommonOptions.Json();
    private readonly Option<bool> _strict = CommonOptions.Strict();
    private readonly Option<int> _people = CommonOptions.Count(
        "--people", $"How many synthetic people, where there are no --images: 20 to {SyntheticFolder.Most}, four photographs of each.",
        SyntheticFolder.Most, least: 20, fallback: 600);

    public EvaluateCommand(CommandHost host) : base("evaluate",
        "Measures a verifier on a pair list: accuracy, TAR at a FAR, AUC, EER. Without photographs it does so on 6,000 pairs of 600 "
        + "synthetic people, in ten folds.",
        "masq evaluate --model mini",
        "masq evaluate --model arcface.model.json --images lfw --pairs pairs.txt --landmarks landmarks.csv",
        "masq evaluate --model arcface.model.json --images crops --pairs pairs.csv --aligned --json result.json")
    {
        _host = host;
        Option[] options = [_model, _images, _pairs, _data, .. _faces.All, _people, _threshold, _threads, _json, _strict];
        foreach (var option in options) Add(option);
        _faces.CheckIn(this);
        Validators.Add(result =>
        {
            var (images, data) = (result.GetResult(_images) is not null, result.GetResult(_data) is not null);
            if (data && (images || result.GetResult(_pairs) is not null))
                result.AddError("--data names both photographs and pairs: leave --images and --pairs out beside it");
            if (images && result.GetResult(_pairs) is null) result.AddError("--images needs --pairs FILE beside it");
            var photographs = images || data;
            if (photographs && result.GetResult(_people) is { Implicit: false })
                result.AddError("--people is for synthetic people: leave it out, or --images");
            Option[] others = [_pairs, .. _faces.All];
            if (!photographs && others.FirstOrDefault(o => result.GetResult(o) is { Implicit: false }) is { } other)
                result.AddError($"{other.Name} needs --images FOLDER beside it");
        });
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var json = parsed.GetValue(_json);
        JsonOutput.Check(json);
        var path = _host.Models.Find(parsed.GetRequiredValue(_model));
        var named = parsed.GetValue(_data) is { } data ? NamedData.Find(data, _host.Assets) : null;
        var (images, pairs) = (named?.Images ?? parsed.GetValue(_images), named?.Pairs ?? parsed.GetValue(_pairs));
        using var scratch = images is null ? new Scratch() : null;
        var (list, folder, landmarks) = scratch is null
            ? (PairListReader.Read(pairs!), new ImageFolder(images!), parsed.GetValue(_faces.Landmarks))
            : await PaintAsync(scratch.Path, parsed, cancellation);
        // The pipeline runs the network on as many threads as it has workers: one a worker.
        using var model = FaceModel.Load(path, threads: 1, gradients: false);
        using var crops = ModelCrops.Open(_host, model.Descriptor, _faces.Read(parsed) with { Landmarks = landmarks });
        var options = new EmbeddingOptions
        {
            Workers = CommonOptions.ThreadCount(parsed.GetValue(_threads)),
            Strict = parsed.GetValue(_strict),
        };
        var verifier = new FaceVerifier(model.Embedder, parsed.GetValue(_threshold) ?? model.Descriptor.Threshold);
        var benchmark = new VerificationBenchmark(verifier, new FaceCropSource(folder, crops.Cropper), options);
        var scores = await ProgressReporter.RunAsync(_host, "embedding photographs", progress =>
            benchmark.Run(list, PairAvailability.Of(list, folder), (done, total) => progress.Report(done, total), cancellation));
        if (json != CommonOptions.StandardOutput) EvaluationText.Print(_host.Results, model.Descriptor, list, scores);
        if (json is not null) JsonOutput.Write(_host, json, EvaluationJson.Of(model.Descriptor, list, scores));
        return ExitCodes.Done;
    }

    private async Task<(PairList List, ImageFolder Folder, string? Landmarks)> PaintAsync(
        string path, ParseResult parsed, CancellationToken cancellation)
    {
        var count = parsed.GetValue(_people);
        await Painting.RunAsync(_host, UnseenPeople.ToEvaluate(count), path, parsed.GetValue(_threads), cancellation);
        var source = string.Create(CultureInfo.InvariantCulture, $"{count} synthetic people (seed {UnseenPeople.Seed})");
        var list = PairListReader.Read(SyntheticFolder.PairsIn(path)) with { Source = source };
        return (list, new ImageFolder(SyntheticFolder.ImagesIn(path)), SyntheticFolder.LandmarksIn(path));
    }
}
