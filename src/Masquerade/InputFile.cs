using System.Text;

namespace Masquerade;

/// <summary>Opens what a user names: every way a file cannot be read is one <see cref="InputException"/>, and no size is trusted.</summary>
internal static class InputFile
{
    /// <summary>Longest list (pairs, landmarks) that is read.</summary>
    private const long MaxTextBytes = 256L << 20;

    /// <summary>All bytes of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">Most bytes it may have; checked before memory is taken.</param>
    /// <exception cref="InputException">Missing, a folder, empty, too large or unreadable.</exception>
    public static byte[] ReadBytes(string path, long limit)
    {
        if (string.IsNullOrEmpty(path)) throw new InputException("no file is named: an empty path");
        if (Directory.Exists(path)) throw new InputException($"{path}: is a folder; name a file");
        if (!File.Exists(path)) throw new InputException($"{path}: no such file; check the path");
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var length = file.Length;
            if (length == 0) throw new InputException($"{path}: the file is empty; copy it again");
            if (length > limit) throw new InputException($"{path}: {length:N0} bytes, more than the {limit:N0} that are read");
            var bytes = GC.AllocateUninitializedArray<byte>((int)length);
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InputException($"{path}: cannot be read ({OneLine(e.Message)})", e);
        }
    }

    /// <summary>The lines of a UTF-8 text file; line n is element n−1.</summary>
    /// <exception cref="InputException">As <see cref="ReadBytes"/>; also a file that is not text.</exception>
    public static string[] ReadLines(string path)
    {
        var bytes = ReadBytes(path, MaxTextBytes);
        if (bytes.AsSpan().Contains((byte)0)) throw new InputException($"{path}: is not a text file");
        ReadOnlySpan<byte> text = bytes;
        if (text.StartsWith(Encoding.UTF8.Preamble)) text = text[Encoding.UTF8.Preamble.Length..];
        var lines = Encoding.UTF8.GetString(text).Split('\n');
        for (var i = 0; i < lines.Length; i++) lines[i] = lines[i].TrimEnd('\r');
        return lines is [.. var most, ""] ? most : lines;
    }

    /// <summary>A message without line breaks.</summary>
    public static string OneLine(string message) => message.ReplaceLineEndings(" ");
}
