using Masquerade.Attacks;
using Masquerade.Detection;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Statistics.Defenses;

/// <summary>What a detector does against one attack, and the attack against it: the part by itself, not what becomes of the verification.</summary>
public sealed record DetectionSummary
{
    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the defense that the detector is of.</summary>
    public required string Defense { get; init; }

    /// <summary>The attack, as family/attack.</summary>
    public required string Attack { get; init; }

    /// <summary>What the attacker wanted.</summary>
    public required AttackGoal Goal { get; init; }

    /// <summary>Images of attackers with zero knowledge, which fool the bare verifier, that are refused; null where none were shown.</summary>
    public required Rate? Refused { get; init; }

    /// <summary>The same of those with a norm up to their median.</summary>
    public required Rate? RefusedSmaller { get; init; }

    /// <summary>The same of those with a larger norm.</summary>
    public required Rate? RefusedLarger { get; init; }

    /// <summary>How well scores tell those images from clean probes; null without either.</summary>
    public required DetectionRates? Rates { get; init; }

    /// <summary>The scores as a curve, from which what is refused at any share of false alarms is read; null without either.</summary>
    public required RocCurve? Roc { get; init; }

    /// <summary>
    /// Pairs that an attacker with perfect knowledge fooled the verifier with by an image that is not refused, of all that were right and
    /// not refused before; null where none were tried.
    /// </summary>
    public required Rate? Evaded { get; init; }

    /// <summary>Median L2 norm of those images; null without any.</summary>
    public required Estimate? MedianL2Evading { get; init; }

    /// <summary>Median L2 norm on the bare verifier; null without any.</summary>
    public required Estimate? MedianL2Bare { get; init; }

    /// <summary>One for each model, defense with a detector, attack and goal.</summary>
    /// <param name="attacks">The run's attacks.</param>
    /// <param name="clean">Scores of clean pairs.</param>
    internal static IReadOnlyList<DetectionSummary> All(IReadOnlyList<AttackSummary> attacks, IReadOnlyList<CleanScore> clean)
    {
        var innocent = clean.Where(s => s.Score is not null)
            .ToLookup(s => (s.Model, s.Defense), s => (float)s.Score!.Value);
        return
        [
            .. from attack in attacks
               where attack.Setting.Detector.Length > 0
               group attack by (attack.Setting.Model, attack.Setting.Defense, attack.FullName, attack.Goal) into same
               let bare = attacks.FirstOrDefault(a => a.Setting is { Defense.Length: 0, Storage: StorageNames.EightBit }
                   && a.Setting.Model == same.Key.Model && a.FullName == same.Key.FullName && a.Goal == same.Key.Goal)
               select Of(same.Key.Model, same.Key.Defense, same.Key.FullName, same.Key.Goal, [.. same], bare, [.. innocent[(same.Key.Model, same.Key.Defense)]]),
        ];
    }

    private static DetectionSummary Of(
        string model, string defense, string name, AttackGoal goal, List<AttackSummary> levels, AttackSummary? bare, float[] clean)
    {
        // Images made against the bare verifier have its norms, whatever became of them here.
        var norms = bare?.Rows.Where(r => r.L2 is not null).ToDictionary(r => r.Pair, r => r.L2!.Value, StringComparer.Ordinal) ?? [];
        var shown = Rows(KnowledgeNames.Zero)?.Where(r => r.Score is not null).ToList();
        var known = shown?.Where(r => norms.ContainsKey(r.Pair)).OrderBy(r => norms[r.Pair]).ToList();
        var half = (known?.Count ?? 0) - (known?.Count ?? 0) / 2;
        float[] scores = [.. shown?.Select(r => (float)r.Score!.Value) ?? []];
        var judged = scores.Length > 0 && clean.Length > 0;
        var tried = Rows(KnowledgeNames.Perfect)?.Where(RowKinds.Attacked).ToList();
        var evading = tried?.Where(r => r.Success).ToList();
        return new DetectionSummary
        {
            Model = model,
            Defense = defense,
            Attack = name,
            Goal = goal,
            Refused = RefusedOf(shown),
            RefusedSmaller = RefusedOf(known?[..half]),
            RefusedLarger = RefusedOf(known?[half..]),
            Rates = judged ? DetectionRates.Of(clean, scores) : null,
            Roc = judged ? RocCurve.Of(clean, scores) : null,
            Evaded = tried is null ? null : new Rate(evading!.Count, tried.Count),
            MedianL2Evading = evading is null ? null : Bootstrap.MeanAndMedian(evading.Select(r => r.Norm()))?.Median,
            MedianL2Bare = bare?.OutcomeExcludingAlreadyWrong.MedianL2,
        };

        IReadOnlyList<AttackRow>? Rows(string knowledge) => levels.Find(a => a.Setting.Knowledge == knowledge)?.Rows;

        static Rate? RefusedOf(List<AttackRow>? rows) => rows is null ? null : new Rate(rows.Count(r => r.Refused == true), rows.Count);
    }
}
