using Masquerade.Verification;

namespace Masquerade.Evaluation.Datasets;

/// <summary>A pair of which photographs are missing.</summary>
/// <param name="Pair">The pair.</param>
/// <param name="Names">Which are missing, one or both (once, where they are the same), as the list names them.</param>
public sealed record MissingPair(VerificationPair Pair, IReadOnlyList<string> Names);

/// <summary>Which pairs of a list can be used with a folder of photographs.</summary>
/// <param name="Present">Pairs of which both photographs are there, in the list's order.</param>
/// <param name="Missing">The other pairs, in the list's order.</param>
public sealed record PairAvailability(IReadOnlyList<VerificationPair> Present, IReadOnlyList<MissingPair> Missing)
{
    /// <summary>Each missing photograph once, in the order of the list.</summary>
    public IReadOnlyList<string> MissingNames => [.. Missing.SelectMany(m => m.Names).Distinct()];

    /// <summary>Looks for every photograph of a list; opens none.</summary>
    /// <exception cref="InputException">A name leads out of the folder.</exception>
    public static PairAvailability Of(PairList list, ImageFolder folder)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(folder);
        var known = new Dictionary<string, bool>();
        var present = new List<VerificationPair>();
        var missing = new List<MissingPair>();
        foreach (var pair in list.Pairs)
        {
            string[] absent = [.. new[] { pair.Probe, pair.Reference }.Distinct().Where(name => !IsThere(name))];
            if (absent.Length == 0) present.Add(pair);
            else missing.Add(new MissingPair(pair, absent));
        }
        return new PairAvailability(present, missing);

        bool IsThere(string name) => known.TryGetValue(name, out var there) ? there : known[name] = folder.Find(name) is not null;
    }
}
