using Masquerade.Evaluation.Datasets;

namespace Masquerade.Bench;

/// <summary>The pairs that studies are made on.</summary>
internal static class StudyPairs
{
    /// <summary>The study of 2019 drew so many pairs, and used the first of them.</summary>
    public const int Sample = 100;

    private const int FoldsWithPhotographs = 8;

    /// <summary>Writes pairs evenly taken from the folds whose photographs are at hand, half of the same person.</summary>
    /// <param name="list">LFW's <c>pairs.txt</c>.</param>
    /// <param name="count">How many.</param>
    /// <param name="path">The file; it stays as it is where it has them already.</param>
    /// <returns>The file.</returns>
    public static string Write(string list, int count, string path)
    {
        var folds = PairListReader.Read(list).Pairs.Where(p => p.Fold < FoldsWithPhotographs).ToList();
        var lines = new List<string> { "probe,reference,same_person" };
        foreach (var kind in folds.GroupBy(p => p.SamePerson))
        {
            var all = kind.ToList();
            var wanted = Math.Min(count / 2, all.Count);
            lines.AddRange(Enumerable.Range(0, wanted).Select(i => all[(int)((long)i * all.Count / wanted)])
                .Select(p => $"{p.Probe},{p.Reference},{(p.SamePerson ? 1 : 0)}"));
        }
        var text = string.Join('\n', lines) + "\n";
        if (!File.Exists(path) || File.ReadAllText(path) != text) File.WriteAllText(path, text);
        return path;
    }
}
