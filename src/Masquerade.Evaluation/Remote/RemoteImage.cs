using System.Security.Cryptography;

namespace Masquerade.Evaluation.Remote;

/// <summary>An image as it is sent.</summary>
/// <param name="Png">A PNG file, 8 bits a channel.</param>
/// <param name="Sha256">SHA-256 of the file, in lower-case hex.</param>
public sealed record RemoteImage(ReadOnlyMemory<byte> Png, string Sha256)
{
    /// <summary>An image of which only the file is known.</summary>
    public static RemoteImage Of(ReadOnlyMemory<byte> png) => new(png, Convert.ToHexStringLower(SHA256.HashData(png.Span)));
}
