using System.Diagnostics;

namespace Masquerade.Cli.Tests;

/// <summary><c>masq</c> as a process of its own.</summary>
internal static class MasqProcess
{
    /// <summary>The program that <c>dotnet</c> runs.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "masq.dll");

    /// <summary>Starts a command line; what it prints is let go.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="environment">Variables that differ from this process's; null takes one away.</param>
    public static Process Start(string[] args, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. args]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>()) start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
