using System.Text.RegularExpressions;

namespace Masquerade.Evaluation.Remote.PlainHttp;

/// <summary>
/// A text with places to fill in: <c>${NAME}</c> is a key from the environment or the key file, <c>${probe}</c> and <c>${reference}</c> are
/// the images.
/// </summary>
internal static partial class Template
{
    public const string Probe = "probe";
    public const string Reference = "reference";

    /// <summary>Names of the places, each once.</summary>
    public static IReadOnlyList<string> Names(string text) => [.. Place().Matches(text).Select(m => m.Groups[1].Value).Distinct()];

    /// <summary>Names of keys, which are in capitals.</summary>
    public static IEnumerable<string> Keys(string text) => Names(text).Where(n => Key().IsMatch(n));

    /// <summary>Fills in.</summary>
    public static string Fill(string text, Func<string, string> value) => Place().Replace(text, m => value(m.Groups[1].Value));

    /// <summary>Whether a name is one of a key.</summary>
    public static bool IsKey(string name) => Key().IsMatch(name);

    [GeneratedRegex(@"\$\{([^}]*)\}")]
    private static partial Regex Place();

    [GeneratedRegex("^[A-Z_][A-Z0-9_]*$")]
    private static partial Regex Key();
}
