using System.Text.Json;

namespace Masquerade.Evaluation.Assets;

/// <summary>
/// Which licences that forbid commercial use a user has accepted. A licence that reads otherwise later is asked for again.
/// </summary>
public sealed class LicenseBook
{
    private const string FileName = "licenses.json";
    private const long MostBytes = 1 << 20;
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    private readonly AssetStore _store;

    /// <param name="store">Where it is kept.</param>
    public LicenseBook(AssetStore store) => _store = store;

    private string FilePath => Path.Combine(_store.Folder, FileName);

    /// <summary>Whether an asset may be used as far as its licence has to be asked for.</summary>
    public bool Allows(Asset asset)
    {
        ArgumentNullException.ThrowIfNull(asset);
        return !asset.NonCommercial || (Read().TryGetValue(asset.Name, out var accepted) && accepted == asset.License);
    }

    /// <summary>Remembers that an asset's licence was accepted.</summary>
    /// <exception cref="InputException">It cannot be written down.</exception>
    public void Accept(Asset asset)
    {
        ArgumentNullException.ThrowIfNull(asset);
        var accepted = Read();
        accepted[asset.Name] = asset.License;
        AssetStore.Writing(_store.Folder, () => Directory.CreateDirectory(_store.Folder));
        OutputFile.Write(FilePath, JsonSerializer.SerializeToUtf8Bytes(accepted, Json));
    }

    private SortedDictionary<string, string> Read()
    {
        if (!File.Exists(FilePath)) return [];
        try
        {
            return JsonSerializer.Deserialize<SortedDictionary<string, string>>(InputFile.ReadBytes(FilePath, MostBytes)) ?? [];
        }
        catch (Exception e) when (e is InputException or JsonException)
        {
            // What cannot be read is asked for again.
            return [];
        }
    }
}
