namespace Masquerade.Datasets;

/// <summary>Where a list of pairs is from.</summary>
public enum PairListFormat
{
    /// <summary>LFW's View 2, <c>pairs.txt</c>: folds of same-person and different-person pairs.</summary>
    LfwFolds,

    /// <summary>LFW's View 1, <c>pairsDevTrain.txt</c> and <c>pairsDevTest.txt</c>: no folds.</summary>
    LfwDevelopment,

    /// <summary>A CSV file with the columns <c>probe</c>, <c>reference</c>, <c>same_person</c>.</summary>
    Csv,

    /// <summary>Made from a folder of people.</summary>
    FolderOfPeople,
}

/// <summary>A list of pairs in its order; the ids are unique.</summary>
/// <param name="Source">The file or folder that it is from.</param>
/// <param name="Format">What kind of list that is.</param>
/// <param name="Pairs">At least one pair.</param>
/// <param name="FoldCount">How many folds the pairs are in; 1 where the list has none.</param>
public sealed record PairList(string Source, PairListFormat Format, IReadOnlyList<VerificationPair> Pairs, int FoldCount);

/// <summary>Collects pairs under unique ids and refuses two truths about one pair.</summary>
internal sealed class PairListBuilder(string source)
{
    private readonly List<VerificationPair> _pairs = [];
    private readonly HashSet<string> _ids = [];
    private readonly Dictionary<(string, string), (bool Same, int Line)> _truths = [];

    public void Add(int line, string probe, string reference, bool same, int fold)
    {
        (bool Same, int Line) first = _truths.GetValueOrDefault((probe, reference), (same, line));
        if (first.Same != same)
        {
            throw new InputException(
                $"{source} line {line}: {probe} and {reference} are said to be {Truth(same)}, on line {first.Line} {Truth(!same)}");
        }
        _truths[(probe, reference)] = first;
        var plain = $"{PhotographName.Stem(probe)}|{PhotographName.Stem(reference)}";
        var id = plain;
        for (var again = 2; !_ids.Add(id); again++) id = $"{plain}#{again}";
        _pairs.Add(new VerificationPair(id, probe, reference, same, fold));
    }

    public PairList Build(PairListFormat format, int folds) => _pairs.Count > 0 ? new PairList(source, format, _pairs, folds)
        : throw new InputException($"{source}: lists no pairs");

    private static string Truth(bool same) => same ? "the same person" : "different people";
}
