namespace Masquerade.Tests.Networks.Checkpoints;

/// <summary>A folder of a test's own, gone after it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("masquerade-tests-");

    /// <summary>A path in it.</summary>
    public string this[string name] => Path.Combine(_folder.FullName, name);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, byte[] content)
    {
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
