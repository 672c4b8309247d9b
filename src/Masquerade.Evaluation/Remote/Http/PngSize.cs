using System.Buffers.Binary;

namespace Masquerade.Evaluation.Remote.Http;

/// <summary>Width and height of a PNG file, from its header (PNG specification, 11.2.2).</summary>
internal static class PngSize
{
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The smaller of width and height, in pixels; 0 where the file is no PNG.</summary>
    public static int SmallerSide(ReadOnlySpan<byte> png) => png.Length >= 24 && png.StartsWith(Signature)
        ? Math.Min(BinaryPrimitives.ReadInt32BigEndian(png[16..]), BinaryPrimitives.ReadInt32BigEndian(png[20..])) : 0;
}
