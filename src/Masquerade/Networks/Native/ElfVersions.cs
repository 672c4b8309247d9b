using System.Buffers.Binary;
using System.Text;

namespace Masquerade.Networks.Native;

/// <summary>A version that a library asks another one for.</summary>
/// <param name="Library">The other library, as <c>libstdc++.so.6</c>.</param>
/// <param name="Name">The version, as <c>GLIBCXX_3.4.32</c>.</param>
/// <param name="Weak">Whether the loader does without it.</param>
internal sealed record VersionNeed(string Library, string Name, bool Weak);

/// <summary>The symbol versions that an ELF shared library asks for and offers (LSB core specification, "Symbol Versioning").</summary>
/// <param name="Needs">What it asks of others.</param>
/// <param name="Offers">What it defines.</param>
internal sealed record ElfVersions(IReadOnlyList<VersionNeed> Needs, IReadOnlyList<string> Offers)
{
    private const int NeedsSection = 0x6ffffffe;
    private const int OffersSection = 0x6ffffffd;
    private const int WeakFlag = 2;
    private const long MostBytes = 256L << 20;

    /// <summary>Reads a shared library.</summary>
    /// <exception cref="InputException">It cannot be read, or is no 64-bit little-endian ELF file, or is damaged.</exception>
    public static ElfVersions Read(string path)
    {
        var bytes = InputFile.ReadBytes(path, MostBytes);
        if (bytes.Length < 64 || !bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
            throw new InputException($"{path}: is not a 64-bit ELF file");
        try
        {
            return new Reader(bytes).Read();
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException)
        {
            throw new InputException($"{path}: is a damaged ELF file; install it again", e);
        }
    }

    private sealed class Reader(byte[] file)
    {
        private readonly List<VersionNeed> _needs = [];
        private readonly List<string> _offers = [];

        public ElfVersions Read()
        {
            for (var section = 0; section < Half(0x3c); section++)
            {
                var (kind, first, count, strings) = Section(section);
                if (kind == NeedsSection) Walk(first, count, 12, at => ReadNeeds(at, strings));
                if (kind == OffersSection) Walk(first, count, 16, at => _offers.Add(Text(strings + Word(at + Word(at + 12)))));
            }
            return new ElfVersions(_needs, _offers);
        }

        private void ReadNeeds(int need, int strings)
        {
            var library = Text(strings + Word(need + 4));
            Walk(need + Word(need + 8), Half(need + 2), 12, at =>
                _needs.Add(new VersionNeed(library, Text(strings + Word(at + 8)), (Half(at + 4) & WeakFlag) != 0)));
        }

        /// <summary>Goes through entries that each say how far the next one is.</summary>
        private void Walk(int at, int count, int next, Action<int> visit)
        {
            for (var i = 0; i < count; i++)
            {
                visit(at);
                if (Word(at + next) == 0) return;
                at += Word(at + next);
            }
        }

        /// <summary>A section's kind, its place, how many entries it has, and where its names are.</summary>
        private (int Kind, int First, int Count, int Strings) Section(int index)
        {
            var header = checked((int)Long(0x28) + index * Half(0x3a));
            var kind = Word(header + 4, any: true);
            if (kind is not (NeedsSection or OffersSection)) return (kind, 0, 0, 0);
            var names = checked((int)Long(0x28) + Word(header + 0x28) * Half(0x3a));
            return (kind, checked((int)Long(header + 0x18)), Word(header + 0x2c), checked((int)Long(names + 0x18)));
        }

        private long Long(int at) => BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));

        private int Half(int at) => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at));

        /// <summary>A word; offsets and counts have no sign.</summary>
        private int Word(int at, bool any = false)
        {
            var word = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at));
            return any || word >= 0 ? word : throw new OverflowException();
        }

        private string Text(int at)
        {
            var rest = file.AsSpan(at);
            var end = rest.IndexOf((byte)0);
            return Encoding.ASCII.GetString(rest[..Math.Max(end, 0)]);
        }
    }
}
