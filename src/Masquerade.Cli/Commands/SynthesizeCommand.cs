using System.CommandLine;
using System.Globalization;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Imaging;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq synthesize</c>: a folder of photographs of people who do not exist.</summary>
internal sealed class SynthesizeCommand : MasqCommand
{
    private const int MostSheetPeople = 8;
    private const int MostSheetCaptures = 6;

    private readonly CommandHost _host;
    private readonly Option<int> _people = CommonOptions.Count("--people",
        $"How many people, 2 to {SyntheticFolder.Most}.", SyntheticFolder.Most);
    private readonly Option<int> _captures = CommonOptions.Count("--captures",
        $"Photographs of each, 2 to {SyntheticFolder.Most}.", SyntheticFolder.Most);
    private readonly Option<string> _out = new("--out", "-o")
    {
        Description = "Folder to write: new, empty, or where the same command was interrupted.",
        HelpName = "FOLDER",
        Required = true,
    };
    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Another number, other people.",
        HelpName = "S",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<string?> _sheet = new("--sheet")
    {
        Description = $"Also write a PNG of the first people, at most {MostSheetPeople}, "
            + $"with at most {MostSheetCaptures} photographs each.",
        HelpName = "FILE",
    };

    public SynthesizeCommand(CommandHost host) : base("synthesize",
        "Paints photographs of people who do not exist and writes them as LFW has its own: images, pairs.txt, landmarks.csv.",
        "masq synthesize --people 100 --captures 4 --out faces",
        "masq synthesize --people 8 --captures 6 --seed 7 --out few --sheet few.png")
    {
        _host = host;
        foreach (var option in new Option[] { _people, _captures, _out, _seed, _threads, _sheet }) Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var (people, captures, seed) = (parsed.GetValue(_people), parsed.GetValue(_captures), parsed.GetValue(_seed));
        var (path, sheet) = (parsed.GetRequiredValue(_out), parsed.GetValue(_sheet));
        if (sheet is not null) OutputFile.CheckFolder(sheet);
        var folder = new SyntheticFolder(people, captures, seed);
        var threads = CommonOptions.ThreadCount(parsed.GetValue(_threads));
        int kept;
        try
        {
            kept = await ProgressReporter.RunAsync(_host, "painting photographs", progress =>
                folder.Write(path, threads, (done, total) => progress.Report(done, total), cancellation));
        }
        catch (OperationCanceledException)
        {
            _host.Error.WriteLine("stopped; what is painted is kept. Go on with the same command");
            throw;
        }
        if (kept > 0) _host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"note: {kept:N0} photographs were there already"));
        if (sheet is not null)
        {
            var faces = new SyntheticFaces(seed);
            var picture = ContactSheet.Draw(faces, Math.Min(people, MostSheetPeople), Math.Min(captures, MostSheetCaptures));
            ImageFile.WritePng(sheet, picture);
        }
        _host.Output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{people * captures:N0} photographs of {people:N0} people, pairs.txt and landmarks.csv are in {path}"));
        return ExitCodes.Done;
    }
}
