namespace Masquerade.Cli;

/// <summary>A folder for what is needed during a command only.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly DirectoryInfo _folder = Make();

    /// <summary>Its full path.</summary>
    public string Path => _folder.FullName;

    /// <summary>Bytes of the files in it.</summary>
    public long Size => _folder.EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    private static DirectoryInfo Make()
    {
        try
        {
            return Directory.CreateTempSubdirectory("masq-");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(
                $"{System.IO.Path.GetTempPath()}: no temporary folder can be made there ({InputFile.OneLine(e.Message)})", e);
        }
    }
}
