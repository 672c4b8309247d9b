namespace Masquerade.Reporting;

/// <summary>Files that are there whole or not at all.</summary>
internal static class AtomicFile
{
    /// <summary>Writes to a temporary name beside the file, then moves it into place over what was there.</summary>
    /// <exception cref="InputException">The file cannot be written: no such folder, read-only, disk full.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            try
            {
                using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
                {
                    write(stream);
                    stream.Flush(flushToDisk: true);
                }
                File.Move(temporary, path, overwrite: true);
            }
            finally
            {
                File.Delete(temporary);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be written ({InputFile.OneLine(e.Message)})", e);
        }
    }

    /// <summary>Writes a text in UTF-8 without a byte-order mark.</summary>
    /// <exception cref="InputException">As <see cref="Write(string, Action{Stream})"/>.</exception>
    public static void Write(string path, string text) => Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes bytes.</summary>
    /// <exception cref="InputException">As <see cref="Write(string, Action{Stream})"/>.</exception>
    public static void Write(string path, byte[] bytes) => Write(path, stream => stream.Write(bytes));
}
