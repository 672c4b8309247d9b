
namespace Masquerade.Verification;

/// <summary>A pair and how far apart its embeddings are.</summary>
public sealed record ScoredPair
{
    /// <param name="pair">The pair.</param>
    /// <param name="distance">Squared Euclidean distance of its unit embeddings, in [0,4].</param>
    /// <exception cref="InputException">The distance is not a number or lies outside [0,4].</exception>
    public ScoredPair(VerificationPair pair, double distance)
    {
        ArgumentNullException.ThrowIfNull(pair);
        if (!(distance >= 0 && distance <= 4))
            throw new InputException($"pair {pair.Id}: its distance is {distance}, not between 0 and 4; check model and photographs");
        Pair = pair;
        Distance = distance;
    }

    /// <summary>The pair.</summary>
    public VerificationPair Pair { get; }

    /// <summary>Squared Euclidean distance, in [0,4].</summary>
    public double Distance { get; }
}
