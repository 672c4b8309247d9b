using System.Text;
using Masquerade.Evaluation.Assets.Archives;

namespace Masquerade.Evaluation.Assets;

/// <summary>
/// Makes an asset of its published files, which are gathered in <c>downloads/NAME</c> before: unpacks them beside its folder, and moves it
/// into place when it is whole. One process at a time works on an asset: who calls this holds its lock.
/// </summary>
/// <param name="store">Where assets are kept.</param>
/// <param name="asset">Which one.</param>
internal sealed class AssetInstaller(AssetStore store, Asset asset)
{
    private readonly string _gathered = Path.Combine(store.Folder, "downloads", asset.Name);
    private readonly string _fresh = store.FolderOf(asset) + ".new";

    /// <summary>Files that need no unpacking, and members of archives that were gathered by themselves.</summary>
    private IEnumerable<string> Plain => asset.Downloads.SelectMany(d => d switch
    {
        { Members.Count: > 0 } => d.Members.Select(m => m.FileName).Where(m => File.Exists(Gathered(m))),
        { Unpack: not null } => [],
        _ => [d.FileName],
    });

    /// <summary>Where a published file, or a member of an archive, is gathered; only whole and right ones are.</summary>
    public string Gathered(string fileName) => Path.Combine(_gathered, fileName);

    /// <summary>Takes the asset's lock; null where another process has it.</summary>
    /// <exception cref="InputException">The folder cannot be written to.</exception>
    public FileLock? TryLock() => AssetStore.Writing(store.Folder, () =>
    {
        var locks = Directory.CreateDirectory(Path.Combine(store.Folder, "locks"));
        if (FileLock.TryTake(Path.Combine(locks.FullName, asset.Name)) is not { } taken) return null;
        try
        {
            TakeBack();
            return taken;
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    });

    /// <summary>Makes the folder where files are gathered; it is gone again once the asset is there.</summary>
    /// <exception cref="InputException">It cannot be made.</exception>
    public void Prepare() => AssetStore.Writing(_gathered, () => Directory.CreateDirectory(_gathered));

    /// <summary>Whether nothing of a published file is missing: it was gathered, or all that is taken out of it.</summary>
    public bool Has(AssetDownload file, CancellationToken cancellation) => Is(file.FileName, file.Bytes, file.Sha256, cancellation)
        || (file.Members.Count > 0 && file.Members.All(m => Is(m.FileName, m.Bytes, m.Sha256, cancellation)));

    /// <summary>Makes the asset of what was gathered, which then is no longer there.</summary>
    /// <param name="unpacked">Told of bytes that come out of archives; may be null.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">A hostile archive, or the disk is full; what was gathered stays.</exception>
    public void Install(Action<long>? unpacked, CancellationToken cancellation)
    {
        var final = store.FolderOf(asset);
        if (Directory.Exists(final) && AssetReceipt.Read(final) is null)
            throw new InputException($"{final}: is in the way, and nothing that masq put there; move it elsewhere");
        try
        {
            AssetStore.Writing(final, () =>
            {
                Directory.CreateDirectory(_fresh);
                foreach (var file in asset.Downloads) Unpack(file, unpacked, cancellation);
                WriteDescriptors(_fresh);
                Receipt().Write(_fresh);
                // From here on nothing needs space.
                foreach (var name in Plain) File.Move(Gathered(name), Path.Combine(_fresh, name));
                if (Directory.Exists(final)) Directory.Delete(final, recursive: true);
                Directory.Move(_fresh, final);
                // Archives, and what was kept of attempts that failed.
                Directory.Delete(_gathered, recursive: true);
                return 0;
            });
        }
        finally
        {
            AssetStore.Writing(_fresh, () =>
            {
                TakeBack();
                return 0;
            });
        }
    }

    /// <summary>Puts the descriptors of the models beside the weights; those of another version of the program are replaced.</summary>
    public void WriteDescriptors(string folder)
    {
        foreach (var model in asset.Models)
        {
            var path = Path.Combine(folder, AssetStore.DescriptorName(model.Name));
            var text = Encoding.UTF8.GetBytes(model.Descriptor);
            if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(text)) OutputFile.Write(path, text);
        }
    }

    /// <summary>Writes the descriptors of an asset that is here, where they are other ones; where nothing can be written, those there stay.</summary>
    /// <exception cref="InputException">One is missing and cannot be written.</exception>
    public void RenewDescriptors()
    {
        var folder = store.FolderOf(asset);
        try
        {
            WriteDescriptors(folder);
        }
        catch (InputException) when (asset.Models.All(m => File.Exists(Path.Combine(folder, AssetStore.DescriptorName(m.Name)))))
        {
            // A folder that can only be read serves what it has.
        }
    }

    private bool Is(string name, long bytes, string sha256, CancellationToken cancellation) =>
        FileHash.Is(Gathered(name), bytes, sha256, cancellation);

    private void Unpack(AssetDownload file, Action<long>? unpacked, CancellationToken cancellation)
    {
        var archive = Gathered(file.FileName);
        if (file.Unpack is { } limits)
        {
            ArchiveUnpacker.Unpack(archive, _fresh, limits, unpacked, cancellation);
            if (!Path.Exists(Path.Combine(_fresh, asset.Place))) throw new InputException($"{archive}: has no {asset.Place} in it");
        }
        else if (file.Members.Count > 0)
        {
            var members = file.Members.Where(m => !File.Exists(Gathered(m.FileName))).ToList();
            if (members.Count > 0) ArchiveUnpacker.Take(archive, members, _fresh, unpacked, cancellation);
        }
    }

    private AssetReceipt Receipt() => new(
        asset.Name,
        asset.Downloads.Where(d => d.Unpack is null)
            .SelectMany(d => d.Members.Count > 0 ? d.Members.Select(m => (m.FileName, m.Bytes)) : [(d.FileName, d.Bytes)])
            .ToDictionary(f => f.FileName, f => f.Bytes),
        asset.Downloads.Any(d => d.Unpack is not null) ? [asset.Place] : [],
        [.. asset.Downloads.Select(d => d.Sha256)]);

    /// <summary>Removes what an attempt left that did not come to its end, but for the files that were gathered for it.</summary>
    private void TakeBack()
    {
        if (!Directory.Exists(_fresh)) return;
        foreach (var name in asset.Downloads.SelectMany(d => d.Members.Select(m => m.FileName).Append(d.FileName)))
        {
            var moved = Path.Combine(_fresh, name);
            if (!File.Exists(moved) || File.Exists(Gathered(name))) continue;
            Directory.CreateDirectory(_gathered);
            File.Move(moved, Gathered(name));
        }
        Directory.Delete(_fresh, recursive: true);
    }
}
