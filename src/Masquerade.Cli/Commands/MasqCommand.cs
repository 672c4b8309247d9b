using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Masquerade.Cli.Commands;

/// <summary>A command with examples for its help.</summary>
/// <param name="name">What the user types.</param>
/// <param name="description">What it does, in a sentence or two.</param>
/// <param name="examples">Command lines that a user could type.</param>
internal abstract class MasqCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Command lines that a user could type.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}

/// <summary>The usual help, and the command's examples below it.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is not MasqCommand { Examples.Count: > 0 } command) return code;
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in command.Examples) output.WriteLine($"  {example}");
        output.WriteLine();
        return code;
    }
}
