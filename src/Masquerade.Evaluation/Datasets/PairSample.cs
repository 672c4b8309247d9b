using Masquerade.Verification;

namespace Masquerade.Evaluation.Datasets;

/// <summary>
/// Draws some of a list's pairs, in a drawn order, as NumPy does: <c>numpy.random.seed(seed)</c>, then
/// <c>numpy.random.choice(n, count, replace=False)</c>. Published studies chose their pairs so; bit for bit the same come out here.
/// </summary>
public static class PairSample
{
    /// <summary>The largest seed that NumPy takes.</summary>
    public const long MostSeed = uint.MaxValue;

    /// <summary>The pairs drawn, in the order of the draw.</summary>
    /// <param name="list">The list.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="seed">0 to <see cref="MostSeed"/>.</param>
    /// <exception cref="InputException">The list has fewer pairs.</exception>
    public static PairList Draw(PairList list, int count, long seed)
    {
        ArgumentNullException.ThrowIfNull(list);
        if (count > list.Pairs.Count)
            throw new InputException($"{list.Source}: has {list.Pairs.Count} pairs, of which {count} cannot be drawn; lower the sample");
        return list with { Pairs = [.. Indices(list.Pairs.Count, count, seed).Select(i => list.Pairs[i])] };
    }

    /// <summary>Different numbers below <paramref name="n"/>: the first of a shuffle of all of them.</summary>
    internal static int[] Indices(int n, int count, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, n);
        var random = new MersenneTwister(checked((uint)seed));
        int[] order = [.. Enumerable.Range(0, n)];
        for (var i = n - 1; i > 0; i--)
        {
            var j = (int)random.UpTo((uint)i);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order[..count];
    }
}
