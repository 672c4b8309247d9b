using System.Buffers.Binary;
using SkiaSharp;

namespace Masquerade.Imaging;

/// <summary>The orientation in a PNG file's <c>eXIf</c> chunk, which Skia reads in JPEG and WebP files but not here.</summary>
internal static class PngOrientation
{
    private const int Signature = 8, ChunkFrame = 12, EntrySize = 12, OrientationTag = 0x0112;

    /// <summary>The orientation; as stored where the file says nothing or something that is not defined.</summary>
    public static SKEncodedOrigin Read(ReadOnlySpan<byte> png)
    {
        for (var chunks = png[Signature..]; chunks.Length >= ChunkFrame;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(chunks);
            if (length > chunks.Length - ChunkFrame) break;
            if (chunks.Slice(4, 4).SequenceEqual("eXIf"u8)) return ReadTiff(chunks.Slice(8, (int)length));
            chunks = chunks[((int)length + ChunkFrame)..];
        }
        return SKEncodedOrigin.TopLeft;
    }

    private static SKEncodedOrigin ReadTiff(ReadOnlySpan<byte> tiff)
    {
        var little = tiff.StartsWith("II*\0"u8);
        if (tiff.Length < 8 || !little && !tiff.StartsWith("MM\0*"u8)) return SKEncodedOrigin.TopLeft;
        var start = little ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (start > tiff.Length - 2) return SKEncodedOrigin.TopLeft;
        var entries = tiff[(int)start..];
        var count = Short(entries);
        entries = entries[2..];
        for (; count > 0 && entries.Length >= EntrySize; count--, entries = entries[EntrySize..])
        {
            if (Short(entries) == OrientationTag && Short(entries[8..]) is >= 1 and <= 8 and var value) return (SKEncodedOrigin)value;
        }
        return SKEncodedOrigin.TopLeft;

        int Short(ReadOnlySpan<byte> at) =>
            little ? BinaryPrimitives.ReadUInt16LittleEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);
    }
}
