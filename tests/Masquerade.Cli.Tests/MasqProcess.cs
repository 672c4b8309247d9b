using System.Diagnostics;

namespace Masquerade.Cli.Tests;

/// <summary><c>masq</c> as a process of its own.</summary>
internal static class MasqProcess
{
    /// <summary>The program that <c>dotnet</c> runs.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "masq.dll");

    /// <summary>
    /// Runs a command line that must end well, so that it repeats to the last digit; what it printed. oneDNN, which computes libtorch's
    /// convolutions, takes kernels that nearly all processors have: its own choice with AVX-512 may be wrong there, and depend on what else
    /// is in memory. There is one thread, and a process of its own: what a thread did before with others decides last digits, too.
    /// </summary>
    public static async Task<string> RepeatableAsync(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["ONEDNN_MAX_CPU_ISA"] = "AVX2", ["OMP_NUM_THREADS"] = "1", ["MKL_NUM_THREADS"] = "1" },
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.ExitCode.ShouldBe(0, await error);
        return output;
    }

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
