using System.Text;
using Masquerade.Attacks;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Evaluation.Reporting.Tables;

/// <summary>The sentences about images that were carried over to other verifiers. None of it is encoded yet.</summary>
public static class TransferText
{
    /// <summary>What stands below the tables.</summary>
    public const string Caption =
        "Adversarial images of one verifier, rounded to 8 bits, as another judges them by its own threshold. Fooled: of the pairs whose " +
        "source attack succeeded and of whose clean photographs the judge was right; what it was wrong of before any attack stands in the " +
        "first row and counts in no success. Confidence in the right answer: of a model P(same) or P(different) of the pair with its " +
        "threshold, of a service what it answers; 0 where no face was found. Its mean is over the n images that there are; fallen by: image " +
        "by image from the same pair's clean confidence; over all pairs: a pair without an adversarial image counts with its clean " +
        "confidence. Where no face is found somebody is hidden, and nobody passes for somebody else. In brackets: 95% intervals (Wilson for " +
        "rates, percentile bootstrap for means).";

    /// <summary>How images come to the verifiers of a run.</summary>
    public static string Ways(RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        var ways = summary.Transfers.Select(t => (t.Target.Way, t.Target.IsService)).Distinct().ToList();
        var text = new List<string>();
        if (ways.Exists(w => w is { Way: "mapped" }))
        {
            text.Add("Images are taken through the judge's own alignment by the known transforms, and stay as they are where crop and size " +
                "are the same; where the source's crop does not reach, the clean photograph is seen.");
        }
        if (ways.Exists(w => w.Way.StartsWith("pasted", StringComparison.Ordinal)))
            text.Add("Pasted: the perturbation is put back into the full photograph.");
        if (ways.Exists(w => w.Way.EndsWith("detected", StringComparison.Ordinal) && !w.IsService))
            text.Add("Detected: faces are looked for again, in the image as it is; so are those of the clean pairs.");
        if (ways.Exists(w => w.IsService))
            text.Add("Services get the image as the attacker hands it over, the clean one likewise, and the photograph on file.");
        return string.Join(' ', text);
    }

    /// <summary>What must be known before a number is believed.</summary>
    internal static IEnumerable<string> Notes(RunSummary summary)
    {
        var missing = summary.Transfers.Where(t => t.Missing > 0).ToList();
        if (missing.Count > 0)
        {
            yield return $"Transfer: up to {missing.Max(t => t.Missing)} adversarial images of an attack were not kept or are not judged " +
                "yet; what is said is of the others. Images of all successes are kept with --keep-images successes.";
        }
        var refused = summary.Transfers.Sum(t => t.Refused);
        if (refused == 0) yield break;
        yield return $"Transfer: {ReportText.Count(refused, "image")} could not be judged and {(refused == 1 ? "is" : "are")} in no number.";
    }

    /// <summary>What came out for a verifier that was not attacked, for one goal, in a sentence.</summary>
    internal static string Finding(IReadOnlyList<TransferSummary> transfers, AttackGoal goal)
    {
        var name = goal == AttackGoal.Anonymize ? "Anonymization" : "Impersonation";
        var own = transfers.Where(t => t.Goal == goal && t.Success.Of > 0).ToList();
        if (own.Count == 0) return $"{name}: there is no image whose clean pair it was right of.";
        var best = own.OrderByDescending(t => t.Success.Value).ThenByDescending(t => t.Drop?.Value ?? 0).First();
        var attack = own.Count == 1 ? best.Attack : $"the best of {own.Count} attacks, {best.Attack},";
        var share = Numbers.Share(best.Success);
        return $"{name}: {attack} fools it on {best.Success.Count} of {best.Success.Of} pairs ({share.Text}, 95% interval {share.Detail}); " +
            Numbers.Text($"its confidence in the right answer falls by {best.Drop?.Value ?? 0:F3} from {best.Clean?.Value ?? 0:F3} on average.");
    }

    /// <summary>The transfers that findings are of: to others than the attacked model itself.</summary>
    internal static IEnumerable<IGrouping<(RunSetting Source, TransferTarget Target), TransferSummary>> ToOthers(RunSummary summary) =>
        summary.Transfers.Where(t => !t.IsItself).GroupBy(t => (t.Source, t.Target));

}
