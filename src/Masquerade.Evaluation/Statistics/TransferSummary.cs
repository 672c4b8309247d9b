using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Statistics;

/// <summary>An adversarial image as another verifier judges it, beside its clean pair.</summary>
/// <param name="Row">The image.</param>
/// <param name="Threshold">The verifier's threshold.</param>
/// <param name="Clean">The clean pair; null where it was not judged.</param>
public sealed record TransferLine(TransferRow Row, double Threshold, CleanTransfer? Clean)
{
    /// <summary>Whether the verifier was right of the clean pair and judged the image: only then an image can have fooled it.</summary>
    public bool Counts => Clean?.Right == true && Row.Fooled is not null;

    internal static IReadOnlyList<TransferLine> All(IRunResults results)
    {
        var clean = results.CleanTransfers.ToDictionary(c => (c.Model, c.Target, c.Way, c.Pair));
        var thresholds = results.Targets.ToDictionary(t => (t.Name, t.Way), t => t.Threshold);
        return
        [
            .. results.Transfers.Select(t => new TransferLine(
                t, thresholds.GetValueOrDefault((t.Target, t.Way)),
                clean.GetValueOrDefault((t.Image.Model, t.Target, t.Way, t.Image.Pair)))),
        ];
    }
}

/// <summary>
/// What a verifier makes of the images that one attack made against another one. Confidence is in the right answer, as the study of 2019
/// measured a service: 0 where no face was found.
/// </summary>
public sealed record TransferSummary
{
    /// <summary>What was attacked.</summary>
    public required RunSetting Source { get; init; }

    /// <summary>family/attack.</summary>
    public required string Attack { get; init; }

    /// <summary>What the attacker wanted.</summary>
    public required AttackGoal Goal { get; init; }

    /// <summary>The verifier.</summary>
    public required TransferTarget Target { get; init; }

    /// <summary>Whether it is the attacked model itself.</summary>
    public bool IsItself => Target.Name == Source.Model && !Target.IsService;

    /// <summary>Pairs of the goal whose clean photographs the verifier judged, or found no face in.</summary>
    public required int Pairs { get; init; }

    /// <summary>Of these, the ones that it was wrong of before any attack.</summary>
    public required Rate CleanErrors { get; init; }

    /// <summary>Adversarial images that there are and that it judged, or found no face in.</summary>
    public required int Images { get; init; }

    /// <summary>Successes of the attack whose images were not kept or not judged yet.</summary>
    public required int Missing { get; init; }

    /// <summary>Of the images, those in which it found no face.</summary>
    public required int NoFace { get; init; }

    /// <summary>Images besides that it does not take.</summary>
    public required int Refused { get; init; }

    /// <summary>
    /// Images that fool it, of those whose source attack succeeded and of whose clean pair it was right. To find no face hides somebody,
    /// and lets nobody pass.
    /// </summary>
    public required Rate Success { get; init; }

    /// <summary>Mean confidence in the right answer over the clean pairs.</summary>
    public required Estimate? Clean { get; init; }

    /// <summary>The same over the adversarial images that exist.</summary>
    public required Estimate? Confidence { get; init; }

    /// <summary>By how much the confidence fell, image by image from its clean pair: a mean.</summary>
    public required Estimate? Drop { get; init; }

    /// <summary>Mean confidence over all pairs, one without an adversarial image counting with its clean confidence.</summary>
    public required Estimate? ConfidenceOfAll { get; init; }

    /// <summary>Mean L2 norm of the images' perturbations on the source's crops; null without any.</summary>
    public required double? MeanL2 { get; init; }

    /// <summary>One for each verifier, in their order, setting, attack and goal that it has judged anything of.</summary>
    internal static IReadOnlyList<TransferSummary> All(
        IRunResults results, IReadOnlyList<AttackSummary> attacks, IReadOnlyList<TransferLine> lines)
    {
        if (results.Targets.Count == 0) return [];
        var images = lines.ToLookup(l => (
            l.Row.Target, l.Row.Way, RunSetting.Of(l.Row.Image), $"{l.Row.Image.Family}/{l.Row.Image.Attack}", l.Row.Image.Goal));
        var clean = results.CleanTransfers.ToLookup(c => (c.Target, c.Way, c.Model));
        var wanted =
            from target in results.Targets
            from attack in attacks
            where attack.Setting.Knowledge != KnowledgeNames.Zero
            let same = attack.Goal == AttackGoal.Anonymize
            let pairs = clean[(target.Name, target.Way, attack.Setting.Model)].Where(c => c.SamePerson == same).ToList()
            where pairs.Count > 0
            select (target, attack, pairs);
        return [.. wanted.ToList().AsParallel().AsOrdered().Select(w => Of(
            w.target, w.attack, w.pairs, [.. images[(w.target.Name, w.target.Way, w.attack.Setting, w.attack.FullName, w.attack.Goal)]]))];
    }

    /// <param name="target">The verifier.</param>
    /// <param name="attack">The attack on the source.</param>
    /// <param name="clean">Every clean pair of the goal that the verifier was shown.</param>
    /// <param name="lines">The attack's images that it was shown.</param>
    private static TransferSummary Of(TransferTarget target, AttackSummary attack, List<CleanTransfer> clean, List<TransferLine> lines)
    {
        var same = attack.Goal == AttackGoal.Anonymize;
        var met = attack.Rows.Select(r => r.Pair).ToHashSet(StringComparer.Ordinal);
        List<CleanTransfer> judged = [.. clean.Where(c => c.Right is not null && met.Contains(c.Pair))];
        List<TransferLine> shown = [.. lines.Where(l => l.Row.Fooled is not null)];
        var counted = shown.Where(l => l.Counts).ToList();
        var after = shown.ToDictionary(l => l.Row.Image.Pair, l => l.Row.Judgement.RightConfidence(same)!.Value, StringComparer.Ordinal);
        // Where there is an image that nobody judged, nothing is known of the pair.
        var succeeded = attack.Rows.Where(r => r is { Success: true, AlreadyWrong: false }).Select(r => r.Pair)
            .ToHashSet(StringComparer.Ordinal);
        var known = judged.Where(c => after.ContainsKey(c.Pair) || !succeeded.Contains(c.Pair)).ToList();
        return new TransferSummary
        {
            Source = attack.Setting,
            Attack = attack.FullName,
            Goal = attack.Goal,
            Target = target,
            Pairs = judged.Count,
            CleanErrors = new Rate(judged.Count(c => c.Right == false), judged.Count),
            Images = shown.Count,
            Missing = succeeded.Count - lines.Count,
            NoFace = shown.Count(l => l.Row.Judgement.Outcome == TransferOutcome.NoFace),
            Refused = lines.Count - shown.Count,
            Success = new Rate(counted.Count(l => l.Row.Fooled == true), counted.Count),
            Clean = Mean(judged.Select(c => c.Judgement.RightConfidence(same)!.Value)),
            Confidence = Mean(after.Values),
            Drop = Mean(judged.Where(c => after.ContainsKey(c.Pair)).Select(c => c.Judgement.RightConfidence(same)!.Value - after[c.Pair])),
            ConfidenceOfAll = Mean(known.Select(
                c => after.TryGetValue(c.Pair, out var own) ? own : c.Judgement.RightConfidence(same)!.Value)),
            MeanL2 = shown.Count == 0 ? null : shown.Average(l => l.Row.Image.L2 ?? 0),
        };

        static Estimate? Mean(IEnumerable<double> values) => Bootstrap.MeanAndMedian(values)?.Mean;
    }
}
