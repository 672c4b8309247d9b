using Masquerade.Networks.Checkpoints;

namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>What every refused file has in common.</summary>
internal static class Refusal
{
    private const long Memory = 64 << 20;

    /// <summary>Reading fails with one line that names the file and has <paramref name="expected"/>, and takes little memory.</summary>
    public static InputException Of(Action<string> read, string path, string expected)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Should.Throw<InputException>(() => read(path));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(Memory);
        error.Message.ShouldStartWith($"{path}: ");
        error.Message.ShouldContain(expected);
        error.Message.ShouldNotContain('\n');
        error.Message.Any(char.IsControl).ShouldBeFalse();
        return error;
    }

    public static InputException OfCheckpoint(string path, string expected) => Of(p => CheckpointReader.Read(p), path, expected);
}
