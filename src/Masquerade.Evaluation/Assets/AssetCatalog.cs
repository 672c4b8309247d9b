namespace Masquerade.Evaluation.Assets;

/// <summary>The assets that go by name.</summary>
/// <param name="assets">The entries; names of assets and of models are unique.</param>
public sealed class AssetCatalog(IReadOnlyList<Asset> assets)
{
    /// <summary>The entries that the program comes with.</summary>
    public static AssetCatalog BuiltIn { get; } = new(PublishedAssets.All);

    /// <summary>All entries, in their order.</summary>
    public IReadOnlyList<Asset> All => assets;

    /// <summary>The names of the models that the assets bring.</summary>
    public IEnumerable<string> ModelNames => assets.SelectMany(a => a.Models).Select(m => m.Name);

    /// <summary>The asset of a name, which may be that of a model that it brings; null where there is none.</summary>
    public Asset? Find(string name) =>
        assets.FirstOrDefault(a => a.Name == name) ?? assets.FirstOrDefault(a => a.Models.Any(m => m.Name == name));

    /// <summary>The asset of a name, which may be that of a model that it brings.</summary>
    /// <exception cref="InputException">There is none; the nearest name is suggested.</exception>
    public Asset Require(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (Find(name) is { } asset) return asset;
        var names = assets.Select(a => a.Name).ToList();
        var known = $"known are {string.Join(", ", names)}";
        throw new InputException($"'{name}' is no known asset ({known}){NearestName.Question(name, names.Concat(ModelNames))}");
    }

    /// <summary>Some assets and those that belong to them, each once, in the order asked for.</summary>
    /// <exception cref="InputException">A name is unknown.</exception>
    public IReadOnlyList<Asset> WithCompanions(IEnumerable<string> names)
    {
        var found = new List<Asset>();
        foreach (var name in names) Add(Require(name));
        return found;

        void Add(Asset asset)
        {
            if (found.Contains(asset)) return;
            found.Add(asset);
            foreach (var companion in asset.Companions) Add(Require(companion));
        }
    }
}
