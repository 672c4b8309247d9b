using Masquerade.Evaluation.Assets;

namespace Masquerade.Cli.Output;

/// <summary>The names that programs rely on.</summary>
internal sealed class AssetsJson(AssetStore store)
{
    public string Folder => store.Folder;

    public IEnumerable<object> Assets => store.Catalog.All.Select(asset => new
    {
        asset.Name,
        Kind = asset.Kind.ToString().ToLowerInvariant(),
        Here = store.Find(asset.Name) is not null,
        Path = store.Find(asset.Name),
        asset.Bytes,
        asset.Purpose,
        asset.License,
        asset.NonCommercial,
        LicenseAccepted = asset.NonCommercial ? new LicenseBook(store).Allows(asset) : (bool?)null,
        asset.Citation,
        Models = asset.Models.Select(m => m.Name),
        Files = asset.Downloads.Select(d => new
        {
            Name = d.FileName,
            d.Bytes,
            d.Sha256,
            d.Urls,
            Members = d.Members.Select(m => new { Name = m.FileName, m.Bytes, m.Sha256 }),
        }),
    });
}
