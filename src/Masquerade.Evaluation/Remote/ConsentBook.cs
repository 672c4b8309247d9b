using System.Text.Json;
using Masquerade.Evaluation.Assets;

namespace Masquerade.Evaluation.Remote;

/// <summary>To which services a user has agreed to send photographs of people. Another address is another question.</summary>
public sealed class ConsentBook
{
    private const string FileName = "consents.json";
    private const long MostBytes = 1 << 20;
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    private readonly AssetStore _store;

    /// <param name="store">Where it is kept.</param>
    public ConsentBook(AssetStore store) => _store = store;

    private string FilePath => Path.Combine(_store.Folder, FileName);

    /// <summary>Whether nothing is left to be asked.</summary>
    /// <param name="session">The session that is about to begin.</param>
    public bool Allows(RemoteSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.ConsentQuestion is null || Read().Contains(session.Verifier.Destination);
    }

    /// <summary>Remembers that a user has agreed.</summary>
    /// <exception cref="InputException">It cannot be written down.</exception>
    public void Accept(RemoteSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        var agreed = Read();
        agreed.Add(session.Verifier.Destination);
        OutputFile.CreateFolderOf(FilePath);
        OutputFile.Write(FilePath, JsonSerializer.SerializeToUtf8Bytes(agreed, Json));
    }

    private SortedSet<string> Read()
    {
        if (!File.Exists(FilePath)) return [];
        try
        {
            return JsonSerializer.Deserialize<SortedSet<string>>(InputFile.ReadBytes(FilePath, MostBytes)) ?? [];
        }
        catch (Exception e) when (e is InputException or JsonException)
        {
            // What cannot be read is asked for again.
            return [];
        }
    }
}
