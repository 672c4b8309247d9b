using Masquerade.Evaluation.Assets.Downloads;

namespace Masquerade.Evaluation.Assets;

/// <summary>How far an asset is.</summary>
/// <param name="Asset">Which one.</param>
/// <param name="Doing">What is being done, as a person would say it.</param>
/// <param name="Done">Bytes done.</param>
/// <param name="Total">Bytes there are.</param>
public sealed record FetchProgress(Asset Asset, string Doing, long Done, long Total);

/// <summary>Brings assets into a store: from where they are published, from a mirror, or from files that a user has.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="settings">How they are downloaded.</param>
/// <param name="progress">Told how far it is; may be null.</param>
/// <param name="say">Told a line when something is worth a word, such as another attempt; may be null.</param>
public sealed class AssetFetcher(
    AssetStore store, FetchSettings settings, Action<FetchProgress>? progress = null, Action<string>? say = null)
{
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(1);

    /// <summary>Downloads an asset, unless it is here already: verified, unpacked, whole.</summary>
    /// <param name="asset">Which one. Whether its licence was accepted is for the caller to ask (<see cref="LicenseBook"/>).</param>
    /// <param name="cancellation">Ends it; what is downloaded is kept for the next time.</param>
    /// <exception cref="InputException">
    /// It cannot be had (no network, nobody has it, another file than the catalog's) or not be kept (disk full); one line.
    /// </exception>
    public async Task FetchAsync(Asset asset, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(asset);
        var installer = new AssetInstaller(store, asset);
        // What is here needs no lock, nor a folder that can be written to.
        if (IsHere(asset, installer)) return;
        using var held = await LockAsync(asset, installer, cancellation);
        if (IsHere(asset, installer)) return;
        installer.Prepare();
        try
        {
            using var downloader = new Downloader(settings, line => say?.Invoke($"{asset.Name}: {line}"));
            long before = 0;
            foreach (var file in asset.Downloads)
            {
                if (!installer.Has(file, cancellation))
                {
                    var done = before;
                    var urls = settings.Mirror is { } mirror ? [OnMirror(mirror, asset, file)] : file.Urls;
                    void Tell(long bytes) => Report(asset, "fetching", done + bytes, asset.Bytes);
                    await downloader.GetAsync(file, urls, installer.Gathered(file.FileName), Tell, cancellation);
                }
                before += file.Bytes;
                Report(asset, "fetching", before, asset.Bytes);
            }
        }
        catch (DownloadException e)
        {
            var elsewhere = settings.Mirror is null ? $"name a mirror with {FetchSettings.MirrorVariable}, " : "";
            throw new InputException(
                $"{asset.Name}: {e.Message}; try again later, {elsewhere}or put in files that you have: {AssetStore.ByHand(asset)}", e);
        }
        Install(asset, installer, cancellation);
    }

    /// <summary>Takes files that a user has, each a published file of the asset or a member of its archive.</summary>
    /// <param name="asset">Which one.</param>
    /// <param name="paths">The files; they are copied.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Names of the files that are still missing; none where the asset is whole now.</returns>
    /// <exception cref="InputException">A file is none of the asset's, cannot be read, or cannot be kept.</exception>
    public async Task<IReadOnlyList<string>> AddAsync(Asset asset, IReadOnlyList<string> paths, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(asset);
        ArgumentNullException.ThrowIfNull(paths);
        var installer = new AssetInstaller(store, asset);
        using var held = await LockAsync(asset, installer, cancellation);
        // All are looked at before one is taken.
        var known = paths.Select(path => (Path: path, File: Recognize(asset, path, cancellation))).ToList();
        if (IsHere(asset, installer)) return [];
        installer.Prepare();
        foreach (var (path, file) in known) Copy(asset, path, installer.Gathered(file.FileName), file, cancellation);
        string[] missing = [.. asset.Downloads.Where(d => !installer.Has(d, cancellation)).Select(d => d.FileName)];
        if (missing.Length == 0) Install(asset, installer, cancellation);
        return missing;
    }

    private bool IsHere(Asset asset, AssetInstaller installer)
    {
        if (store.Find(asset) is null) return false;
        installer.RenewDescriptors();
        return true;
    }

    private async Task<FileLock> LockAsync(Asset asset, AssetInstaller installer, CancellationToken cancellation)
    {
        for (var told = false; ; told = true)
        {
            if (installer.TryLock() is { } taken) return taken;
            if (!told) say?.Invoke($"{asset.Name}: another process is at it; waiting for it");
            await Task.Delay(LockWait, settings.Clock, cancellation);
        }
    }

    private void Install(Asset asset, AssetInstaller installer, CancellationToken cancellation)
    {
        long unpacked = 0;
        // How much comes out of an archive is not known before: the archive's size is the measure.
        installer.Install(bytes => Report(asset, "unpacking", Math.Min(unpacked += bytes, asset.Bytes), asset.Bytes), cancellation);
    }

    private void Report(Asset asset, string doing, long done, long total) =>
        progress?.Invoke(new FetchProgress(asset, $"{doing} {asset.Name}", done, total));

    private static string OnMirror(string mirror, Asset asset, AssetDownload file)
    {
        if (!Uri.TryCreate(mirror, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            throw new InputException(
                $"{FetchSettings.MirrorVariable} is '{mirror}'; give the base URL of a mirror, such as https://files.example.org/masq");
        }
        return $"{url.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{asset.Name}/{file.FileName}";
    }

    private static AssetMember Recognize(Asset asset, string path, CancellationToken cancellation)
    {
        if (Directory.Exists(path)) throw new InputException($"{path}: is a folder; name the files of {asset.Name}");
        if (!File.Exists(path)) throw new InputException($"{path}: no such file; check the path");
        List<AssetMember> files = [.. asset.Downloads.SelectMany(d => d.Members.Prepend(new AssetMember(d.FileName, d.Bytes, d.Sha256)))];
        var bytes = new FileInfo(path).Length;
        var expected = string.Join(" or ", files.Select(f => FormattableString.Invariant($"{f.FileName} ({f.Bytes:N0} bytes)")));
        if (files.All(f => f.Bytes != bytes))
            throw new InputException(FormattableString.Invariant($"{path}: has {bytes:N0} bytes; {asset.Name} takes {expected}"));
        var hash = FileHash.Of(path, cancellation);
        return files.FirstOrDefault(f => f.Sha256 == hash) ?? throw new InputException(
            $"{path}: its SHA-256 is {hash}; {asset.Name} takes {string.Join(" or ", files.Select(f => $"{f.FileName} ({f.Sha256})"))}");
    }

    private void Copy(Asset asset, string from, string to, AssetMember file, CancellationToken cancellation)
    {
        var part = new PartialFile(to, settings.OpenPartial);
        part.Clear();
        using (var source = File.OpenRead(from))
        using (var target = part.Open())
        {
            var buffer = new byte[1 << 20];
            while (source.Read(buffer) is > 0 and var read)
            {
                cancellation.ThrowIfCancellationRequested();
                part.Append(target, buffer.AsSpan(0, read), file.Bytes);
                Report(asset, "copying", part.Length, file.Bytes);
            }
        }
        // The copy is what counts: the file may have changed since it was looked at.
        if (!FileHash.Is(part.Path, file.Bytes, file.Sha256, cancellation))
            throw new InputException($"{from}: changed while it was copied; try again");
        part.MoveTo(to);
    }
}
