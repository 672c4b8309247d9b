using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics.Defenses;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Statistics;

/// <summary>Why an evaluation of a defense is not to be trusted.</summary>
public enum TrustWarningKind
{
    /// <summary>No gradient comes through the defense, or the bare verifier has none.</summary>
    ZeroGradient,

    /// <summary>Two estimates of the gradient from different draws have little in common.</summary>
    NoisyGradient,

    /// <summary>The verifier does not move as the gradient promises.</summary>
    WrongGradient,

    /// <summary>The attack that knows the defense is weaker than the one that does not.</summary>
    PerfectWeakerThanZero,

    /// <summary>A random defense was attacked or judged with a single draw.</summary>
    OneSample,

    /// <summary>White-box attacks of unlimited norm did not fool the verifier with every pair.</summary>
    SuccessStopsGrowing,

    /// <summary>The norms were still falling when the attack ended.</summary>
    NotConverged,

    /// <summary>Nothing that uses gradients was tried against the defense.</summary>
    NoGradientAttack,

    /// <summary>Nobody who knows the defense attacked it.</summary>
    ZeroKnowledgeOnly,
}

/// <summary>A warning about what a run says of a verifier, bare or behind a defense.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Defense">Name of the defense; empty for the bare verifier that defenses are compared with.</param>
/// <param name="Goal">The goal that it concerns; null for both.</param>
/// <param name="Text">One sentence: where, what was seen, and what to do.</param>
public sealed record TrustWarning(TrustWarningKind Kind, string Model, string Defense, AttackGoal? Goal, string Text);

/// <summary>
/// Looks for signs that an attack failed and not the defense held, after AutoAttack's checks (Croce and Hein, ICML 2020) and the indicators
/// of attack failure of Pintor et al. (NeurIPS 2022).
/// </summary>
public static class TrustWarnings
{
    /// <summary>Share of the pairs without a gradient beyond which it is warned.</summary>
    public const double MostZeroGradients = 0.05;

    /// <summary>Median cosine of two estimates of the gradient below which it is warned.</summary>
    public const double LeastRepeatability = 0.5;

    /// <summary>Median agreement of the verifier with its gradient outside of which it is warned.</summary>
    public static readonly Interval Agreement = new(0.5, 1.5);

    /// <summary>
    /// How much smaller the median norm must be without knowledge than with it, as a fraction: less is the attacks' own tolerance.
    /// </summary>
    public const double NormTolerance = 0.02;

    /// <summary>Median late gain beyond which an attack has not converged.</summary>
    public const double MostLateGain = 0.05;

    /// <summary>Every warning of a run: those about bare verifiers first, then by model and defense in the run's order.</summary>
    internal static IReadOnlyList<TrustWarning> All(
        IRunResults results, IReadOnlyList<AttackSummary> bare, IReadOnlyList<DefenseMatrix> matrices) =>
    [
        .. from goal in bare.GroupBy(a => (a.Setting.Model, a.Goal))
           let attacks = goal.Where(a => a.WithoutGradient > 0).ToList()
           where attacks.Count > 0
           select WithoutGradient(goal.Key.Model, goal.Key.Goal, attacks),
        .. from matrix in matrices
           group matrix by (matrix.Model, matrix.Storage) into goals
           from defense in goals.SelectMany(m => m.Rows).Select(r => r.Defense).Distinct()
           let rows = goals.SelectMany(m => m.Rows.Where(r => r.Defense == defense).Select(r => (m.Goal, Row: r))).ToList()
           let fact = results.Defenses.FirstOrDefault(f => f.Model == goals.Key.Model && f.Defense == defense)
           let checks = results.GradientChecks.Where(c => c.Model == goals.Key.Model && c.Defense == defense).ToList()
           from warning in new Judge(goals.Key.Model, defense, fact, checks).Warnings(rows)
           select warning,
    ];

    private static TrustWarning WithoutGradient(string model, AttackGoal goal, List<AttackSummary> attacks)
    {
        var names = string.Join(", ", attacks.Select(a => a.FullName).Distinct());
        return new TrustWarning(TrustWarningKind.ZeroGradient, model, "", goal,
            $"{model}, no defense, {LedgerRows.Name(goal)}: attacks ended for want of a gradient on {attacks.Sum(a => a.WithoutGradient)} of "
            + $"{attacks.Sum(a => a.Attacked)} attempts ({names}): that they failed does not show that the model withstands; find out why no "
            + "gradient comes through it, and use attacks that need none.");
    }

    /// <summary>The warnings about one defense of one model.</summary>
    private sealed class Judge(string model, string defense, DefenseFact? fact, List<GradientCheck> checks)
    {
        private int ZeroChecks => checks.Count(c => !(c.Norm > 0));

        private bool TooManyAreZero => ZeroChecks > MostZeroGradients * checks.Count;

        public IEnumerable<TrustWarning> Warnings(IReadOnlyList<(AttackGoal Goal, DefenseRow Row)> rows)
        {
            if (defense.Length > 0)
            {
                foreach (var warning in OfKnowledge([.. rows.SelectMany(r => r.Row.Attacks)])) yield return warning;
                foreach (var warning in OfChecks()) yield return warning;
            }
            foreach (var (goal, row) in rows)
            {
                if (defense.Length > 0)
                {
                    foreach (var warning in OfGoal(goal, row)) yield return warning;
                }
                if (NotConverged(goal, row) is { } late) yield return late;
            }
        }

        private IEnumerable<TrustWarning> OfKnowledge(List<AttackSummary> attacks)
        {
            var perfect = attacks.Where(Knows).ToList();
            if (perfect.Count == 0)
            {
                yield return Warn(TrustWarningKind.ZeroKnowledgeOnly, null,
                    "only attackers who do not know it were tried, and a defense judged at zero knowledge only is not judged; "
                    + "attack it with perfect knowledge too");
            }
            else if (!perfect.Exists(IsWhiteBox))
            {
                yield return Warn(TrustWarningKind.NoGradientAttack, null,
                    $"only attacks without gradients were made through it ({Names(perfect)}); add one that uses them, such as a "
                    + "strong one");
            }
            if (fact is not { IsRandom: true }) yield break;
            if (fact.Samples < 2)
            {
                yield return Warn(TrustWarningKind.OneSample, null,
                    "it draws at random, and the attacker's gradient is of a single draw; average over several (EOT)");
            }
            else if (perfect.Exists(a => a.Rows.Any(r => RowKinds.Attacked(r) && r.Success && r.FooledShare is null)))
            {
                yield return Warn(TrustWarningKind.OneSample, null,
                    "it draws at random, and images were judged by a single draw; judge them by many fresh ones");
            }
        }

        private IEnumerable<TrustWarning> OfChecks()
        {
            if (checks.Count == 0) yield break;
            if (TooManyAreZero)
            {
                yield return Warn(TrustWarningKind.ZeroGradient, null,
                    $"no gradient comes through it on {ZeroChecks} of {checks.Count} clean probes; attack it with a straight-through gradient "
                    + "(BPDA) or with attacks that need none");
            }
            var told = checks.Where(c => c.Norm > 0).ToList();
            if (Median(told.Select(c => c.Repeatability)) is { } cosine && cosine < LeastRepeatability)
            {
                yield return Warn(TrustWarningKind.NoisyGradient, null,
                    FormattableString.Invariant($"two estimates of its gradient have a cosine of {cosine:0.00} only ")
                    + $"(median of {Probes(told)}); average over more draws (EOT)");
            }
            if (Median(told.Select(c => c.Agreement)) is { } agreement && (agreement < Agreement.Low || agreement > Agreement.High))
            {
                yield return Warn(TrustWarningKind.WrongGradient, null,
                    FormattableString.Invariant($"the margin falls {agreement:0.00} times as far as its gradient promises ")
                    + $"(median of {Probes(told)}), so that attacks are led astray; find a better gradient, or use attacks that need none");
            }
        }

        private IEnumerable<TrustWarning> OfGoal(AttackGoal goal, DefenseRow row)
        {
            var tried = row.Attacks.Where(a => Knows(a) && IsWhiteBox(a)).SelectMany(a => a.Rows).Where(RowKinds.Attacked).ToList();
            var zero = tried.Count(RowKinds.WithoutGradient);
            if (zero > MostZeroGradients * tried.Count && !TooManyAreZero)
            {
                yield return Warn(TrustWarningKind.ZeroGradient, goal,
                    $"attacks ended for want of a gradient on {zero} of {tried.Count} attempts; attack it with a straight-through gradient "
                    + "(BPDA) or with attacks that need none");
            }
            // Attackers who know a detector have to stay unseen; those who do not hide by being refused: no contest.
            var seen = goal == AttackGoal.Anonymize && row.Attacks.Any(a => a.Setting.Detector.Length > 0);
            if (!seen && Weaker(row) is { } weaker)
            {
                yield return Warn(TrustWarningKind.PerfectWeakerThanZero, goal,
                    $"{weaker}; the stronger of the two counts for each pair, and attacks through it must be made stronger");
            }
            if (Reached(row) is { } reached && reached.Success.Count < reached.Success.Of)
            {
                yield return Warn(TrustWarningKind.SuccessStopsGrowing, goal,
                    $"white-box attacks through it fooled {reached.Success.Count} of {reached.Success.Of} pairs though no norm limits "
                    + "them: the attacks failed, which is no success of the defense; use stronger attacks or a better gradient");
            }
        }

        /// <summary>What white-box attacks with perfect knowledge reach, together, of the pairs judged right before.</summary>
        private static PooledOutcome? Reached(DefenseRow row)
        {
            var attacks = row.Attacks.Where(a => Knows(a) && IsWhiteBox(a)).ToList();
            if (attacks.Count == 0) return null;
            var norms = PooledNorms.Of(attacks);
            var fooled = norms.Of(norms.Attacked).Count(double.IsFinite);
            return new PooledOutcome(new Rate(fooled, norms.Attacked.Count), null);
        }

        private static string? Weaker(DefenseRow row)
        {
            if (row is not { Zero: { } zero, Perfect: { } perfect } || row.BothLevels == 0) return null;
            if (zero.Success.Value > perfect.Success.Value)
            {
                return $"attackers who do not know it fooled {zero.Success.Count} of {zero.Success.Of} pairs, those who do "
                    + $"{perfect.Success.Count} of {perfect.Success.Of}";
            }
            if (zero.MedianL2 is not { } near || near.Value >= (1 - NormTolerance) * (perfect.MedianL2?.Value ?? double.PositiveInfinity))
                return null;
            var far = perfect.MedianL2 is { } median ? FormattableString.Invariant($"{median.Value:0.00}") : "more than any norm";
            return FormattableString.Invariant($"attackers who do not know it needed a median norm of {near.Value:0.00}, ")
                + $"those who do {far}";
        }

        private TrustWarning? NotConverged(AttackGoal goal, DefenseRow row)
        {
            var late = row.Attacks.Where(a => a.Setting.Knowledge != KnowledgeNames.Zero && Attack(a)?.Anytime == true)
                .Select(a => (a.FullName, Gain: Median(a.Rows.Where(RowKinds.Attacked).Select(r => r.LateGain).OfType<double>())))
                .Where(a => a.Gain > MostLateGain).ToList();
            if (late.Count == 0) return null;
            var gains = late.Select(a => FormattableString.Invariant($"{a.FullName} {100 * a.Gain:0} %"));
            return Warn(TrustWarningKind.NotConverged, goal,
                $"in the last quarter of the calls the norms still fell, in the median, by {string.Join(", ", gains)}; give the attacks "
                + "more steps");
        }

        private TrustWarning Warn(TrustWarningKind kind, AttackGoal? goal, string text) => new(kind, model, defense, goal,
            $"{model}, {(defense.Length > 0 ? defense : "no defense")}, "
            + $"{(goal is { } one ? LedgerRows.Name(one) : "both goals")}: {text}.");

        private static bool Knows(AttackSummary attack) => attack.Setting.Knowledge == KnowledgeNames.Perfect;

        private static bool IsWhiteBox(AttackSummary attack) => Attack(attack)?.Access == Access.WhiteBox;

        /// <summary>The attack itself; null where this version knows none of that name.</summary>
        private static Attack? Attack(AttackSummary attack) =>
            AttackRegistry.All.FirstOrDefault(a => a.FullName == attack.FullName)?.Attack;

        private static string Names(IEnumerable<AttackSummary> attacks) => string.Join(", ", attacks.Select(a => a.FullName).Distinct());

        private static string Probes(List<GradientCheck> checks) => $"{checks.Count} clean probe{(checks.Count == 1 ? "" : "s")}";

        private static double? Median(IEnumerable<double> values)
        {
            double[] sorted = [.. values.Where(double.IsFinite).Order()];
            return sorted.Length == 0 ? null : Bootstrap.Quantile(sorted, 0.5);
        }
    }
}
