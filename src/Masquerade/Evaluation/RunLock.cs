namespace Masquerade.Evaluation;

/// <summary>Keeps a second process out of a run folder. The operating system lets go of it when the process ends, however it ends.</summary>
internal sealed class RunLock : IDisposable
{
    private const string FileName = "run.lock";
    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <exception cref="InputException">Another process works in the folder, or it cannot be written to.</exception>
    public static RunLock Take(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            return new RunLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InputException($"{folder}: cannot be written to; choose another folder with --out", e);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new InputException($"{folder}: another run works in this folder; wait for it, or choose another folder with --out", e);
        }
        catch (IOException e)
        {
            throw new InputException($"{folder}: cannot be written to ({e.Message.Split('\n')[0]}); choose another folder with --out", e);
        }
    }

    public void Dispose() => _file.Dispose();
}
