using System.CommandLine;
using Masquerade.Evaluation.Remote;

namespace Masquerade.Cli.Commands.Options;

/// <summary>The options that say how services are asked.</summary>
internal sealed class RemoteOptions
{
    private readonly Option<string?> _serviceFile = new("--service-file")
    {
        Description = "YAML that describes the HTTP service whose URL is the target; a *.yaml by itself may be a target, too.",
        HelpName = "FILE",
    };
    private readonly Option<string?> _keyFile = new("--key-file")
    {
        Description = "File with the services' keys, instead of environment variables; nothing of it is ever written anywhere.",
        HelpName = "FILE",
    };
    private readonly Option<long?> _maxCalls = new("--max-calls")
    {
        Description = "Most calls that are made to a service now; the same command goes on later.",
        HelpName = "N",
    };
    private readonly Option<double?> _rate = new("--rate")
    {
        Description = "Most calls to a service a second. Default: 5.",
        HelpName = "N",
    };
    private readonly Option<string?> _record = new("--record")
    {
        Description = "Folder in which every exchange with a service is saved, without secrets.",
        HelpName = "FOLDER",
    };
    private readonly Option<string?> _replay = new("--replay")
    {
        Description = "Folder with saved exchanges, which are played back: nothing is sent, no key is needed.",
        HelpName = "FOLDER",
    };
    private readonly Option<bool> _yes = new("--yes")
    {
        Description = "Agree beforehand that photographs are sent to the services named, and to what that costs.",
    };

    public IReadOnlyList<Option> All => [_serviceFile, _keyFile, _maxCalls, _rate, _record, _replay, _yes];

    /// <summary>Whether the user agreed beforehand.</summary>
    public bool Agreed(ParseResult parsed) => parsed.GetValue(_yes);

    /// <summary>What of the options contradicts itself or cannot be, for a message; null where nothing does.</summary>
    public void CheckIn(Command command) => command.Validators.Add(result =>
    {
        if (result.GetResult(_record) is not null && result.GetResult(_replay) is not null)
            result.AddError("--record saves what a service says and --replay asks none: give one");
        if (result.GetResult(_maxCalls)?.Errors.Any() == false && result.GetValue(_maxCalls) is < 0)
            result.AddError("--max-calls is below 0; give how many calls may be made");
        if (result.GetResult(_rate)?.Errors.Any() == false && result.GetValue(_rate) is { } rate && !(rate > 0 && rate <= 1000))
            result.AddError("--rate must be above 0 and at most 1000 calls a second");
    });

    /// <summary>How services are asked.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="clock">The time.</param>
    /// <param name="say">Told what is worth a word.</param>
    public RemoteSettings Read(ParseResult parsed, TimeProvider clock, Action<string> say) => new()
    {
        ServiceFile = parsed.GetValue(_serviceFile),
        KeyFile = parsed.GetValue(_keyFile),
        MaxCalls = parsed.GetValue(_maxCalls),
        CallsPerSecond = parsed.GetValue(_rate) ?? new RemoteSettings().CallsPerSecond,
        Record = parsed.GetValue(_record),
        Replay = parsed.GetValue(_replay),
        Clock = clock,
        Say = say,
    };
}
