using System.CommandLine;
using Masquerade.Cli.Output;
using Masquerade.Evaluation;
using Masquerade.Reporting;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq report</c>: writes a run folder's exports anew from its ledger.</summary>
internal sealed class ReportCommand : MasqCommand
{
    private readonly Argument<string> _folder = new("FOLDER") { Description = "Run folder." };

    public ReportCommand(CommandHost host) : base("report",
        "Writes the exports of a run folder anew from its ledger, finished or not.",
        "masq report runs/first")
    {
        Add(_folder);
        SetAction(parsed =>
        {
            var folder = parsed.GetRequiredValue(_folder);
            using var ledger = RunLedger.Read(folder);
            RunText.Print(host, RunExporter.Export(ledger, folder), folder);
            return ExitCodes.Done;
        });
    }
}
