using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Masquerade.Cli.Tests;

/// <summary>
/// What commands wrote once, kept in <c>Behaviour/NAME.verified.txt</c>: what they write now must be the same, to the last digit on a
/// machine of the same kind (<see cref="MachineKind"/>), and within 10⁻² on others.
/// </summary>
/// <remarks>
/// Where something differs, what came is left beside the file as <c>NAME.received.txt</c>: look at it, and rename it if it is right. All
/// files are written anew where the tests run with <c>MASQ_GOLDEN=write</c>, and with MASQ_SHARED set for the published network. A
/// machine of another kind compares to the last digit, too, if it writes them before a change and compares after it.
/// </remarks>
internal static partial class Golden
{
    private const double Tolerance = 1e-2;
    private const double Nothing = 1e-5;
    private const int DifferencesShown = 12;
    private const string Title = "== ";

    /// <summary>Columns and fields that have another name now: what the files call them, and what they are called.</summary>
    private static readonly Dictionary<string, string> Renamed = [];

    /// <summary>Texts that read otherwise now, wherever they stand in a value: what the files have, and what is written.</summary>
    private static readonly Dictionary<string, string> Reworded = [];

    /// <summary>Columns and fields that came later: the files may lack them.</summary>
    private static readonly HashSet<string> Added = ["without_gradient", "trust_warnings"];

    /// <summary>
    /// What tells of the way that an attack took: rounding decides that where images have 8 bits, so that it is compared on a machine of
    /// the same kind only.
    /// </summary>
    private static readonly HashSet<string> OfTheWay =
        ["forwards", "backwards", "median_forwards", "median_backwards", "late_gain", "linf", "reason", GoldenText.PixelHash];

    /// <summary>The fact with the rows that rounding may have decided.</summary>
    private const string NearThreshold = "near the boundary";

    /// <summary>Whether files are written instead of compared with.</summary>
    private static bool Writes => Environment.GetEnvironmentVariable("MASQ_GOLDEN") == "write";

    /// <summary>Compares with <c>Behaviour/NAME.verified.txt</c> beside this file.</summary>
    /// <param name="name">NAME.</param>
    /// <param name="outputs">
    /// What was written, by names that say how it is compared: <c>*.json</c> by field, <c>*.csv</c> by row and column, all else by line.
    /// </param>
    public static void Match(string name, params IReadOnlyList<(string Name, string Text)> outputs)
    {
        var stem = Path.Combine(Folder(), name);
        var (verified, received) = ($"{stem}.verified.txt", $"{stem}.received.txt");
        File.Delete(received);
        var normal = outputs.Select(o => (o.Name, Text: GoldenText.Normalise(o.Name, o.Text))).ToList();
        if (Writes)
        {
            File.WriteAllText(verified, Join(normal));
            return;
        }
        var differences = File.Exists(verified) ? Differences(Split(File.ReadAllText(verified)), normal) : ["there is no such file"];
        if (differences.Count == 0) return;
        File.WriteAllText(received, Join(normal));
        var shown = string.Join('\n', differences.Take(DifferencesShown));
        Assert.Fail($"{differences.Count} differences from {verified}; see {received}\n{shown}");
    }

    /// <summary>What differs between a table that was written long ago, and a table that may have more columns.</summary>
    /// <param name="kind">The machine that the older one was made on.</param>
    /// <param name="expected">The older one.</param>
    /// <param name="actual">The newer one.</param>
    public static List<string> DifferencesOfTables(string kind, string expected, string actual)
    {
        var differences = new List<string>();
        const string table = "table.csv";
        var old = (JsonArray)Expected(table, expected)!;
        var now = (JsonArray)GoldenText.Parse(table, GoldenText.Normalise(table, actual))!;
        var names = ((JsonObject)old[0]!).Select(f => f.Key).ToHashSet();
        foreach (var row in now.Cast<JsonObject>())
        {
            foreach (var later in row.Select(f => f.Key).Where(n => !names.Contains(n)).ToList()) row.Remove(later);
        }
        Compare(old, now, "", kind == MachineKind.Here, differences);
        return differences;
    }

    private static List<string> Differences(
        (string Kind, List<(string Name, string Text)> Outputs) golden, List<(string Name, string Text)> actual)
    {
        var differences = new List<string>();
        var names = (golden.Outputs.Select(o => o.Name).ToList(), actual.Select(o => o.Name).ToList());
        if (!names.Item1.SequenceEqual(names.Item2))
            return [$"expected {string.Join(", ", names.Item1)}; there are {string.Join(", ", names.Item2)}"];
        foreach (var (expected, came) in golden.Outputs.Zip(actual))
        {
            var (before, now) = (Expected(expected.Name, expected.Text), GoldenText.Parse(came.Name, came.Text));
            Compare(before, now, expected.Name, golden.Kind == MachineKind.Here, differences);
        }
        return differences;
    }

    /// <summary>What a file has, as it would be written now.</summary>
    private static JsonNode? Expected(string name, string text)
    {
        return Rename(GoldenText.Parse(name, GoldenText.Normalise(name, text)));

        static JsonNode? Rename(JsonNode? node) => node switch
        {
            JsonObject fields =>
                new JsonObject(fields.Select(f => KeyValuePair.Create(Renamed.GetValueOrDefault(f.Key, f.Key), Rename(f.Value)))),
            JsonArray items => new JsonArray([.. items.Select(Rename)]),
            JsonValue value when value.TryGetValue<string>(out var said) =>
                JsonValue.Create(Reworded.Aggregate(said, (s, r) => s.Replace(r.Key, r.Value, StringComparison.Ordinal))),
            _ => node?.DeepClone(),
        };
    }

    private static void Compare(JsonNode? expected, JsonNode? actual, string where, bool exact, List<string> differences)
    {
        if (expected is JsonObject fields && actual is JsonObject others)
        {
            if (!exact && fields["name"]?.ToString() == NearThreshold) return;
            foreach (var name in fields.Select(f => f.Key).Union(others.Select(f => f.Key)))
            {
                if (!exact && OfTheWay.Contains(name)) continue;
                if (!fields.ContainsKey(name) && Added.Contains(name)) continue;
                if (!fields.ContainsKey(name) || !others.ContainsKey(name))
                    differences.Add($"{where}: {name} {(fields.ContainsKey(name) ? "is gone" : "is new")}");
                else Compare(fields[name], others[name], $"{where}/{name}", exact, differences);
            }
        }
        else if (expected is JsonArray items && actual is JsonArray came)
        {
            if (items.Count != came.Count) differences.Add($"{where}: {items.Count} items expected, {came.Count} came");
            else for (var i = 0; i < items.Count; i++) Compare(items[i], came[i], $"{where}[{i}]", exact, differences);
        }
        else
        {
            var (a, b) = (expected?.ToJsonString() ?? "null", actual?.ToJsonString() ?? "null");
            if (a != b && (exact || !Close(a, b))) differences.Add($"{where}: {a} expected, {b} came");
        }
    }

    /// <summary>Whether two values have the same text around numbers that hardly differ.</summary>
    private static bool Close(string a, string b) => Number().Replace(a, "#") == Number().Replace(b, "#")
        && Number().Matches(a).Zip(Number().Matches(b)).All(pair => Close(Value(pair.First), Value(pair.Second)));

    private static bool Close(double a, double b) => Math.Abs(a - b) <= Tolerance * Math.Max(Math.Abs(a), Math.Abs(b)) + Nothing;

    private static double Value(Match number) => double.Parse(number.Value, CultureInfo.InvariantCulture);

    private static string Join(List<(string Name, string Text)> outputs)
    {
        var text = new StringBuilder($"{MachineKind.Here}\n");
        foreach (var (name, output) in outputs) text.Append(Title).Append(name).Append('\n').Append(output);
        return text.ToString();
    }

    private static (string Kind, List<(string Name, string Text)> Outputs) Split(string file)
    {
        var parts = file.ReplaceLineEndings("\n").Split($"\n{Title}");
        return (parts[0].Trim(), [.. parts.Skip(1).Select(p => p.Split('\n', 2)).Select(p => (p[0], p[1].TrimEnd('\n') + "\n"))]);
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Behaviour");

    [GeneratedRegex(@"(?<![\w.])-?\d+(\.\d+)?([eE][+-]?\d+)?(?!\w)")]
    private static partial Regex Number();
}
