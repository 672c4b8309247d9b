using Masquerade.Verification;

namespace Masquerade.Evaluation.Datasets;

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
