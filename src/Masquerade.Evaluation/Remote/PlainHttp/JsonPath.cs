using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Masquerade.Evaluation.Remote.PlainHttp;

/// <summary>A place in a JSON document: names, dots, and places in lists, as in <c>result.faces[0].similarity</c>.</summary>
internal sealed partial class JsonPath
{
    private readonly string _text;
    // Either a name or a place.
    private readonly List<(string? Name, int Index)> _steps;

    private JsonPath(string text, List<(string?, int)> steps) => (_text, _steps) = (text, steps);

    /// <summary>Reads a path; null where the text is none.</summary>
    public static JsonPath? Parse(string text)
    {
        if (!Whole().IsMatch(text)) return null;
        var steps = new List<(string?, int)>();
        foreach (Match step in Step().Matches(text))
        {
            var (name, place) = (step.Groups["name"], step.Groups["index"].Value);
            if (name.Success) steps.Add((name.Value, 0));
            else if (int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out var index)) steps.Add((null, index));
            else return null;
        }
        return new(text, steps);
    }

    /// <summary>What is there; null where there is nothing.</summary>
    public JsonElement? Find(JsonElement document)
    {
        var at = document;
        foreach (var (name, index) in _steps)
        {
            if (name is not null && at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out var member)) at = member;
            else if (name is null && at.ValueKind == JsonValueKind.Array && index < at.GetArrayLength()) at = at[index];
            else return null;
        }
        return at;
    }

    public override string ToString() => _text;

    [GeneratedRegex(@"^([^.\[\]\s]+|\[[0-9]+\])(\.[^.\[\]\s]+|\[[0-9]+\])*$")]
    private static partial Regex Whole();

    [GeneratedRegex(@"\[(?<index>[0-9]+)\]|(?<name>[^.\[\]]+)")]
    private static partial Regex Step();
}
