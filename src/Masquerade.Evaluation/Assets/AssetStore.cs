using System.Globalization;
using Masquerade.Models;

namespace Masquerade.Evaluation.Assets;

/// <summary>
/// The folder where assets are kept, each in <c>assets/NAME</c>, once they were fetched or put there by hand. What is there is found
/// without a network.
/// </summary>
public sealed class AssetStore : INamedModelSource
{
    /// <summary>The variable that names the folder.</summary>
    public const string FolderVariable = "MASQ_HOME";

    private readonly string? _folder;

    /// <param name="catalog">The assets that go by name.</param>
    /// <param name="folder">Where they are kept; it need not be there. Null where nobody knows: then asking for it is an error.</param>
    public AssetStore(AssetCatalog catalog, string? folder)
    {
        Catalog = catalog;
        _folder = string.IsNullOrWhiteSpace(folder) ? null : Path.GetFullPath(folder);
    }

    /// <summary>
    /// The published assets, in the folder that the variable MASQ_HOME names, else in <c>masquerade</c> where the platform keeps a user's
    /// data.
    /// </summary>
    public static AssetStore Default { get; } = new(AssetCatalog.BuiltIn, UserFolder());

    /// <summary>The assets that go by name.</summary>
    public AssetCatalog Catalog { get; }

    /// <summary>The models that go by name: those that ship with the program that runs, and those that were fetched into this store.</summary>
    public NamedModels Models => new(NamedModels.ShippedFolder, this);

    /// <inheritdoc/>
    public IEnumerable<string> ModelNames => Catalog.ModelNames;

    /// <summary>Full path of the folder.</summary>
    /// <exception cref="InputException">The user has no such folder on this machine.</exception>
    public string Folder => _folder
        ?? throw new InputException($"no folder for models and data is known on this machine: name one with the variable {FolderVariable}");

    /// <summary>Where an asset is, whole.</summary>
    /// <param name="name">Its name, or that of a model that it brings.</param>
    /// <returns>
    /// The path of its folder, or of the one file or folder in it that is meant by it; null where it is not here, or not whole.
    /// </returns>
    /// <exception cref="InputException">There is no such asset.</exception>
    public string? Find(string name) => Find(Catalog.Require(name));

    /// <inheritdoc cref="Find(string)"/>
    /// <exception cref="InputException">It is not here; the message says how to get it. Or there is no such asset.</exception>
    public string Require(string name) => Find(name) is { } path ? path : throw Missing(Catalog.Require(name));

    /// <summary>The descriptor of a model that an asset brings; null where there is no such model in the catalog.</summary>
    /// <exception cref="InputException">The asset is not here; the message says how to get it.</exception>
    public string? FindModel(string name)
    {
        if (!Catalog.ModelNames.Contains(name) || Catalog.Find(name) is not { } asset) return null;
        if (Find(asset) is null) throw Missing(asset);
        var descriptor = Path.Combine(FolderOf(asset), DescriptorName(name));
        // One that a newer program has and the one that fetched the asset had not.
        if (!File.Exists(descriptor)) new AssetInstaller(this, asset).RenewDescriptors();
        return descriptor;
    }

    /// <summary>How to get an asset that is not here, in one line.</summary>
    internal static InputException Missing(Asset asset) => new(
        $"{asset.Name} is not here: 'masq fetch {asset.Name}' downloads it ({Size(asset.Bytes)}), "
        + $"{ByHand(asset)} takes files that you have");

    /// <summary>The command that puts an asset in by hand.</summary>
    internal static string ByHand(Asset asset) =>
        $"'masq assets add {asset.Name} {string.Join(' ', asset.Downloads.Select(d => d.FileName))}'";

    /// <summary>A number of bytes for people.</summary>
    internal static string Size(long bytes) => bytes switch
    {
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, (bytes + 500) / 1000)} kB"),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F1} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N0} MB"),
    };

    /// <summary>Does something on the disk.</summary>
    /// <param name="path">What to name in a message.</param>
    /// <param name="write">What is done.</param>
    /// <exception cref="InputException">It cannot be written: read-only, disk full.</exception>
    internal static T Writing<T>(string path, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be written ({InputFile.OneLine(e.Message)}); free space, or keep models and data "
                + $"elsewhere with {FolderVariable}", e);
        }
    }

    /// <summary>Name of a model's descriptor in its asset's folder.</summary>
    internal static string DescriptorName(string model) => $"{model}.model.json";

    /// <summary>Where an asset is kept.</summary>
    internal string FolderOf(Asset asset) => Path.Combine(Folder, "assets", asset.Name);

    /// <inheritdoc cref="Find(string)"/>
    internal string? Find(Asset asset)
    {
        var folder = FolderOf(asset);
        return AssetReceipt.Read(folder)?.IsWhole(folder, asset) == true ? Path.Combine(folder, asset.Place) : null;
    }

    private static string? UserFolder()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is { } named && !string.IsNullOrWhiteSpace(named)) return named;
        // ~/.local/share (or XDG_DATA_HOME), ~/Library/Application Support, %LOCALAPPDATA%.
        var data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return string.IsNullOrEmpty(data) ? null : Path.Combine(data, "masquerade");
    }
}
