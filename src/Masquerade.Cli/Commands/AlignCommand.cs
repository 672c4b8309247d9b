using System.CommandLine;
using System.Globalization;
using Masquerade.Alignment;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Output;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.Aligned;
using Masquerade.Evaluation.Datasets.People;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq align</c>: from photographs to crops.</summary>
internal sealed class AlignCommand : MasqCommand
{
    private const int LeftOutShown = 5;

    private readonly CommandHost _host;
    private readonly Argument<string> _photographs = new("PHOTOS") { Description = "Folder of photographs; folders within it are searched." };
    private readonly Argument<string> _out = new("ALIGNED")
    {
        Description = "Folder to write: new, empty, or where the same command was interrupted.",
    };
    private readonly Option<AlignmentKind> _as = new("--as")
    {
        Description = $"What crops: {string.Join(", ", Kinds)}.",
        HelpName = "KIND",
        Required = true,
        CustomParser = result =>
        {
            var name = result.Tokens[0].Value;
            if (Kinds.Contains(name)) return AlignmentKinds.Parse(name);
            result.AddError($"--as is '{name}'; give one of {string.Join(", ", Kinds)}");
            return default;
        },
    };
    private readonly Option<string?> _landmarks = CommonOptions.Landmarks();
    private readonly Option<string?> _detector = CommonOptions.Detector();
    private readonly Option<FaceFallback> _fallback = CommonOptions.Fallback();
    private readonly Option<bool> _allFaces = new("--all-faces")
    {
        Description = "Cut out every face, the main one first, instead of that only; the others are NAME.face2.png, ….",
    };
    private readonly Option<int> _minimumFace = CommonOptions.Count(
        "--min-face", "Side of the smallest face that is looked for, in pixels.", 10_000, least: 12, fallback: 20);
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _strict = new("--strict")
    {
        Description = "End at the first photograph that has no face or cannot be read, instead of listing it.",
    };
    private readonly Option<string?> _json = CommonOptions.Json();

    public AlignCommand(CommandHost host) : base("align",
        "Finds the faces in a folder of photographs and cuts them out as a model wants them. Writes PNG crops, faces.csv (boxes, "
        + "probabilities, landmarks; to be used as --landmarks, too) and left-out.csv. The same command goes on where it was interrupted, and "
        + "tries again what was left out.",
        "masq align photos aligned --as arcface-112x112",
        "masq align photos aligned --as facenet-160x160 --fallback center",
        "masq align lfw aligned --as arcface-112x112 --landmarks landmarks.csv --json result.json")
    {
        _host = host;
        Add(_photographs);
        Add(_out);
        foreach (var option in (Option[])[_as, _landmarks, _detector, _fallback, _allFaces, _minimumFace, _threads, _strict, _json]) Add(option);
        Validators.Add(result =>
        {
            if (result.GetResult(_landmarks) is null) return;
            foreach (var option in (Option[])[_detector, _fallback, _allFaces, _minimumFace])
            {
                if (result.GetResult(option) is { Implicit: false })
                    result.AddError($"{option.Name} is for faces that are looked for: leave it out beside --landmarks");
            }
        });
        SetAction(RunAsync);
    }

    private static IReadOnlyList<string> Kinds { get; } =
        [.. Enum.GetValues<AlignmentKind>().Where(k => k.CropSize() is not null).Select(k => k.Name())];

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var (path, json) = (parsed.GetRequiredValue(_out), parsed.GetValue(_json));
        JsonOutput.Check(json);
        var kind = parsed.GetValue(_as);
        var weights = parsed.GetValue(_landmarks) is null
            ? new FaceSource(null, false, parsed.GetValue(_detector)).WeightsFolder(kind, _host.Assets)
            : null;
        using var detector = weights is null ? null
            : MtcnnDetector.Load(weights, new MtcnnOptions { MinimumFace = parsed.GetValue(_minimumFace) });
        var aligner = Aligner(parsed, kind, detector, weights);
        var threads = CommonOptions.ThreadCount(parsed.GetValue(_threads));
        AlignedSummary summary;
        try
        {
            summary = await ProgressReporter.RunAsync(_host, "aligning photographs", progress =>
                aligner.Write(path, threads, (done, total) => progress.Report(done, total), cancellation));
        }
        catch (OperationCanceledException)
        {
            _host.Error.WriteLine("stopped; what is listed is kept. Go on with the same command");
            throw;
        }
        if (json != CommonOptions.StandardOutput) Print(summary, path);
        if (json is not null) JsonOutput.Write(_host, json, summary);
        if (summary.Aligned == 0)
        {
            throw new InputException($"none of the {summary.Photographs} photographs in {parsed.GetRequiredValue(_photographs)} can be used: "
                + ReasonCounts.Text(summary.LeftOut.Select(p => p.Reason), "photograph"));
        }
        return ExitCodes.Done;
    }

    private FolderAligner Aligner(ParseResult parsed, AlignmentKind kind, MtcnnDetector? detector, string? weights)
    {
        var photographs = parsed.GetRequiredValue(_photographs);
        if (detector is null)
            return new FolderAligner(photographs, kind, LandmarkFile.Read(parsed.GetValue(_landmarks)!)) { Strict = parsed.GetValue(_strict) };
        var fingerprint = string.Create(CultureInfo.InvariantCulture,
            $"MTCNN of SHA-256 {string.Join(' ', MtcnnDetector.WeightFiles(weights!).Select(f => FileHash.Of(f, CancellationToken.None)))}, faces from {parsed.GetValue(_minimumFace)} pixels");
        return new FolderAligner(photographs, kind, detector, fingerprint)
        {
            AllFaces = parsed.GetValue(_allFaces),
            Fallback = parsed.GetValue(_fallback),
            Strict = parsed.GetValue(_strict),
        };
    }

    private void Print(AlignedSummary summary, string path)
    {
        if (summary.Kept > 0)
            _host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"note: {summary.Kept:N0} photographs were done already"));
        if (summary.LeftOut.Count > 0)
        {
            var names = string.Join(", ", summary.LeftOut.Take(LeftOutShown).Select(p => p.Image));
            var more = summary.LeftOut.Count > LeftOutShown ? ", …" : "";
            _host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"note: {summary.LeftOut.Count:N0} photographs are left out: ")
                + $"{names}{more}; {Path.Combine(path, AlignedLists.LeftOutName)} says why");
        }
        _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{summary.Aligned:N0} of {summary.Photographs:N0} photographs are aligned; crops and {AlignedLists.FacesName} are in {path}"));
    }
}
