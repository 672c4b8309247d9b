using Masquerade.Alignment;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics.Intervals;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Statistics.Defenses;

/// <summary>Accepted pairs at thresholds meant for a false accept rate.</summary>
/// <param name="Tar">Same-person pairs accepted: wanted.</param>
/// <param name="Far">Different-person pairs accepted: the false accept rate attained.</param>
public sealed record AcceptRates(Rate Tar, Rate Far);

/// <summary>What a defense costs those whom nobody attacks.</summary>
public sealed record CleanCost
{
    /// <summary>The false accept rate that true accept rates are told at.</summary>
    public const double TargetFar = 0.001;

    /// <summary>Folds of the recalibration, or fewer where there are fewer pairs of a kind.</summary>
    public const int MostFolds = 10;

    // A refused pair is accepted at no threshold.
    private const double FurthestDistance = 4;

    /// <summary>Different-person pairs below which <see cref="TargetFar"/> is less than one pair.</summary>
    public const int PairsForFar = 1000;

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the defense; empty for the bare verifier.</summary>
    public required string Defense { get; init; }

    /// <summary>Same-person pairs.</summary>
    public required int Same { get; init; }

    /// <summary>Different-person pairs.</summary>
    public required int Different { get; init; }

    /// <summary>Pairs whose probe is refused though nobody attacked it; they count as not accepted everywhere.</summary>
    public required Rate Refused { get; init; }

    /// <summary>Whether anything can be refused.</summary>
    public required bool Detects { get; init; }

    /// <summary>Right decisions at the model's threshold as it was.</summary>
    public required Rate Accuracy { get; init; }

    /// <summary>
    /// Right decisions with the threshold that is most accurate, behind the defense, on the other folds; null where there are not two pairs
    /// of each kind.
    /// </summary>
    public required Rate? RecalibratedAccuracy { get; init; }

    /// <summary>
    /// Accept rates at the threshold that holds the bare verifier to <see cref="TargetFar"/> on these pairs; null without pairs of a kind.
    /// </summary>
    public required AcceptRates? AsItWas { get; init; }

    /// <summary>Accept rates at the threshold that holds it to that, behind the defense, on the other folds; null likewise.</summary>
    public required AcceptRates? Recalibrated { get; init; }

    /// <summary>Time of purification an image; null for the bare verifier.</summary>
    public required double? SecondsPerImage { get; init; }

    /// <summary>That time as a share of the recogniser's forward; null for the bare verifier.</summary>
    public required double? ShareOfForward { get; init; }

    /// <summary>Whether there are different-person pairs enough for <see cref="TargetFar"/> to mean something.</summary>
    public bool EnoughForFar => Different >= PairsForFar;

    /// <summary>One for each model and defense of which clean pairs were scored, the bare verifier first.</summary>
    /// <param name="scores">Distances of clean pairs, in the order of the pair list.</param>
    /// <param name="facts">The run's defenses.</param>
    /// <param name="threshold">A model's threshold; null where it is not known, and then nothing is said of the model.</param>
    internal static IReadOnlyList<CleanCost> All(
        IReadOnlyList<CleanScore> scores, IReadOnlyList<DefenseFact> facts, Func<string, double?> threshold)
    {
        List<string> order = ["", .. facts.Select(f => f.Defense)];
        var models =
            from score in scores
            group score by score.Model into model
            let known = threshold(model.Key)
            where known is not null
            let bare = Scored(model.Where(s => s.Defense.Length == 0))
            from defense in model.GroupBy(s => s.Defense).OrderBy(d => (uint)order.IndexOf(d.Key))
            let fact = facts.FirstOrDefault(f => f.Model == model.Key && f.Defense == defense.Key)
            select (Model: model.Key, Defense: defense.Key, Scores: defense.ToList(), Bare: bare, Threshold: known.Value, Fact: fact);
        return
        [
            .. models.ToList().AsParallel().AsOrdered()
                .Select(m => Of(m.Model, m.Defense, Scored(m.Scores), m.Bare, m.Threshold, m.Fact) with
                {
                    Refused = new Rate(m.Scores.Count(s => s.Refused), m.Scores.Count),
                    Detects = m.Scores.Exists(s => s.Score is not null),
                }),
        ];
    }

    private static CleanCost Of(
        string model, string defense, List<ScoredPair> scored, List<ScoredPair> bare, double threshold, DefenseFact? fact)
    {
        var classifier = new PairClassifier(threshold);
        var same = scored.Count(s => s.Pair.SamePerson);
        var cost = new CleanCost
        {
            Model = model,
            Defense = defense,
            Refused = new Rate(0, scored.Count),
            Detects = false,
            Same = same,
            Different = scored.Count - same,
            Accuracy = new Rate(scored.Count(s => !classifier.IsWrong(s.Distance, s.Pair.SamePerson)), scored.Count),
            RecalibratedAccuracy = null,
            AsItWas = null,
            Recalibrated = null,
            SecondsPerImage = fact?.SecondsPerImage,
            ShareOfForward = fact is { SecondsPerForward: > 0 } ? fact.SecondsPerImage / fact.SecondsPerForward : null,
        };
        if (cost.Same > 0 && cost.Different > 0 && bare.Exists(s => !s.Pair.SamePerson))
        {
            var held = ThresholdCalibration.AtFar(bare, TargetFar).Threshold;
            cost = cost with { AsItWas = Accepted(scored, _ => held) };
        }
        if (Folds(scored) < 2) return cost;
        var list = new PairList(model, PairListFormat.Csv, [.. scored.Select(s => s.Pair)], Folds(scored));
        var folds = LfwProtocol.Evaluate(list, scored, [TargetFar]);
        return cost with
        {
            RecalibratedAccuracy = new Rate(
                scored.Count(s => new DecisionRule(folds.Folds[s.Pair.Fold].Threshold).IsSame(s.Distance) == s.Pair.SamePerson), scored.Count),
            Recalibrated = Accepted(scored, s => folds.TarAtFar[0].Thresholds[s.Pair.Fold]),
        };
    }

    private static AcceptRates Accepted(List<ScoredPair> scored, Func<ScoredPair, double> threshold)
    {
        return new AcceptRates(Of(same: true), Of(same: false));

        Rate Of(bool same)
        {
            var kind = scored.Where(s => s.Pair.SamePerson == same).ToList();
            return new Rate(kind.Count(s => new DecisionRule(threshold(s)).IsSame(s.Distance)), kind.Count);
        }
    }

    private static int Folds(IReadOnlyCollection<ScoredPair> scored)
    {
        var same = scored.Count(s => s.Pair.SamePerson);
        return Math.Min(MostFolds, Math.Min(same, scored.Count - same));
    }

    /// <summary>
    /// Scores with folds: of each kind equally many to a fold, neighbours in the list together, as they may show one person.
    /// </summary>
    private static List<ScoredPair> Scored(IEnumerable<CleanScore> scores)
    {
        var kinds = scores.GroupBy(s => s.SamePerson).Select(k => k.ToList()).ToList();
        var folds = kinds.Count < 2 ? 1 : Math.Min(MostFolds, kinds.Min(k => k.Count));
        return
        [
            .. kinds.SelectMany(kind => kind.Select((s, i) => new ScoredPair(
                new VerificationPair(s.Pair, s.Pair, s.Pair, s.SamePerson, i * folds / kind.Count), s.Refused ? FurthestDistance : s.Distance))),
        ];
    }
}
