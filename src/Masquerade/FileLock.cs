namespace Masquerade;

/// <summary>Keeps a second process out of something. The system lets go of it when the process ends, however it ends.</summary>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Takes a lock; null where another process has it.</summary>
    /// <param name="path">Its file, which is made where there is none.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static FileLock? TryTake(string path)
    {
        try
        {
            return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (IsHeldElsewhere(e))
        {
            return null;
        }
    }

    /// <summary>What .NET reports of a file that somebody else holds: a sharing violation, or EWOULDBLOCK of Linux or macOS.</summary>
    private static bool IsHeldElsewhere(IOException e) =>
        e.HResult == (OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsMacOS() ? 35 : 11);

    /// <summary>Removes its file: at once where the system lets an open file go, else only once it is let go of.</summary>
    public void Remove() => File.Delete(_file.Name);

    public void Dispose() => _file.Dispose();
}
