using System.IO.Compression;
using System.Text;
using Masquerade.Networks.Checkpoints.Pickle;

namespace Masquerade.Networks.Checkpoints;

/// <summary>
/// PyTorch's second format (torch.save since 1.6): a zip archive, nothing compressed, with one folder that holds <c>data.pkl</c> (the
/// object), <c>data/KEY</c> (the elements of a storage) and, in newer files, <c>byteorder</c>. Nothing is extracted to disk.
/// </summary>
internal static class ZipFormat
{
    private const string Pickle = "/data.pkl";

    public static object? Read(CheckpointSource source, Stream stream)
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        var entries = new Dictionary<string, ZipArchiveEntry>();
        foreach (var entry in archive.Entries)
        {
            if (!entries.TryAdd(entry.FullName, entry))
                throw source.Fail($"the archive has two entries {CheckpointSource.Quote(entry.FullName)}; export it again");
        }
        var pickles = entries.Keys.Where(name => name.EndsWith(Pickle, StringComparison.Ordinal)).ToList();
        if (pickles is not [var pickle])
            throw source.Fail($"a zip archive with {pickles.Count} entries data.pkl, where a PyTorch checkpoint has one");
        var folder = pickle[..^Pickle.Length];
        var swap = entries.TryGetValue($"{folder}/byteorder", out var byteOrder) && IsBigEndian(source, ReadEntry(source, byteOrder));

        var storages = new PickledStorages(source);
        var bytes = ReadEntry(source, entries[pickle]);
        var value = PickleReader.Read(new BoundedReader(source, new MemoryStream(bytes), bytes.Length), storages.Find);
        foreach (var (key, storage) in storages.ByKey)
        {
            if (!entries.TryGetValue($"{folder}/data/{key}", out var entry))
                throw source.Fail($"the archive lacks the storage {CheckpointSource.Quote(key)}; fetch it again");
            var size = TensorLayout.SizeOf(storage.Type);
            var expected = storage.Count * size;
            if (entry.Length != expected)
                throw source.Fail($"the storage {CheckpointSource.Quote(key)} has {entry.Length} bytes where {expected} are announced");
            storage.Data = ReadEntry(source, entry);
            if (swap) ByteOrder.Swap(storage.Data, size);
        }
        return value;
    }

    // Both sizes are claims; equal to each other and within the file they are harmless, and the stream decides whether they are true.
    private static byte[] ReadEntry(CheckpointSource source, ZipArchiveEntry entry)
    {
        if (entry.Length != entry.CompressedLength || entry.Length > source.Length)
        {
            throw source.Fail($"the archive's entry {CheckpointSource.Quote(entry.FullName)} is compressed or claims an impossible size; "
                + "PyTorch stores entries as they are: use the file as torch.save wrote it");
        }
        using var content = entry.Open();
        return new BoundedReader(source, content, entry.Length).ReadBytes(entry.Length);
    }

    private static bool IsBigEndian(CheckpointSource source, byte[] text) => Encoding.ASCII.GetString(text) switch
    {
        "big" => true,
        "little" => false,
        var other => throw source.Fail($"its byte order is {CheckpointSource.Quote(other)}, neither little nor big"),
    };
}
