namespace Masquerade;

/// <summary>Writes what a user asked for, whole or not at all.</summary>
internal static class OutputFile
{
    private const string Temporary = ".tmp";

    /// <summary>Finds out before long work whether a file could be written in its folder.</summary>
    /// <exception cref="InputException">There is no such folder, or the path is a folder itself.</exception>
    public static void CheckFolder(string path)
    {
        if (string.IsNullOrWhiteSpace(path)) throw new InputException("no output file is named: an empty path");
        if (Directory.Exists(path)) throw new InputException($"{path}: is a folder; name a file to write");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (!Directory.Exists(folder)) throw new InputException($"{path}: cannot be written, there is no folder {folder}; create it");
    }

    /// <summary>Makes the folder that a file is to lie in.</summary>
    /// <exception cref="InputException">It cannot be made.</exception>
    public static void CreateFolderOf(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, e);
        }
    }

    /// <summary>Writes to a temporary name beside the file, then moves it into place over what was there.</summary>
    /// <exception cref="InputException">It cannot be written: no such folder, read-only, disk full.</exception>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        CheckFolder(path);
        try
        {
            if (IsDevice(path))
            {
                File.WriteAllBytes(path, bytes);
                return;
            }
            var temporary = $"{path}.{Guid.NewGuid():N}{Temporary}";
            try
            {
                File.WriteAllBytes(temporary, bytes);
                File.Move(temporary, path, overwrite: true);
            }
            finally
            {
                File.Delete(temporary);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, e);
        }
    }

    /// <summary>The name that a temporary file of <see cref="Write"/> was to get; null of any other file.</summary>
    public static string? FinalName(string name)
    {
        var (end, dot) = (name.Length - Temporary.Length, name.Length - Temporary.Length - 33);
        var isTemporary = dot > 0 && name.EndsWith(Temporary, StringComparison.Ordinal) && name[dot] == '.'
            && Guid.TryParseExact(name.AsSpan(dot + 1, end - dot - 1), "N", out _);
        return isTemporary ? name[..dot] : null;
    }

    private static InputException Unwritable(string path, Exception e) =>
        new($"{path}: cannot be written ({InputFile.OneLine(e.Message)}); free space or choose another place", e);

    /// <summary>A device such as /dev/stdout is written to; a file moved over it would replace it.</summary>
    private static bool IsDevice(string path) =>
        !OperatingSystem.IsWindows() && Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal);
}
