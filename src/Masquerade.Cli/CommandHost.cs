using Masquerade.Evaluation.Assets;
using Masquerade.Models;
using Spectre.Console;

namespace Masquerade.Cli;

/// <summary>
/// What a command has around it: it writes results to <see cref="Output"/>, everything else to <see cref="Error"/>.
/// </summary>
internal sealed record CommandHost
{
    // A pipe or a file has no width: long paths and messages stay on one line.
    private const int PipedWidth = 10_000;

    private CommandHost(TextWriter output, TextWriter error, IAnsiConsole results, IAnsiConsole? terminal, TimeProvider clock)
    {
        Output = output;
        Error = error;
        Results = results;
        Terminal = terminal;
        Clock = clock;
    }

    /// <summary>Standard output.</summary>
    public TextWriter Output { get; }

    /// <summary>Standard error.</summary>
    public TextWriter Error { get; }

    /// <summary>Standard output for tables.</summary>
    public IAnsiConsole Results { get; }

    /// <summary>Standard error where somebody watches it on a terminal; null where it is piped.</summary>
    public IAnsiConsole? Terminal { get; }

    /// <summary>The time.</summary>
    public TimeProvider Clock { get; }

    /// <summary>The models that go by name.</summary>
    public NamedModels Models { get; init; } = AssetStore.Default.Models;

    /// <summary>The published models and data that go by name, and where they are kept.</summary>
    public AssetStore Assets { get; init; } = AssetStore.Default;

    /// <summary>How they are downloaded.</summary>
    public FetchSettings Fetching { get; init; } = new();

    /// <summary>Asks the user a question that is answered with yes or no; null where nobody is there to ask.</summary>
    public Func<string, CancellationToken, Task<bool>>? Ask { get; init; }

    /// <summary>Where a run goes for which no folder is named; where that is there already, the next free number is added.</summary>
    public string RunFolder { get; init; } = Path.Combine("runs", "demo");

    /// <summary>What the user types to start this program.</summary>
    public string Program { get; init; } = "masq";

    /// <summary>The process's own streams.</summary>
    public static CommandHost System()
    {
        var terminal = Console.IsErrorRedirected ? null
            : AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        var results = Console.IsOutputRedirected ? Plain(Console.Out) : AnsiConsole.Console;
        return new CommandHost(Console.Out, Console.Error, results, terminal, TimeProvider.System)
        {
            Program = ProgramName.Of(AppContext.BaseDirectory, Environment.CurrentDirectory),
            Fetching = FetchSettings.FromEnvironment(),
            Ask = terminal is null || Console.IsInputRedirected ? null : (question, cancellation) =>
                new ConfirmationPrompt(Markup.Escape(question)) { DefaultValue = false }.ShowAsync(terminal, cancellation),
        };
    }

    /// <summary>Writers without a terminal.</summary>
    public static CommandHost Piped(TextWriter output, TextWriter error, TimeProvider? clock = null) =>
        new(output, error, Plain(output), null, clock ?? TimeProvider.System);

    private static IAnsiConsole Plain(TextWriter writer)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = PipedWidth;
        return console;
    }
}
