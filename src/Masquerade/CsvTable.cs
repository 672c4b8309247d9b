using System.Text;

namespace Masquerade;

/// <summary>A CSV file with a header line: comma-separated, fields quoted with " where needed; blank lines are skipped.</summary>
internal sealed class CsvTable
{
    private readonly Dictionary<string, int> _columns = new(StringComparer.OrdinalIgnoreCase);
    private readonly string[] _lines;
    private readonly int _width;

    private CsvTable(string path, string[] lines)
    {
        FilePath = path;
        _lines = lines;
        var header = Split(0);
        _width = header.Count;
        for (var i = 0; i < header.Count; i++)
        {
            if (!_columns.TryAdd(header[i].Trim(), i)) throw Bad(0, $"the column '{header[i].Trim()}' stands twice in the header");
        }
    }

    /// <summary>The file that was read, for messages.</summary>
    public string FilePath { get; }

    /// <summary>Reads a file's lines and its header.</summary>
    public static CsvTable Read(string path) => new(path, InputFile.ReadLines(path));

    /// <summary>A table of lines that were read already.</summary>
    public static CsvTable Parse(string path, string[] lines) => new(path, lines);

    /// <summary>Where a column is (names are compared without case).</summary>
    /// <exception cref="InputException">There is no such column.</exception>
    public int Column(string name) => _columns.TryGetValue(name, out var index) ? index
        : throw Bad(0, $"the column '{name}' is missing; the header has: {string.Join(", ", _columns.Keys)}");

    /// <summary>A field as a line of CSV has it.</summary>
    public static string Quote(string field) =>
        field.AsSpan().IndexOfAny("\",\r\n") < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>Whether there is such a column.</summary>
    public bool Has(string name) => _columns.ContainsKey(name);

    /// <summary>The rows after the header with their line numbers.</summary>
    /// <exception cref="InputException">A row has another number of fields than the header, or a quote is left open.</exception>
    public IEnumerable<(int Line, List<string> Fields)> Rows()
    {
        for (var i = 1; i < _lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(_lines[i])) continue;
            var fields = Split(i);
            if (fields.Count != _width) throw Bad(i, $"{fields.Count} fields, but the header has {_width}");
            yield return (i + 1, fields);
        }
    }

    private List<string> Split(int index)
    {
        var line = _lines[index];
        var fields = new List<string>();
        var field = new StringBuilder();
        for (var at = 0; ; at++)
        {
            field.Clear();
            if (at < line.Length && line[at] == '"')
            {
                for (at++; ; at++)
                {
                    if (at >= line.Length) throw Bad(index, "a quote is not closed on its line");
                    if (line[at] != '"') field.Append(line[at]);
                    else if (at + 1 < line.Length && line[at + 1] == '"') field.Append(line[at++]);
                    else break;
                }
                at++;
                if (at < line.Length && line[at] != ',') throw Bad(index, "text follows a closing quote");
            }
            else
            {
                var end = line.IndexOf(',', at);
                if (end < 0) end = line.Length;
                field.Append(line, at, end - at);
                at = end;
            }
            fields.Add(field.ToString());
            if (at >= line.Length) return fields;
        }
    }

    private InputException Bad(int index, string what) => new($"{FilePath} line {index + 1}: {what}");
}
