using System.IO.Compression;
using System.Runtime.InteropServices;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Ledger;

/// <summary>
/// Adversarial images for the ledger, without loss to the last bit. An image of whole 8-bit levels is a PNG; any other is the bits of its
/// floats, XORed with the clean probe's, the four bytes of all values side by side, deflated.
/// </summary>
internal static class ImageCodec
{
    private const byte Png = 1;
    private const byte Floats = 2;

    /// <param name="image">[3,H,W] planar.</param>
    /// <param name="clean">The clean probe, same size.</param>
    public static byte[] Encode(ReadOnlySpan<float> image, FaceImage clean)
    {
        var bits = MemoryMarshal.Cast<float, uint>(image);
        var rounded = ImageTensors.FromPlanar(image, clean.Size);
        if (Bits(rounded).AsSpan().SequenceEqual(bits)) return [Png, .. ImageFile.EncodePng(rounded)];

        var cleanBits = Bits(clean);
        var shuffled = new byte[4 * bits.Length];
        for (var i = 0; i < bits.Length; i++)
        {
            var difference = bits[i] ^ cleanBits[i];
            for (var b = 0; b < 4; b++) shuffled[b * bits.Length + i] = (byte)(difference >> (8 * b));
        }
        using var packed = new MemoryStream();
        packed.WriteByte(Floats);
        using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true)) deflate.Write(shuffled);
        return packed.ToArray();
    }

    /// <param name="data">What <see cref="Encode"/> made.</param>
    /// <param name="clean">The clean probe.</param>
    /// <param name="name">What messages call the image.</param>
    /// <exception cref="InputException">The data is damaged.</exception>
    public static float[] Decode(byte[] data, FaceImage clean, string name) => data switch
    {
        [Png, ..] => DecodePng(data.AsSpan(1), clean, name),
        [Floats, ..] => DecodeFloats(data, clean, name),
        _ => throw Damaged(name),
    };

    private static float[] DecodePng(ReadOnlySpan<byte> png, FaceImage clean, string name)
    {
        var image = ImageFile.Decode(png, name);
        if (image.Size != clean.Size) throw Damaged(name);
        return MemoryMarshal.Cast<uint, float>(Bits(image)).ToArray();
    }

    private static float[] DecodeFloats(byte[] data, FaceImage clean, string name)
    {
        var bits = Bits(clean);
        var shuffled = new byte[4 * bits.Length];
        try
        {
            using var deflate = new DeflateStream(new MemoryStream(data, 1, data.Length - 1), CompressionMode.Decompress);
            deflate.ReadExactly(shuffled);
            if (deflate.ReadByte() >= 0) throw Damaged(name);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw Damaged(name, e);
        }
        for (var i = 0; i < bits.Length; i++)
            for (var b = 0; b < 4; b++) bits[i] ^= (uint)shuffled[b * bits.Length + i] << (8 * b);
        return MemoryMarshal.Cast<uint, float>(bits).ToArray();
    }

    private static uint[] Bits(FaceImage image)
    {
        var bits = new uint[image.Size.Values];
        ImageTensors.WritePlanar(image, MemoryMarshal.Cast<uint, float>(bits.AsSpan()));
        return bits;
    }

    private static InputException Damaged(string name, Exception? inner = null)
    {
        var message = $"{name}: the image kept there is damaged; run the experiment again into a new folder";
        return inner is null ? new InputException(message) : new InputException(message, inner);
    }
}
