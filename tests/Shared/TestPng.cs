using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Masquerade.Testing;

/// <summary>PNG files written byte by byte (W3C PNG, third edition), of kinds that the project itself never writes.</summary>
internal static class TestPng
{
    public const byte Grey = 0, Rgb = 2, Palette = 3, GreyAlpha = 4, Rgba = 6;

    /// <param name="width">Width in the header.</param>
    /// <param name="height">Height in the header.</param>
    /// <param name="depth">Bits a sample.</param>
    /// <param name="colour">Colour type.</param>
    /// <param name="samples">Packed samples of all rows, without filter bytes.</param>
    /// <param name="chunks">Chunks before the pixels.</param>
    public static byte[] Write(int width, int height, byte depth, byte colour, byte[] samples, params (string Type, byte[] Data)[] chunks)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (depth, colour);
        WriteChunk(file, "IHDR", header);
        foreach (var (type, data) in chunks) WriteChunk(file, type, data);
        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            var stride = samples.Length / Math.Max(1, height);
            for (var y = 0; y < height && samples.Length > 0; y++)
            {
                deflate.WriteByte(0);
                deflate.Write(samples, y * stride, stride);
            }
        }
        WriteChunk(file, "IDAT", packed.ToArray());
        WriteChunk(file, "IEND", []);
        return file.ToArray();
    }

    private static void WriteChunk(MemoryStream file, string type, byte[] data)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, data.Length);
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        var check = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(check, Crc(body));
        file.Write([.. length, .. body, .. check]);
    }

    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }
        return ~crc;
    }
}
