using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Masquerade.Cli.Commands;
using Masquerade.Cli.Commands.Training;

namespace Masquerade.Cli;

/// <summary>The command line: which commands there are, and what becomes of whatever they throw.</summary>
internal static class MasqApp
{
    private const string Description = "Measures how easily a face verifier is fooled, and hardens it.";

    /// <summary>Runs a command line.</summary>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <param name="host">Where it writes.</param>
    /// <param name="cancellation">Ends the work in good order, with exit code 130.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] args, CommandHost host, CancellationToken cancellation = default)
    {
        var verbose = new Option<bool>("--verbose") { Description = "On an error, print where in the program it arose.", Recursive = true };
        // An argument that begins with @ is the name of a file like any other, and no file of further arguments.
        var parsed = Root(host, verbose).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction)
            return Fail(host, ExitCodes.BadInput, $"{parsed.Errors[0].Message.TrimEnd('.')}; see '{HelpFor(parsed)}'", null);
        var details = parsed.GetValue(verbose);
        try
        {
            // Program.cs takes the signals, and this method takes the exceptions.
            var invocation = new InvocationConfiguration
            {
                Output = host.Output,
                Error = host.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(invocation, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return Fail(host, ExitCodes.Interrupted, "interrupted", null);
        }
        catch (InputException e)
        {
            return Fail(host, ExitCodes.BadInput, e.Message, details ? e : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(host, ExitCodes.BadInput, e.Message, details ? e : null);
        }
        catch (Exception e)
        {
            var hint = details ? "" : "; run it again with --verbose and report what it prints";
            var message = $"this should not have happened: {e.GetType().Name}: {e.Message}{hint}";
            return Fail(host, ExitCodes.Defect, message, details ? e : null);
        }
    }

    private static Command Root(CommandHost host, Option<bool> verbose)
    {
        // No RootCommand: it would take its name from the process, which is 'dotnet' or a test runner as often as 'masq'.
        var root = new Command("masq", Description)
        {
            new RunCommand(host),
            new TransferCommand(host),
            new ReportCommand(host),
            new EvaluateCommand(host),
            new VerifyCommand(host),
            new AlignCommand(host),
            new PurifyCommand(host),
            new DetectCommand(host),
            new InspectCommand(host),
            new SynthesizeCommand(host),
            new TrainCommand(host),
            new FetchCommand(host),
            new AssetsCommand(host),
            new DoctorCommand(host),
            new HelpOption { Action = new HelpWithExamples(new HelpAction()) },
            new VersionOption { Action = new PrintVersion() },
            verbose,
        };
        root.SetAction(parsed => new HelpWithExamples(new HelpAction()).Invoke(parsed));
        return root;
    }

    private static string HelpFor(ParseResult parsed)
    {
        var names = new List<string> { "masq", "--help" };
        for (var result = parsed.CommandResult; result.Parent is CommandResult parent; result = parent)
            names.Insert(1, result.Command.Name);
        return string.Join(' ', names);
    }

    private static int Fail(CommandHost host, int code, string message, Exception? details)
    {
        host.Error.WriteLine($"error: {message.ReplaceLineEndings(" ")}");
        if (details is not null) host.Error.WriteLine(details);
        return code;
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"masq {typeof(MasqApp).Assembly.GetName().Version!.ToString(3)}");
            return ExitCodes.Done;
        }
    }
}
