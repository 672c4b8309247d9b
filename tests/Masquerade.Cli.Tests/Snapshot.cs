using System.Runtime.CompilerServices;

namespace Masquerade.Cli.Tests;

/// <summary>
/// Compares what a user sees with a committed <c>.verified.txt</c>. On a difference it writes <c>.received.txt</c> beside it: look at it,
/// and where it is right, rename it.
/// </summary>
internal static class Snapshot
{
    public static void Match(string actual, string name, [CallerFilePath] string test = "")
    {
        var stem = Path.Combine(Path.GetDirectoryName(test)!, "Snapshots", $"{Path.GetFileNameWithoutExtension(test)}.{name}");
        var (verified, received) = (stem + ".verified.txt", stem + ".received.txt");
        actual = actual.ReplaceLineEndings("\n");
        var expected = File.Exists(verified) ? File.ReadAllText(verified).ReplaceLineEndings("\n") : null;
        if (actual == expected)
        {
            File.Delete(received);
            return;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(received)!);
        File.WriteAllText(received, actual);
        Assert.Fail($"{Path.GetFileName(received)} differs from {Path.GetFileName(verified)}:\n{actual}");
    }
}
