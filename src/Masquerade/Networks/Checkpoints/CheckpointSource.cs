using System.Buffers.Binary;

namespace Masquerade.Networks.Checkpoints;

/// <summary>
/// The file being read: its name for messages, and its size, which bounds everything that it may claim and all memory that it may take.
/// </summary>
internal sealed class CheckpointSource(string path, long length)
{
    private const long FreeCopies = 1 << 20;
    private long _copied;

    /// <summary>The whole file, in bytes.</summary>
    public long Length => length;

    /// <summary>An error that names the file.</summary>
    public InputException Fail(string what) => new($"{path}: {what}");

    /// <summary>Counts memory taken beyond what the file holds: a small file that refers to one block many times must not grow.</summary>
    public void Charge(long bytes)
    {
        _copied += bytes;
        if (_copied > 4 * length + FreeCopies)
            throw Fail($"its tensors overlap or repeat and would take far more memory than the file has bytes; export it again");
    }

    /// <summary>Text from the file, fit for a message: one line, no control characters, not long.</summary>
    public static string Quote(string text)
    {
        var shown = text.Length > 80 ? text[..80] + "…" : text;
        return "'" + string.Concat(shown.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)) + "'";
    }
}

/// <summary>Reads a stream of known length; whatever would go beyond its end is refused before memory is taken.</summary>
internal sealed class BoundedReader(CheckpointSource source, Stream stream, long length)
{
    /// <summary>The file that this is part of.</summary>
    public CheckpointSource Source => source;

    /// <summary>Bytes not read yet.</summary>
    public long Remaining { get; private set; } = length;

    /// <summary>The next byte.</summary>
    public byte ReadByte()
    {
        Need(1);
        var value = stream.ReadByte();
        if (value < 0) throw source.Fail("it ended while it was read");
        Remaining--;
        return (byte)value;
    }

    /// <summary>The next <paramref name="count"/> bytes.</summary>
    public byte[] ReadBytes(long count)
    {
        Need(count);
        if (count > Array.MaxLength) throw source.Fail($"a block of {count} bytes is larger than the 2 GiB that can be read");
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }

    /// <summary>A little-endian unsigned 16-bit number.</summary>
    public ushort ReadUInt16()
    {
        Span<byte> bytes = stackalloc byte[2];
        Fill(bytes);
        return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    /// <summary>A little-endian 32-bit number.</summary>
    public int ReadInt32()
    {
        Span<byte> bytes = stackalloc byte[4];
        Fill(bytes);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    /// <summary>A little-endian 64-bit number.</summary>
    public long ReadInt64()
    {
        Span<byte> bytes = stackalloc byte[8];
        Fill(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    private void Fill(Span<byte> bytes)
    {
        Need(bytes.Length);
        stream.ReadExactly(bytes);
        Remaining -= bytes.Length;
    }

    private void Need(long count)
    {
        if (count < 0 || count > Remaining)
            throw source.Fail($"it is damaged or cut short: {count} more bytes are needed, {Remaining} are left; fetch it again");
    }
}
