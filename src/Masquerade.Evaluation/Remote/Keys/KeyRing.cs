using Masquerade.Evaluation.Remote.Http;

namespace Masquerade.Evaluation.Remote.Keys;

/// <summary>Finds keys: in the key file, then in environment variables. What it gives out is known as secret from then on.</summary>
internal sealed class KeyRing
{
    private const int FewestCharacters = 8;

    private readonly RemoteSettings _settings;
    private readonly IReadOnlyDictionary<string, string> _file;

    /// <exception cref="InputException">The key file cannot be read.</exception>
    public KeyRing(RemoteSettings settings)
    {
        _settings = settings;
        // Who plays a recording back needs no key.
        _file = settings is { KeyFile: { } path, Replay: null } ? KeyFile.Read(path, settings.Variable("AWS_PROFILE") ?? "default")
            : new Dictionary<string, string>();
    }

    /// <summary>What must not be seen.</summary>
    public SecretSet Secrets { get; } = new();

    /// <summary>A setting that is no secret; null where there is none.</summary>
    public string? Setting(params IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            var value = _file.TryGetValue(name, out var written) ? written : _settings.Variable(name);
            if (!string.IsNullOrWhiteSpace(value)) return value.Trim();
        }
        return null;
    }

    /// <summary>A setting that goes by a name of its own in key files; null where there is none.</summary>
    public string? SettingOfFile(string name) => _file.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    /// <summary>A key; null where there is none.</summary>
    /// <exception cref="InputException">It cannot be one.</exception>
    public string? Find(string name)
    {
        if (Setting(name) is not { } key) return null;
        if (key.Length < FewestCharacters || key.Any(c => c is <= ' ' or > '~'))
        {
            throw new InputException(
                $"{name}: what it holds cannot be a key: at least {FewestCharacters} printable characters without blanks");
        }
        Secrets.Add(key);
        return key;
    }

    /// <summary>Keys that are all needed.</summary>
    /// <exception cref="InputException">One is missing; the message names all.</exception>
    public IReadOnlyList<string> Require(string service, params IReadOnlyList<string> names)
    {
        var found = names.Select(name => (Name: name, Key: Find(name))).ToList();
        var missing = found.Where(f => f.Key is null).Select(f => f.Name).ToList();
        if (missing.Count == 0) return [.. found.Select(f => f.Key!)];
        throw new InputException(
            $"{service}: there is no key: set {string.Join(" and ", missing)} in the environment or in a key file (--key-file)");
    }
}
