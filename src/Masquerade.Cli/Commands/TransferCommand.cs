using System.CommandLine;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Output;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting;
using Masquerade.Evaluation.Transfer;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq transfer</c>: has verifiers that nobody attacked judge the adversarial images of a run.</summary>
internal sealed class TransferCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly Argument<string> _folder = new("RUN") { Description = "Run folder, its run finished or not." };
    private readonly Option<string[]> _to = new("--to")
    {
        Description = "Who judges, separated by commas or given several times: model descriptors, models by name, or services "
            + "(rekognition, azure-face, a URL with --service-file, or a *.yaml that describes one).",
        HelpName = "TARGET",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
        CustomParser = result =>
            [.. result.Tokens.SelectMany(t => t.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
    };
    private readonly Option<bool> _paste = new("--paste")
    {
        Description = "Put the perturbation back into the full photograph first; services get that photograph.",
    };
    private readonly Option<bool> _detect = new("--detect")
    {
        Description = "Look for the faces again, in the image as it is, instead of mapping it by the known transforms; services always do.",
    };
    private readonly Option<string?> _detector = CommonOptions.Detector();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly RemoteOptions _remote = new();

    public TransferCommand(CommandHost host) : base("transfer",
        "Has verifiers that nobody attacked judge the adversarial images that a run kept: how many fool them, too, and how sure they are of the "
        + "right answer. Results go to the run's ledger and exports. Interrupted, the same command goes on, and no answer of a service is paid for "
        + "twice. Exit codes: 0 done, 1 a service left something unanswered, 2 bad input, 130 interrupted.",
        "masq transfer runs/first --to mini-robust",
        "masq transfer runs/first --to other.model.json --paste",
        "masq transfer runs/first --to rekognition --paste --max-calls 500 --record cassettes",
        "masq transfer runs/first --to rekognition --paste --replay cassettes",
        "masq transfer runs/first --to https://verifier.example/compare --service-file verifier.yaml")
    {
        _host = host;
        Add(_folder);
        foreach (var option in (Option[])[_to, _paste, _detect, _detector, _threads, .. _remote.All]) Add(option);
        _remote.CheckIn(this);
        Validators.Add(result =>
        {
            if (result.GetResult(_detector) is not null && !result.GetValue(_detect))
                result.AddError("--detector is for faces that are looked for again: give --detect beside it");
        });
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var folder = parsed.GetRequiredValue(_folder);
        Action<string> say = _host.Error.WriteLine;
        var remote = _remote.Read(parsed, _host.Clock, line => say(line));
        using var ledger = RunLedger.Resume(folder);
        using var plan = TransferPlan.Open(ledger, parsed.GetRequiredValue(_to), new TransferSettings
        {
            Way = new TransferWay(parsed.GetValue(_paste), parsed.GetValue(_detect)),
            Detector = parsed.GetValue(_detector),
            Threads = parsed.GetValue(_threads),
            Remote = remote,
        }, _host.Models, _host.Assets);
        int unanswered;
        try
        {
            unanswered = await TransferWork.RunAsync(
                _host, plan, ledger, _remote.Agreed(parsed), remote, speaker => say = speaker, cancellation);
        }
        catch (OperationCanceledException)
        {
            _host.Error.WriteLine("stopped; what is done is kept. The same command goes on");
            throw;
        }
        TransferTextOutput.Print(_host, RunExporter.Export(ledger, folder), folder);
        if (unanswered == 0) return ExitCodes.Done;
        _host.Error.WriteLine($"{unanswered} images have no answer yet; start the same command again");
        return ExitCodes.CheckFailed;
    }
}
