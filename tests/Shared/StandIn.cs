using System.Security.Cryptography;
using Masquerade.Evaluation.Assets;

namespace Masquerade.Testing;

/// <summary>Small stand-ins for published files.</summary>
internal static class StandIn
{
    /// <summary>Bytes that are the same every time and do not repeat.</summary>
    public static byte[] Bytes(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A published file.</summary>
    public static AssetDownload File(string name, byte[] content, params string[] urls) => new(name, content.Length, Hash(content), urls);

    /// <summary>A file in an archive.</summary>
    public static AssetMember Member(string name, byte[] content) => new(name, content.Length, Hash(content));

    /// <summary>An asset.</summary>
    public static Asset Asset(string name, params AssetDownload[] files) => new()
    {
        Name = name,
        Kind = AssetKind.Data,
        Purpose = $"a stand-in, {name}",
        License = "Apache-2.0",
        Citation = "Nobody: Nothing, 2026",
        Downloads = files,
    };

    public static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
