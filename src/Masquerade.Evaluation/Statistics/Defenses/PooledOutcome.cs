using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Statistics.Defenses;

/// <summary>What the best of several attacks on each pair comes to.</summary>
/// <param name="Success">Pairs that any of them fooled, of the pairs that all of them met.</param>
/// <param name="MedianL2">
/// Median over all these pairs of the smallest L2 norm, one that withstood counting as infinitely far; null where fewer than half were
/// fooled. An end of its interval may be infinite.
/// </param>
public sealed record PooledOutcome(Rate Success, Estimate? MedianL2)
{
    internal static PooledOutcome Of(IEnumerable<double> norms)
    {
        double[] all = [.. norms];
        return new PooledOutcome(new Rate(all.Count(double.IsFinite), all.Length), Bootstrap.PairedMedians([all])?[0].Median);
    }
}

/// <summary>
/// The smallest norm that any of some attacks found for each pair: infinite where none fooled the verifier, 0 where it was wrong before.
/// </summary>
internal sealed class PooledNorms
{
    private readonly Dictionary<string, double> _norms;
    private readonly HashSet<string> _wrong;

    private PooledNorms(Dictionary<string, double> norms, HashSet<string> wrong) => (_norms, _wrong) = (norms, wrong);

    /// <summary>Pairs that all of the attacks met, in their order.</summary>
    public IReadOnlyList<string> Pairs => [.. _norms.Keys];

    /// <summary>Those of them that were judged right before the attack.</summary>
    public IReadOnlyList<string> Attacked => [.. _norms.Keys.Where(p => !_wrong.Contains(p))];

    public double this[string pair] => _norms[pair];

    public bool Has(string pair) => _norms.ContainsKey(pair);

    public bool WasWrong(string pair) => _wrong.Contains(pair);

    public double[] Of(IEnumerable<string> pairs) => [.. pairs.Select(p => _norms[p])];

    /// <summary>Pools the rows of attacks on one verifier with one goal; a pair that one of them has not met is in none.</summary>
    public static PooledNorms Of(IEnumerable<AttackSummary> attacks)
    {
        var all = attacks.Select(
            a => a.Rows.Where(r => !RowKinds.Skipped(r)).ToDictionary(r => r.Pair, StringComparer.Ordinal)).ToList();
        var norms = new Dictionary<string, double>(StringComparer.Ordinal);
        var wrong = new HashSet<string>(StringComparer.Ordinal);
        if (all.Count == 0) return new PooledNorms(norms, wrong);
        foreach (var pair in all[0].Keys.Where(pair => all.TrueForAll(rows => rows.ContainsKey(pair))))
        {
            norms[pair] = all.Min(rows => rows[pair] is { Success: true } row ? row.Norm() : double.PositiveInfinity);
            if (all.Exists(rows => rows[pair].AlreadyWrong)) wrong.Add(pair);
        }
        return new PooledNorms(norms, wrong);
    }
}
