namespace Masquerade.Verification;

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
