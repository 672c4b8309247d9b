namespace Masquerade;

/// <summary>What LINQ lacks.</summary>
internal static class SequenceExtensions
{
    /// <summary>
    /// Combines two sequences of the same length element by element. <c>Enumerable.Zip</c> cuts the longer
    /// one in silence, which hides that something is missing; a test keeps it out of the project.
    /// </summary>
    /// <param name="first">One sequence.</param>
    /// <param name="second">Another one, as long.</param>
    /// <param name="combine">Makes a result of an element of each.</param>
    /// <exception cref="ArgumentException">One sequence is longer than the other; thrown when its end is reached.</exception>
    public static IEnumerable<TResult> ZipExact<TFirst, TSecond, TResult>(
        this IEnumerable<TFirst> first, IEnumerable<TSecond> second, Func<TFirst, TSecond, TResult> combine)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return Combined();

        IEnumerable<TResult> Combined()
        {
            using var left = first.GetEnumerator();
            using var right = second.GetEnumerator();
            while (true)
            {
                var (more, alsoMore) = (left.MoveNext(), right.MoveNext());
                if (more != alsoMore)
                    throw new ArgumentException($"The {(more ? "second" : "first")} sequence is shorter than the other.", nameof(second));
                if (!more) yield break;
                yield return combine(left.Current, right.Current);
            }
        }
    }

    /// <inheritdoc cref="ZipExact{TFirst, TSecond, TResult}"/>
    public static IEnumerable<(TFirst First, TSecond Second)> ZipExact<TFirst, TSecond>(
        this IEnumerable<TFirst> first, IEnumerable<TSecond> second) => first.ZipExact(second, (a, b) => (a, b));
}
