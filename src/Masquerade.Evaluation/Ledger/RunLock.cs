
namespace Masquerade.Evaluation.Ledger;

/// <summary>Keeps a second process out of a run folder.</summary>
internal sealed class RunLock : IDisposable
{
    private const string FileName = "run.lock";
    private readonly FileLock _file;

    private RunLock(FileLock file) => _file = file;

    /// <exception cref="InputException">Another process works in the folder, or it cannot be written to.</exception>
    public static RunLock Take(string folder)
    {
        try
        {
            return new RunLock(FileLock.TryTake(Path.Combine(folder, FileName)) ?? throw new InputException(
                $"{folder}: another run works in this folder; wait for it, or choose another folder with --out"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RunLedger.CannotWrite(folder, e);
        }
    }

    /// <inheritdoc cref="FileLock.Remove"/>
    public void Remove() => _file.Remove();

    public void Dispose() => _file.Dispose();
}
