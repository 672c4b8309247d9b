using System.Runtime.CompilerServices;

namespace Masquerade.Testing;

/// <summary>Texts that a person has looked at and committed: what the code writes now must be the same.</summary>
internal static class Snapshot
{
    /// <summary>
    /// Compares with <c>Snapshots/NAME.verified.EXT</c> beside the test's file. Where they differ, what came is left there as
    /// <c>NAME.received.EXT</c>: look at it, and rename it if it is right.
    /// </summary>
    /// <param name="text">What the code writes.</param>
    /// <param name="name">NAME.EXT; without an extension it stands for <c>TESTS.NAME.txt</c>, where TESTS are the test's file.</param>
    /// <param name="test">The test's file.</param>
    public static void Match(string text, string name, [CallerFilePath] string test = "")
    {
        text = text.ReplaceLineEndings("\n");
        if (!Path.HasExtension(name)) name = $"{Path.GetFileNameWithoutExtension(test)}.{name}.txt";
        var extension = Path.GetExtension(name);
        var stem = Path.Combine(Path.GetDirectoryName(test)!, "Snapshots", Path.GetFileNameWithoutExtension(name));
        var (verified, received) = ($"{stem}.verified{extension}", $"{stem}.received{extension}");
        Directory.CreateDirectory(Path.GetDirectoryName(received)!);
        File.Delete(received);
        var expected = File.Exists(verified) ? File.ReadAllText(verified).ReplaceLineEndings("\n") : null;
        if (text == expected) return;
        File.WriteAllText(received, text);
        var line = text.Split('\n').Zip((expected ?? "").Split('\n')).TakeWhile(l => l.First == l.Second).Count();
        Assert.Fail($"{name} differs from its snapshot at line {line + 1}; see {received}\n{text}");
    }
}
