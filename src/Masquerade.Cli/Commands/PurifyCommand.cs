using System.CommandLine;
using System.Globalization;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Progress;
using Masquerade.Defenses;
using Masquerade.Evaluation.Datasets.Purified;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq purify</c>: photographs as a defense hands them to the verifier.</summary>
internal sealed class PurifyCommand : MasqCommand
{
    private const int LeftOutShown = 5;

    private readonly CommandHost _host;
    private readonly Argument<string> _in = new("IN")
    {
        Description = "A photograph, or a folder of photographs; folders within it are searched.",
    };
    private readonly Argument<string> _out = new("OUT")
    {
        Description = "Of a photograph: a new PNG file. Of a folder: a folder that is new, empty, or where the same command was "
            + "interrupted.",
    };
    private readonly Option<string> _defense = CommonOptions.Defense();
    private readonly Option<long> _seed = new("--seed")
    {
        Description = "Of a purifier that draws: another number, other draws.",
        HelpName = "S",
        DefaultValueFactory = _ => 0,
    };
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _strict = new("--strict")
    {
        Description = "End at the first photograph that cannot be read or is too small, instead of listing it.",
    };

    public PurifyCommand(CommandHost host) : base("purify",
        "Cleans a photograph, or a folder of them, as a defense does before the verifier sees it, and writes PNG. The same command goes on "
        + "where it was interrupted, and tries again what was left out.",
        "masq purify photo.jpg clean.png --defense median:3",
        "masq purify photos cleaned --defense median:3+jpeg:75",
        "masq purify photos resized --defense resize-pad --seed 7")
    {
        _host = host;
        Add(_in);
        Add(_out);
        foreach (var option in (Option[])[_defense, _seed, _threads, _strict]) Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var (source, path) = (parsed.GetRequiredValue(_in), parsed.GetRequiredValue(_out));
        if (!File.Exists(source) && !Directory.Exists(source))
            throw new InputException($"{source}: no such file or folder; name a photograph or a folder of photographs");
        var threads = CommonOptions.ThreadCount(parsed.GetValue(_threads));
        using var purifier = PurifierRegistry.Open(parsed.GetRequiredValue(_defense), PurifierFiles.Default with { Threads = threads });
        var photographs = new PhotographPurifier(purifier, parsed.GetValue(_seed)) { Strict = parsed.GetValue(_strict) };
        if (File.Exists(source))
        {
            photographs.WriteFile(source, path, threads);
            _host.Output.WriteLine($"{path} is {source} purified with {purifier.Name}");
            return ExitCodes.Done;
        }
        PurifiedSummary summary;
        try
        {
            summary = await ProgressReporter.RunAsync(_host, "purifying photographs", progress =>
                photographs.WriteFolder(source, path, threads, (done, total) => progress.Report(done, total), cancellation));
        }
        catch (OperationCanceledException)
        {
            _host.Error.WriteLine("stopped; what is written is kept. Go on with the same command");
            throw;
        }
        Print(summary, purifier.Name, path);
        if (summary.LeftOut.Count == summary.Photographs)
        {
            throw new InputException($"none of the {summary.Photographs} photographs in {source} can be used: "
                + ReasonCounts.Text(summary.LeftOut.Select(p => p.Reason), "photograph"));
        }
        return ExitCodes.Done;
    }

    private void Print(PurifiedSummary summary, string defense, string path)
    {
        if (summary.Kept > 0)
            _host.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"note: {summary.Kept:N0} photographs were done already"));
        if (summary.LeftOut.Count > 0)
        {
            var names = string.Join(", ", summary.LeftOut.Take(LeftOutShown).Select(p => p.Image));
            var more = summary.LeftOut.Count > LeftOutShown ? ", …" : "";
            var count = summary.LeftOut.Count.ToString("N0", CultureInfo.InvariantCulture);
            var list = Path.Combine(path, PhotographPurifier.LeftOutName);
            _host.Error.WriteLine($"note: {count} photographs are left out: {names}{more}; {list} says why");
        }
        var purified = summary.Photographs - summary.LeftOut.Count;
        _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{purified:N0} of {summary.Photographs:N0} photographs, purified with {defense}, are in {path}"));
    }
}
