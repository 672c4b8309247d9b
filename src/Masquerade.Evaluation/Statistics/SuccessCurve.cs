using Masquerade.Evaluation.Ledger;

namespace Masquerade.Evaluation.Statistics;

/// <summary>
/// Which share of the pairs is fooled by a perturbation of at most a norm: a step at each success. Pairs wrong before the attack start the
/// curve above 0; pairs that withstood keep it below 1.
/// </summary>
public sealed class SuccessCurve
{
    private readonly double[] _norms;

    private SuccessCurve(double[] norms, int pairs) => (_norms, Pairs) = (norms, pairs);

    /// <summary>Pairs that were read, at least 1.</summary>
    public int Pairs { get; }

    /// <summary>The L2 norm of every success, ascending.</summary>
    public IReadOnlyList<double> Norms => _norms;

    /// <summary>The curve of one attack, setting and goal; null where no pair was read.</summary>
    public static SuccessCurve? Of(IEnumerable<AttackRow> rows)
    {
        var judged = rows.Where(r => !RowKinds.Skipped(r)).ToList();
        return judged.Count == 0 ? null : new SuccessCurve([.. judged.Where(r => r.Success).Select(r => r.Norm()).Order()], judged.Count);
    }

    /// <summary>The share of pairs, in [0,1], that is fooled with a norm of at most <paramref name="norm"/>.</summary>
    public double At(double norm)
    {
        var (low, high) = (0, _norms.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_norms[middle] <= norm) low = middle + 1;
            else high = middle;
        }
        return (double)low / Pairs;
    }
}
