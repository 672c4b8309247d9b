namespace Masquerade;

/// <summary>Why things were left out, in one line: each kind of reason with how many it concerns.</summary>
internal static class ReasonCounts
{
    private const int MostKinds = 3;

    /// <summary>The reasons as a list, the most frequent first; rare ones are counted together.</summary>
    /// <param name="reasons">One for each thing that was left out.</param>
    /// <param name="noun">What was left out, as <c>pair</c>.</param>
    public static string Text(IEnumerable<string> reasons, string noun)
    {
        var kinds = reasons.GroupBy(Kind).Select(g => (Reason: g.Key, Count: g.Count())).OrderByDescending(k => k.Count).ToList();
        var told = kinds.Take(kinds.Count > MostKinds + 1 ? MostKinds : kinds.Count).ToList();
        var rest = kinds.Skip(told.Count).Sum(k => k.Count);
        return string.Join(", ", told.Select(k => $"{k.Reason} ({Count(k.Count)})")) + (rest > 0 ? $", other reasons ({Count(rest)})" : "");

        string Count(int count) => $"{count} {noun}{(count == 1 ? "" : "s")}";
    }

    /// <summary>A reason without what belongs to a single photograph: its name before, and the remedy behind.</summary>
    private static string Kind(string reason)
    {
        const string Missing = "missing photograph";
        if (reason.StartsWith(Missing, StringComparison.Ordinal)) return Missing;
        var start = reason.IndexOf(": ", StringComparison.Ordinal) is >= 0 and var colon ? colon + 2 : 0;
        var end = reason.IndexOf("; ", start, StringComparison.Ordinal);
        return end < 0 ? reason[start..] : reason[start..end];
    }
}
