using System.IO.Compression;
using System.Runtime.InteropServices;
using Masquerade.Faces;

namespace Masquerade.Evaluation;

/// <summary>
/// Adversarial images for the ledger, without loss. An image of whole 8-bit levels is a PNG; any other is the bits of its floats, XORed with
/// the clean probe's, the four bytes of all values side by side, deflated.
/// </summary>
internal static class ImageCodec
{
    private const byte Png = 1;
    private const byte Floats = 2;

    /// <param name="image">[3,H,W] planar in [0,1].</param>
    /// <param name="clean">The clean probe, same size.</param>
    public static byte[] Encode(ReadOnlySpan<float> image, FaceImage clean)
    {
        var rounded = ImageTensors.FromPlanar(image, clean.Size);
        if (Planar(rounded).AsSpan().SequenceEqual(image)) return [Png, .. ImageFile.EncodePng(rounded)];

        var bits = MemoryMarshal.Cast<float, uint>(image);
        var base32 = MemoryMarshal.Cast<float, uint>(Planar(clean).AsSpan());
        var shuffled = new byte[4 * bits.Length];
        for (var i = 0; i < bits.Length; i++)
        {
            var x = bits[i] ^ base32[i];
            for (var b = 0; b < 4; b++) shuffled[b * bits.Length + i] = (byte)(x >> (8 * b));
        }
        using var packed = new MemoryStream();
        packed.WriteByte(Floats);
        using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true)) deflate.Write(shuffled);
        return packed.ToArray();
    }

    /// <param name="data">What <see cref="Encode"/> made.</param>
    /// <param name="clean">The clean probe.</param>
    /// <exception cref="InputException">The data is damaged.</exception>
    public static float[] Decode(byte[] data, FaceImage clean)
    {
        if (data is [Png, ..]) return Planar(ImageFile.Decode(data.AsSpan(1), "an image of the ledger"));
        var values = Planar(clean);
        var shuffled = new byte[4 * values.Length];
        try
        {
            using var deflate = new DeflateStream(new MemoryStream(data, 1, Math.Max(0, data.Length - 1)), CompressionMode.Decompress);
            deflate.ReadExactly(shuffled);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new InputException("an adversarial image in the ledger is damaged; run the experiment again into a new folder", e);
        }
        var bits = MemoryMarshal.Cast<float, uint>(values.AsSpan());
        for (var i = 0; i < bits.Length; i++)
        {
            uint x = 0;
            for (var b = 0; b < 4; b++) x |= (uint)shuffled[b * bits.Length + i] << (8 * b);
            bits[i] ^= x;
        }
        return values;
    }

    private static float[] Planar(FaceImage image)
    {
        var values = new float[image.Size.Values];
        ImageTensors.WritePlanar(image, values);
        return values;
    }
}
