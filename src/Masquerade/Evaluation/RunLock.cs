namespace Masquerade.Evaluation;

/// <summary>Keeps a second process out of a run folder. The system lets go of it when the process ends, however it ends.</summary>
internal sealed class RunLock : IDisposable
{
    private const string FileName = "run.lock";
    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <exception cref="InputException">Another process works in the folder, or it cannot be written to.</exception>
    public static RunLock Take(string folder)
    {
        try
        {
            return new RunLock(new FileStream(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (IsHeldElsewhere(e))
        {
            throw new InputException($"{folder}: another run works in this folder; wait for it, or choose another folder with --out", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RunLedger.CannotWrite(folder, e);
        }
    }

    /// <summary>What .NET reports of a file that somebody else holds: a sharing violation, or EWOULDBLOCK of Linux or macOS.</summary>
    private static bool IsHeldElsewhere(IOException e) =>
        e.HResult == (OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsMacOS() ? 35 : 11);

    /// <summary>Removes its file: at once where the system lets an open file go, else only once it is let go of.</summary>
    public void Remove() => File.Delete(_file.Name);

    public void Dispose() => _file.Dispose();
}
