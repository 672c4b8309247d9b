namespace Masquerade;

/// <summary>Which name somebody meant who mistyped it, or typed its beginning.</summary>
internal static class NearestName
{
    // Names are short; a text that is longer is none of them.
    private const int LongestText = 100;

    /// <summary>The end of an error message: which known name may be meant; empty where none is near.</summary>
    public static string Question(string text, IEnumerable<string> known) => Of(text, known) is { } name ? $"; did you mean {name}?" : "";

    /// <summary>The known name that the fewest edits make of a text, or failing that, its beginning; null where none is near.</summary>
    /// <param name="text">As it was typed.</param>
    /// <param name="known">The names; the first of equally near ones is taken.</param>
    public static string? Of(string text, IEnumerable<string> known)
    {
        if (text.Length is 0 or > LongestText) return null;
        var names = known.Select(name => (Name: name, Edits: Edits(text.ToLowerInvariant(), name.ToLowerInvariant()))).ToList();
        // More than every third letter wrong is another word; of a beginning, every fourth.
        return names.Where(n => n.Edits.Whole <= Math.Max(1, Math.Max(text.Length, n.Name.Length) / 3))
            .OrderBy(n => n.Edits.Whole).Select(n => n.Name).FirstOrDefault()
            ?? names.Where(n => n.Edits.Beginning <= text.Length / 4)
            .OrderBy(n => n.Edits.Beginning).Select(n => n.Name).FirstOrDefault();
    }

    /// <summary>
    /// How many insertions, deletions, substitutions and swaps of neighbours (optimal string alignment) make a name of a text, and how many
    /// make a beginning of that name.
    /// </summary>
    internal static (int Whole, int Beginning) Edits(string text, string name)
    {
        var edits = new int[text.Length + 1, name.Length + 1];
        for (var i = 0; i <= text.Length; i++) edits[i, 0] = i;
        for (var j = 0; j <= name.Length; j++) edits[0, j] = j;
        for (var i = 1; i <= text.Length; i++)
        {
            for (var j = 1; j <= name.Length; j++)
            {
                var substituted = edits[i - 1, j - 1] + (text[i - 1] == name[j - 1] ? 0 : 1);
                edits[i, j] = Math.Min(substituted, 1 + Math.Min(edits[i - 1, j], edits[i, j - 1]));
                if (i > 1 && j > 1 && text[i - 1] == name[j - 2] && text[i - 2] == name[j - 1])
                    edits[i, j] = Math.Min(edits[i, j], 1 + edits[i - 2, j - 2]);
            }
        }
        return (edits[text.Length, name.Length], Enumerable.Range(0, name.Length + 1).Min(j => edits[text.Length, j]));
    }

}
