using System.Globalization;
using System.Text;

namespace Masquerade.Evaluation.Reporting.Tables;

/// <summary>Tables as text: Markdown for files, aligned columns for a plain console.</summary>
public static class TableText
{
    /// <summary>A table in Markdown, without its title.</summary>
    internal static void Table(StringBuilder text, StudyTable table)
    {
        Line(text, $"| {string.Join(" | ", table.Headers.Select(Header))} |");
        Line(text, $"|:---|{string.Concat(table.Headers.Skip(1).Select(_ => "---:|"))}");
        foreach (var row in table.Rows) Line(text, $"| {string.Join(" | ", row.Select(c => Escape(c.ToString())))} |");

        // A model's name may be in it. Before a space, < begins no tag.
        static string Header(string header) => Escape(header).Replace("&lt; ", "< ", StringComparison.Ordinal);
    }

    internal static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');

    /// <summary>One table in aligned columns, each row in two lines: anonymization above impersonation. No line ends in a space.</summary>
    public static string Plain(StudyTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var lines = new List<string[]> { table.Headers.Select(Printable).ToArray() };
        foreach (var row in table.Rows)
        {
            for (var line = 0; line < row.Max(c => c.Values.Count); line++)
                lines.Add([.. row.Select(c => line < c.Values.Count ? Printable(c.Values[line].ToString()) : "")]);
        }
        var widths = table.Headers.Select((_, i) => lines.Max(l => Width(l[i]))).ToArray();
        var text = new StringBuilder();
        for (var i = 0; i < lines.Count; i++)
        {
            var cells = lines[i].Select((cell, c) => (Cell: cell, Space: new string(' ', widths[c] - Width(cell))))
                .Select((cell, c) => c == 0 ? cell.Cell + cell.Space : cell.Space + cell.Cell);
            text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
            if (i == 0) text.Append(string.Join("  ", widths.Select(w => new string('─', w)))).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>Names come from files: what would move a cursor or turn the direction of writing becomes a replacement character.</summary>
    internal static string Printable(string text)
    {
        if (!text.Any(Hostile)) return text;
        return string.Concat(text.Select(c => Hostile(c) ? '\uFFFD' : c));

        static bool Hostile(char c) => char.GetUnicodeCategory(c) is
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
    }

    internal static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var c in Printable(text))
        {
            if (c is '\\' or '|' or '*' or '_' or '`' or '[' or ']' or '#' or '~' or '$' or '!') escaped.Append('\\').Append(c);
            else if (c is '<' or '>' or '&') escaped.Append(c switch { '<' => "&lt;", '>' => "&gt;", _ => "&amp;" });
            else escaped.Append(c);
        }
        return escaped.ToString();
    }

    private static int Width(string text) => new StringInfo(text).LengthInTextElements;
}
