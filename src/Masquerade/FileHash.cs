using System.Security.Cryptography;

namespace Masquerade;

/// <summary>How a file is known.</summary>
internal static class FileHash
{
    private const int BufferBytes = 1 << 20;

    /// <summary>SHA-256 of a file, in lower-case hex.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static string Of(string path, CancellationToken cancellation)
    {
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var buffer = new byte[(int)Math.Clamp(file.Length, 1, BufferBytes)];
            while (file.Read(buffer) is > 0 and var read)
            {
                cancellation.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, read);
            }
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({InputFile.OneLine(e.Message)})", e);
        }
    }

    /// <summary>Whether a file is there and is a certain one.</summary>
    public static bool Is(string path, long bytes, string sha256, CancellationToken cancellation) =>
        new FileInfo(path) is { Exists: true } file && file.Length == bytes && Of(path, cancellation) == sha256;
}
