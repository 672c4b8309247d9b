using System.CommandLine;
using Masquerade.Cli.Output;
using Masquerade.Cli.Progress;
using Masquerade.Datasets;
using Masquerade.Models;
using Masquerade.Verification;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq evaluate</c>: how good a verifier is before anybody attacks it.</summary>
internal sealed class EvaluateCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly Option<string> _model = CommonOptions.Model();
    private readonly Option<string> _images = CommonOptions.Images();
    private readonly Option<string> _pairs = CommonOptions.Pairs();
    private readonly Option<string?> _landmarks = CommonOptions.Landmarks();
    private readonly Option<bool> _aligned = CommonOptions.Aligned();
    private readonly Option<double?> _threshold = CommonOptions.Threshold();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<string?> _json = CommonOptions.Json();
    private readonly Option<bool> _strict = CommonOptions.Strict();

    public EvaluateCommand(CommandHost host) : base("evaluate",
        "Measures a verifier on a pair list: accuracy, TAR at a FAR, AUC, EER.",
        "masq evaluate --model arcface.model.json --images lfw --pairs pairs.txt --landmarks landmarks.csv",
        "masq evaluate --model arcface.model.json --images crops --pairs pairs.csv --aligned --json result.json")
    {
        _host = host;
        Option[] options = [_model, _images, _pairs, _landmarks, _aligned, _threshold, _threads, _json, _strict];
        foreach (var option in options) Add(option);
        this.RequireOneOf(_landmarks, _aligned);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var json = parsed.GetValue(_json);
        JsonOutput.Check(json);
        var list = PairListReader.Read(parsed.GetRequiredValue(_pairs));
        var folder = new ImageFolder(parsed.GetRequiredValue(_images));
        // The pipeline runs the network on as many threads as it has workers: one a worker.
        using var model = FaceModel.Load(_host.Models.Find(parsed.GetRequiredValue(_model)), threads: 1, gradients: false);
        var cropper = CommonOptions.Cropper(model.Descriptor, parsed.GetValue(_landmarks), parsed.GetValue(_aligned));
        var options = new EmbeddingOptions
        {
            Workers = CommonOptions.ThreadCount(parsed.GetValue(_threads)),
            Strict = parsed.GetValue(_strict),
        };
        var verifier = new FaceVerifier(model.Embedder, parsed.GetValue(_threshold) ?? model.Descriptor.Threshold);
        var benchmark = new VerificationBenchmark(verifier, new FaceCropSource(folder, cropper), options);
        var scores = await ProgressReporter.RunAsync(_host, "embedding photographs", progress =>
            benchmark.Run(list, PairAvailability.Of(list, folder), (done, total) => progress.Report(done, total), cancellation));
        if (json != CommonOptions.StandardOutput) EvaluationText.Print(_host.Results, model.Descriptor, list, scores);
        if (json is not null) JsonOutput.Write(_host, json, EvaluationJson.Of(model.Descriptor, list, scores));
        return ExitCodes.Done;
    }
}
