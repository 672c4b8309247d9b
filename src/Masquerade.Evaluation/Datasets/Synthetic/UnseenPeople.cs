namespace Masquerade.Evaluation.Datasets.Synthetic;

/// <summary>Synthetic people whom no training may use: what models are tried on where nobody names photographs.</summary>
public static class UnseenPeople
{
    /// <summary>Their seed.</summary>
    public const ulong Seed = 2026;

    /// <summary>Most pairs to attack.</summary>
    public const int MostPairs = SyntheticFolder.Most - 1;

    private const int CapturesToEvaluate = 4;

    /// <summary>
    /// Pairs to attack: every two people are one pair of the same person and one of different people, and in no other. So any first pairs
    /// of the list are of both kinds.
    /// </summary>
    /// <param name="pairs">At least so many; one more where the number is odd.</param>
    /// <exception cref="InputException">Less than 1 or more than <see cref="MostPairs"/>.</exception>
    public static SyntheticFolder ToAttack(int pairs) => pairs is >= 1 and <= MostPairs
        ? new SyntheticFolder((pairs + 1) / 2 * 2, captures: 2, Seed, folds: (pairs + 1) / 2, pairsOfAKind: 1)
        : throw new InputException($"{pairs} pairs of synthetic people are not possible; take 1 to {MostPairs}");

    /// <summary>Ten folds as in LFW's view 2 to evaluate a verifier on; 600 pairs in each from 600 people on.</summary>
    /// <param name="people">How many people, each in one fold.</param>
    /// <exception cref="InputException">Too few for ten folds, or more than <see cref="SyntheticFolder.Most"/>.</exception>
    public static SyntheticFolder ToEvaluate(int people) => people >= 20
        ? new SyntheticFolder(people, CapturesToEvaluate, Seed)
        : throw new InputException($"{people} people are too few for ten folds; ask for 20 to {SyntheticFolder.Most}");
}
