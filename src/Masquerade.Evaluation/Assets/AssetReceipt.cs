using System.Text.Json;

namespace Masquerade.Evaluation.Assets;

/// <summary>What an asset's folder holds, written beside it when it was whole: without one it is not.</summary>
/// <param name="Name">The asset.</param>
/// <param name="Files">Files that lie there, relative to the folder, with their sizes.</param>
/// <param name="Folders">Folders that archives were unpacked to.</param>
/// <param name="Downloads">The SHA-256 of each published file that all this is from.</param>
internal sealed record AssetReceipt(
    string Name, IReadOnlyDictionary<string, long> Files, IReadOnlyList<string> Folders, IReadOnlyList<string> Downloads)
{
    public const string FileName = "asset.json";

    private const long MostBytes = 1 << 20;
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The receipt in a folder; null where there is none that can be read.</summary>
    public static AssetReceipt? Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            var receipt = JsonSerializer.Deserialize<AssetReceipt>(InputFile.ReadBytes(path, MostBytes), Json);
            return receipt is { Name: not null, Files: not null, Folders: not null, Downloads: not null } ? receipt : null;
        }
        catch (Exception e) when (e is InputException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes it into a folder.</summary>
    public void Write(string folder) => OutputFile.Write(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, Json));

    /// <summary>Whether everything of an asset is there. Contents were checked when it came, sizes are looked at again.</summary>
    public bool IsWhole(string folder, Asset asset) => Name == asset.Name
        && Downloads.SequenceEqual(asset.Downloads.Select(d => d.Sha256))
        && Files.All(f => new FileInfo(Path.Combine(folder, f.Key)) is { Exists: true } file && file.Length == f.Value)
        && Folders.All(f => Directory.Exists(Path.Combine(folder, f)));
}
