using System.Globalization;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Datasets;

/// <summary>Reads lists of pairs; which of the formats a file has is seen from its first line.</summary>
public static class PairListReader
{
    private const string Formats =
        "neither LFW's (first line '10 300' or '1100') nor a CSV list with the columns probe,reference,same_person";

    /// <summary>
    /// Reads LFW's <c>pairs.txt</c>, <c>pairsDevTrain.txt</c>, <c>pairsDevTest.txt</c> (Huang et al., 2007), or a CSV list with the columns
    /// <c>probe</c>, <c>reference</c>, <c>same_person</c> (1, 0, true, false; others are ignored). LFW's lists name no file type: their
    /// photographs are <c>Aaron_Peirsol_0001</c>. A pair that is listed again gets an id that ends in <c>#2</c>.
    /// </summary>
    /// <exception cref="InputException">
    /// Unreadable, empty, in another format, malformed (with the line), shorter or longer than its header says, or of two minds about
    /// a pair.
    /// </exception>
    public static PairList Read(string path)
    {
        var lines = InputFile.ReadLines(path);
        if (lines.Length == 0 || lines.All(string.IsNullOrWhiteSpace)) throw new InputException($"{path}: lists no pairs");
        if (lines[0].Contains(',')) return ReadCsv(path, lines);
        var counts = Array.ConvertAll(Fields(lines[0]), Count);
        return counts switch
        {
            [> 0 and var pairs] => ReadLfw(path, lines, PairListFormat.LfwDevelopment, 1, pairs),
            [> 0 and var folds, > 0 and var pairs] => ReadLfw(path, lines, PairListFormat.LfwFolds, folds, pairs),
            _ => throw new InputException($"{path} line 1: '{Excerpt(lines[0])}' begins no list of pairs: {Formats}"),
        };
    }

    private static PairList ReadCsv(string path, string[] lines)
    {
        var table = CsvTable.Parse(path, lines);
        var (probe, reference, truth) = (table.Column("probe"), table.Column("reference"), table.Column("same_person"));
        var builder = new PairListBuilder(path);
        foreach (var (line, fields) in table.Rows())
        {
            var (first, second) = (fields[probe].Trim(), fields[reference].Trim());
            if (first.Length == 0 || second.Length == 0) throw new InputException($"{path} line {line}: a photograph has no name");
            bool same = fields[truth].Trim().ToUpperInvariant() switch
            {
                "1" or "TRUE" => true,
                "0" or "FALSE" => false,
                _ => throw new InputException($"{path} line {line}: same_person is '{Excerpt(fields[truth])}'; write 1, 0, true or false"),
            };
            builder.Add(line, first, second, same, fold: 0);
        }
        return builder.Build(PairListFormat.Csv, 1);
    }

    private static PairList ReadLfw(string path, string[] lines, PairListFormat format, int folds, int pairsOfAKind)
    {
        var rows = lines.Length - 1;
        while (rows > 0 && string.IsNullOrWhiteSpace(lines[rows])) rows--;
        var builder = new PairListBuilder(path);
        for (var i = 0; i < rows; i++)
        {
            var inFold = i % (2L * pairsOfAKind);
            var fold = i / (2L * pairsOfAKind);
            if (fold == folds)
                throw Bad(path, i, $"the header '{Excerpt(lines[0])}' promises no more pairs, but '{Excerpt(lines[i + 1])}' follows");
            AddLfwPair(builder, path, i, lines[i + 1], inFold < pairsOfAKind, (int)fold);
        }
        var promised = 2L * folds * pairsOfAKind;
        if (rows < promised)
            throw Bad(path, rows, $"the list ends after {rows} pairs; its header '{Excerpt(lines[0])}' promises {promised}");
        return builder.Build(format, folds);
    }

    private static void AddLfwPair(PairListBuilder builder, string path, int row, string line, bool same, int fold)
    {
        ((string, int Number) first, (string, int Number) second) = (Fields(line), same) switch
        {
            ([var name, var one, var two], true) => ((name, Count(one)), (name, Count(two))),
            ([var name1, var one, var name2, var two], false) when name1 != name2 => ((name1, Count(one)), (name2, Count(two))),
            _ => default,
        };
        if (first.Number == 0 || second.Number == 0)
        {
            var expected = same ? "a same-person pair 'name n1 n2'" : "a different-person pair 'name1 n1 name2 n2'";
            throw Bad(path, row, $"'{Excerpt(line)}' is not {expected}, which the header puts here");
        }
        builder.Add(row + 2, Name(first), Name(second), same, fold);
    }

    private static string Name((string Person, int Number) photograph) =>
        string.Create(CultureInfo.InvariantCulture, $"{photograph.Person}_{photograph.Number:D4}");

    private static string[] Fields(string line) =>
        line.Split(line.Contains('\t') ? '\t' : ' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>A count from 1; 0 where the text is none.</summary>
    private static int Count(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    private static string Excerpt(string text) => text.Length <= 60 ? text.Replace('\t', ' ') : text[..60].Replace('\t', ' ') + "…";

    private static InputException Bad(string path, int row, string what) => new($"{path} line {row + 2}: {what}");
}
