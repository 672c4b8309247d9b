using System.Diagnostics;

namespace Masquerade.Cli.Tests;

/// <summary><c>masq</c> as a process of its own.</summary>
internal static class MasqProcess
{
    /// <summary>The program that <c>dotnet</c> runs.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "masq.dll");

    /// <summary>Starts a command line; what it prints is let go.</summary>
    public static Process Start(string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. args]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
