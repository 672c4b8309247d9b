using System.Diagnostics;

namespace Masquerade.Cli.Tests;

/// <summary>A disk of a test's own, to fill or to lock: seen by one script alone, in a mount namespace that ends with it.</summary>
internal static class MountedDisk
{
    /// <summary>
    /// Runs a shell script that finds the empty disk at <c>$DISK</c>, a folder that outlives it at <c>$KEEP</c>, and <c>masq</c>.
    /// Skips the test where there are no such namespaces.
    /// </summary>
    /// <param name="keep">A folder that is there.</param>
    /// <param name="size">Of the disk, as mount takes it: 512k.</param>
    /// <param name="script">Ends at the first command that fails.</param>
    public static async Task RunAsync(string keep, string size, string script)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has mount namespaces");
        var disk = Directory.CreateDirectory(Path.Combine(keep, "disk")).FullName;
        string[] mount = ["-rm", "mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", disk];
        var (possible, why) = await UnshareAsync(mount);
        Assert.SkipUnless(possible == 0, $"no disk can be mounted here: {why}");
        var (code, error) = await UnshareAsync("-rm", "env", $"DISK={disk}", $"KEEP={keep}", $"PROGRAM={MasqProcess.Program}",
            "sh", "-ec", $"mount -t tmpfs -o size={size} tmpfs \"$DISK\"\nmasq() {{ dotnet \"$PROGRAM\" \"$@\"; }}\n{script}");
        code.ShouldBe(0, error);
    }

    private static async Task<(int Code, string Error)> UnshareAsync(params string[] args)
    {
        var start = new ProcessStartInfo("unshare", args) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            process.BeginOutputReadLine();
            var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return (process.ExitCode, error.Trim());
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }
}
