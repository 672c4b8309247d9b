using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Masquerade.Evaluation.Tests.Assets;

/// <summary>Archives as a test wants them, hostile ones too.</summary>
internal static class TestArchive
{
    /// <summary>A <c>.tgz</c> of entries.</summary>
    public static byte[] Tgz(params TarEntry[] entries)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var entry in entries) tar.WriteEntry(entry);
        }
        return bytes.ToArray();
    }

    /// <summary>A <c>.zip</c> of entries; a name that ends in a slash is a folder.</summary>
    public static byte[] Zip(params (string Name, byte[] Content)[] entries) => Zip(0, entries);

    /// <summary>The same, with what a Unix system says of each.</summary>
    public static byte[] Zip(int mode, params (string Name, byte[] Content)[] entries)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                var entry = zip.CreateEntry(name);
                entry.ExternalAttributes = mode << 16;
                using var stream = entry.Open();
                stream.Write(content);
            }
        }
        return bytes.ToArray();
    }

    public static TarEntry File(string name, byte[] content) =>
        new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) };

    public static TarEntry File(string name, string content = "x") => File(name, Encoding.UTF8.GetBytes(content));

    public static TarEntry Folder(string name) => new PaxTarEntry(TarEntryType.Directory, name);

    public static TarEntry Link(TarEntryType type, string name, string target) => new PaxTarEntry(type, name) { LinkName = target };
}
