namespace Masquerade.Defenses;

/// <summary>
/// Paths inside the text of a defense. They may hold colons, as they come last; a <c>+</c>, which parts the purifiers of a chain, is
/// written <c>%2B</c>.
/// </summary>
internal static class DefensePath
{
    private const string Plus = "%2B";

    /// <summary>The path that parameters make up.</summary>
    public static string Read(IEnumerable<string> parameters) =>
        string.Join(PurifierRegistry.ParameterMark, parameters).Replace(Plus, "+", StringComparison.OrdinalIgnoreCase);

    /// <summary>A path as it is written in a defense.</summary>
    public static string Write(string path) => path.Replace("+", Plus, StringComparison.Ordinal);
}
