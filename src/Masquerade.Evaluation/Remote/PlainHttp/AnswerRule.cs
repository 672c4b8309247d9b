using System.Text.Json;

namespace Masquerade.Evaluation.Remote.PlainHttp;

/// <summary>What a rule asks of a place in an answer.</summary>
internal enum RuleTest
{
    /// <summary>Nothing: the status is enough.</summary>
    None,

    /// <summary>It is a certain text, number, true, false or null.</summary>
    Equals,

    /// <summary>It is there.</summary>
    Present,

    /// <summary>It is not there, or null.</summary>
    Missing,

    /// <summary>It is an empty list, object or text.</summary>
    Empty,
}

/// <summary>How an answer looks that is no score.</summary>
/// <param name="Status">Its HTTP status; null for any.</param>
/// <param name="Path">The place that is looked at.</param>
/// <param name="Test">What is asked of it.</param>
/// <param name="Expected">What it has to be equal to.</param>
/// <param name="InReference">Whether the answer is about the reference, not the probe.</param>
internal sealed record AnswerRule(int? Status, JsonPath? Path, RuleTest Test, string? Expected, bool InReference)
{
    /// <summary>Whether an answer looks so.</summary>
    public bool Matches(int status, JsonElement? body)
    {
        if (Status is { } wanted && status != wanted) return false;
        if (Test == RuleTest.None) return true;
        if (body is not { } document) return false;
        var found = Path!.Find(document);
        return Test switch
        {
            RuleTest.Present => found is { ValueKind: not JsonValueKind.Null },
            RuleTest.Missing => found is null or { ValueKind: JsonValueKind.Null },
            RuleTest.Empty => found is { } value && IsEmpty(value),
            _ => found is { } value && Shown(value) == Expected,
        };
    }

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.String => value.GetString()!.Length == 0,
        _ => false,
    };

    private static string? Shown(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Object or JsonValueKind.Array => null,
        _ => value.GetRawText(),
    };
}
