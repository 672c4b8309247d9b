using System.CommandLine;
using Masquerade.Cli.Output;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq report</c>: writes a run folder's exports anew from its ledger.</summary>
internal sealed class ReportCommand : MasqCommand
{
    private readonly Argument<string> _folder = new("FOLDER") { Description = "Run folder." };
    private readonly Option<string?> _out = new("--out", "-o")
    {
        Description = "Folder to write instead of the run folder, which may be read-only then.",
        HelpName = "FOLDER",
    };

    public ReportCommand(CommandHost host) : base("report",
        "Writes the exports of a run folder anew from its ledger, finished or not.",
        "masq report runs/first",
        "masq report runs/first --out elsewhere")
    {
        Add(_folder);
        Add(_out);
        SetAction(parsed =>
        {
            var folder = parsed.GetRequiredValue(_folder);
            using var ledger = RunLedger.Read(folder);
            var target = parsed.GetValue(_out) ?? folder;
            RunText.Print(host, RunExporter.Export(ledger, target), target);
            return ExitCodes.Done;
        });
    }
}
