namespace Masquerade.Evaluation.Remote.Keys;

/// <summary>
/// A file with keys: lines NAME = VALUE, as in .env files, and sections [PROFILE] as in the credentials file of AWS. No message repeats a
/// line of it.
/// </summary>
internal static class KeyFile
{
    private const int MostBytes = 1 << 16;
    private const string ProfileWord = "profile ";

    /// <summary>Names, in capitals, and values: those before any section, and those of one section.</summary>
    /// <param name="path">The file.</param>
    /// <param name="profile">The section that is read.</param>
    /// <exception cref="InputException">It cannot be read, or a line is neither.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path, string profile)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        var section = profile;
        var lines = System.Text.Encoding.UTF8.GetString(InputFile.ReadBytes(path, MostBytes)).TrimStart('\uFEFF').Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim();
            if (line.Length == 0 || line[0] is '#' or ';') continue;
            if (line is ['[', .. var inside, ']'])
            {
                section = inside.Trim();
                if (section.StartsWith(ProfileWord, StringComparison.Ordinal)) section = section[ProfileWord.Length..].Trim();
                continue;
            }
            var at = line.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0) throw new InputException($"{path} line {i + 1}: is neither NAME = VALUE nor [PROFILE]");
            var name = line[..at].Trim();
            if (name.StartsWith("export ", StringComparison.Ordinal)) name = name["export ".Length..].Trim();
            var value = line[(at + 1)..].Trim();
            if (value.Length >= 2 && value[0] is ('"' or '\'') && value[^1] == value[0]) value = value[1..^1];
            if (section == profile) keys[name.ToUpperInvariant()] = value;
        }
        return keys;
    }
}
