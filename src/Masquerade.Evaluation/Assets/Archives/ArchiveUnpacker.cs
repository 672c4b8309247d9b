using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Masquerade.Evaluation.Assets.Archives;

/// <summary>
/// Unpacks <c>.tgz</c> and <c>.zip</c> files. Nothing is written outside the folder: only files and folders with plain names come out, no
/// links, no devices, nothing twice, and no more than the limits. Permissions and times are not taken over.
/// </summary>
internal static class ArchiveUnpacker
{
    private const int BufferBytes = 128 << 10;

    /// <summary>Unpacks all of an archive.</summary>
    /// <param name="archive">The file; what it is, is seen from its first bytes.</param>
    /// <param name="folder">An empty folder. Where this ends with an error, something may be left in it.</param>
    /// <param name="limits">What may come out.</param>
    /// <param name="unpacked">Told of bytes as they are written; may be null.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">A damaged or hostile archive, or a full disk.</exception>
    public static void Unpack(string archive, string folder, UnpackLimits limits, Action<long>? unpacked, CancellationToken cancellation)
    {
        var budget = new UnpackBudget(archive, limits);
        var writer = new EntryWriter(folder, new EntryNames(budget), budget, unpacked, cancellation);
        Reading(archive, stream =>
        {
            if (IsGzip(stream)) UnpackTar(stream, budget, writer);
            else UnpackZip(stream, budget, writer);
        });
    }

    /// <summary>Takes single files out of a <c>.zip</c>, wherever they are in it, and compares them with their hashes.</summary>
    /// <param name="archive">The file.</param>
    /// <param name="members">What to take.</param>
    /// <param name="folder">Where to put them, under their own names.</param>
    /// <param name="unpacked">As <see cref="Unpack"/>.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">A damaged archive, a member that is missing or another file, or a full disk.</exception>
    public static void Take(
        string archive, IReadOnlyList<AssetMember> members, string folder, Action<long>? unpacked, CancellationToken cancellation)
    {
        // A member is known to the byte: no ratio says more.
        var budget = new UnpackBudget(archive, new UnpackLimits(members.Sum(m => m.Bytes), members.Count, double.PositiveInfinity));
        var writer = new EntryWriter(folder, new EntryNames(budget), budget, unpacked, cancellation);
        Reading(archive, stream =>
        {
            using var zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            foreach (var member in members)
            {
                var entry = zip.Entries.FirstOrDefault(e => e.FullName == member.FileName)
                    ?? zip.Entries.FirstOrDefault(e => e.FullName.EndsWith('/' + member.FileName, StringComparison.Ordinal))
                    ?? throw new InputException($"{archive}: has no {member.FileName} in it; it is another archive");
                string path;
                using (var content = new CountedStream(entry.Open(), budget)) path = writer.WriteFile(member.FileName, content);
                if (FileHash.Of(path, cancellation) != member.Sha256)
                    throw new InputException($"{archive}: its {member.FileName} is another file than the catalog's (its SHA-256 differs)");
            }
        });
    }

    private static void UnpackTar(Stream stream, UnpackBudget budget, EntryWriter writer)
    {
        using var content = new CountedStream(new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true), budget);
        using var tar = new TarReader(content, leaveOpen: true);
        while (tar.GetNextEntry() is { } entry)
        {
            switch (entry.EntryType)
            {
                case TarEntryType.Directory:
                    writer.MakeFolder(entry.Name);
                    break;
                case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                    writer.WriteFile(entry.Name, entry.DataStream ?? Stream.Null);
                    break;
                case TarEntryType.GlobalExtendedAttributes:
                    break;
                default:
                    throw budget.Refused($"'{entry.Name}' is a {entry.EntryType}, neither a file nor a folder");
            }
        }
    }

    private static void UnpackZip(Stream stream, UnpackBudget budget, EntryWriter writer)
    {
        const int kind = 0xF000, file = 0x8000, folder = 0x4000;
        using var zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        foreach (var entry in zip.Entries)
        {
            // What a Unix system said of it; zero elsewhere.
            if (((entry.ExternalAttributes >> 16) & kind) is not (0 or file or folder))
                throw budget.Refused($"'{entry.FullName}' is neither a file nor a folder");
            if (entry.FullName.EndsWith('/'))
            {
                writer.MakeFolder(entry.FullName);
                continue;
            }
            using var content = new CountedStream(entry.Open(), budget);
            writer.WriteFile(entry.FullName, content);
        }
    }

    private static bool IsGzip(FileStream stream)
    {
        Span<byte> start = stackalloc byte[2];
        var read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        return read == 2 && start is [0x1f, 0x8b];
    }

    /// <summary>What an archive does to its reader is an error in the archive.</summary>
    private static void Reading(string archive, Action<FileStream> read)
    {
        try
        {
            using var stream = File.OpenRead(archive);
            read(stream);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or FormatException or ArgumentException or NotSupportedException
            or OverflowException or UnauthorizedAccessException)
        {
            throw new InputException($"{archive}: cannot be unpacked, it is damaged or no archive ({InputFile.OneLine(e.Message)})", e);
        }
    }

    private sealed class EntryWriter(
        string folder, EntryNames names, UnpackBudget budget, Action<long>? unpacked, CancellationToken cancellation)
    {
        private readonly byte[] _buffer = new byte[BufferBytes];

        public void MakeFolder(string name)
        {
            cancellation.ThrowIfCancellationRequested();
            budget.CountEntry();
            if (names.Folder(name) is { } path) Writing(path, () => Directory.CreateDirectory(Path.Combine(folder, path)));
        }

        /// <summary>Writes a file, its folders too; returns its path.</summary>
        public string WriteFile(string name, Stream content)
        {
            budget.CountEntry();
            var path = Path.Combine(folder, names.File(name));
            using var file = Writing(path, () =>
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                // Never through what is there: no name comes twice, so whatever is there was not meant.
                return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            });
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                var read = content.Read(_buffer);
                if (read == 0) return path;
                Writing(path, () => { file.Write(_buffer.AsSpan(0, read)); return 0; });
                unpacked?.Invoke(read);
            }
        }

        private static T Writing<T>(string path, Func<T> write)
        {
            try
            {
                return write();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new InputException($"{path}: cannot be written ({InputFile.OneLine(e.Message)}); "
                    + "free space and start the same command again: what is downloaded is kept", e);
            }
        }
    }
}
