namespace Masquerade.Assets;

/// <summary>Which name somebody meant who mistyped it.</summary>
internal static class NearestName
{
    /// <summary>The known name that the fewest edits make of a text; null where none is near.</summary>
    /// <param name="text">As it was typed.</param>
    /// <param name="known">The names; the first of equally near ones is taken.</param>
    public static string? Of(string text, IEnumerable<string> known)
    {
        var nearest = known.Select(name => (Name: name, Edits: Edits(text.ToLowerInvariant(), name.ToLowerInvariant())))
            .DefaultIfEmpty((Name: "", Edits: int.MaxValue)).MinBy(n => n.Edits);
        // More than every third letter wrong is another word.
        return nearest.Edits <= Math.Max(1, Math.Max(text.Length, nearest.Name.Length) / 3) ? nearest.Name : null;
    }

    /// <summary>Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).</summary>
    internal static int Edits(string from, string to)
    {
        // Names are short; a text that is not one is cut.
        if (from.Length > 100) from = from[..100];
        var rows = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= to.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                var substituted = rows[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(substituted, 1 + Math.Min(rows[i - 1, j], rows[i, j - 1]));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], 1 + rows[i - 2, j - 2]);
            }
        }
        return rows[from.Length, to.Length];
    }
}
