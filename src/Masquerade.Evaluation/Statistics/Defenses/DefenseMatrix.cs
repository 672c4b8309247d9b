using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Statistics.Defenses;

/// <summary>What attacks at both levels of knowledge did to a verifier behind one defense, or bare.</summary>
public sealed record DefenseRow
{
    private DefenseRow(PooledNorms norms) => Norms = norms;

    /// <summary>Name of the defense; empty for the bare verifier.</summary>
    public required string Defense { get; init; }

    /// <summary>Each attack at each level of knowledge, in the order of the run.</summary>
    public required IReadOnlyList<AttackSummary> Attacks { get; init; }

    /// <summary>The best of the attacks made without knowing the defense, pair by pair; null where there are none.</summary>
    public required PooledOutcome? Zero { get; init; }

    /// <summary>The best of the attacks made through the defense, pair by pair; null where there are none.</summary>
    public required PooledOutcome? Perfect { get; init; }

    /// <summary>
    /// The worst case: the best of all attacks at both levels, pair by pair. A pair that was wrong before the attack counts as fooled with
    /// norm 0.
    /// </summary>
    public required PooledOutcome Worst { get; init; }

    /// <summary>The same without the pairs that were wrong before the attack.</summary>
    public required PooledOutcome WorstExcludingAlreadyWrong { get; init; }

    /// <summary>Pairs that took a smaller norm without knowledge than with it: there the attack that knows more is the weaker.</summary>
    public required int ZeroStronger { get; init; }

    /// <summary>Pairs that attacks at both levels met.</summary>
    public required int BothLevels { get; init; }

    /// <summary>
    /// The worst case's median norm over the bare verifier's, resampled pair by pair, of the pairs that both judged right before the
    /// attack; null where one of the medians is infinite, and for the bare verifier.
    /// </summary>
    public required Estimate? Ratio { get; init; }

    /// <summary>Pairs that the ratio is of.</summary>
    public required int RatioPairs { get; init; }

    /// <summary>The worst case of each pair.</summary>
    internal PooledNorms Norms { get; }

    /// <summary>An attack at a level of knowledge; at any level, what was done to the bare verifier. Null where it was not made.</summary>
    /// <param name="attack">family/attack.</param>
    /// <param name="knowledge">A level of <see cref="KnowledgeNames"/>.</param>
    public AttackSummary? At(string attack, string knowledge) =>
        Attacks.FirstOrDefault(a => a.FullName == attack && (Defense.Length == 0 || a.Setting.Knowledge == knowledge));

    internal static DefenseRow Of(string defense, IReadOnlyList<AttackSummary> attacks, PooledNorms? bare)
    {
        var zero = Level(KnowledgeNames.Zero);
        var perfect = Level(KnowledgeNames.Perfect);
        var norms = PooledNorms.Of(attacks);
        string[] compared = [.. norms.Attacked.Where(p => bare is not null && bare.Has(p) && !bare.WasWrong(p))];
        string[] both = [.. zero?.Pairs.Where(p => perfect?.Has(p) == true) ?? []];
        var worst = PooledOutcome.Of(norms.Of(norms.Pairs));
        return new DefenseRow(norms)
        {
            Defense = defense,
            Attacks = attacks,
            Zero = zero is null ? null : PooledOutcome.Of(zero.Of(zero.Pairs)),
            Perfect = perfect is null ? null : PooledOutcome.Of(perfect.Of(perfect.Pairs)),
            Worst = worst,
            WorstExcludingAlreadyWrong =
                norms.Attacked.Count == norms.Pairs.Count ? worst : PooledOutcome.Of(norms.Of(norms.Attacked)),
            ZeroStronger = both.Count(p => zero![p] < perfect![p]),
            BothLevels = both.Length,
            Ratio = compared.Length == 0 ? null : Bootstrap.PairedMedians([bare!.Of(compared), norms.Of(compared)])?[1].Ratio,
            RatioPairs = compared.Length,
        };

        PooledNorms? Level(string knowledge)
        {
            var level = attacks.Where(a => a.Setting.Knowledge == knowledge).ToList();
            return level.Count == 0 ? null : PooledNorms.Of(level);
        }
    }
}

/// <summary>Every defense of one model against every attack with one goal, under one storage rule.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Threshold">Its threshold on the squared distance, which a defense does not change.</param>
/// <param name="Storage">The rule an adversarial image is judged under.</param>
/// <param name="Goal">What the attacker wanted.</param>
/// <param name="Attacks">family/attack of every attack, in the order of the run.</param>
/// <param name="Knowledge">The levels of knowledge that there are, zero first.</param>
/// <param name="Rows">The bare verifier first, where it was attacked, then the defenses in the order of the run.</param>
public sealed record DefenseMatrix(
    string Model, double Threshold, string Storage, AttackGoal Goal, IReadOnlyList<string> Attacks, IReadOnlyList<string> Knowledge,
    IReadOnlyList<DefenseRow> Rows)
{
    /// <summary>The bare verifier; null where it was not attacked.</summary>
    public DefenseRow? Bare => Rows.FirstOrDefault(r => r.Defense.Length == 0);

    /// <summary>The defenses.</summary>
    public IEnumerable<DefenseRow> Defended => Rows.Where(r => r.Defense.Length > 0);

    /// <summary>Every matrix of a run: by model, storage rule, then goal; none where no defense was attacked.</summary>
    /// <param name="attacks">The run's summaries.</param>
    /// <param name="order">The run's defenses in its order; others follow.</param>
    internal static IReadOnlyList<DefenseMatrix> All(IReadOnlyList<AttackSummary> attacks, IEnumerable<string> order)
    {
        List<string> known = ["", .. order.Concat(attacks.Select(a => a.Setting.Defense)).Where(d => d.Length > 0).Distinct()];
        var wanted =
            from a in attacks
            group a by (a.Setting.Model, a.Setting.Threshold, a.Setting.Storage) into setting
            where setting.Any(a => a.Setting.Defense.Length > 0)
            from goal in setting.GroupBy(a => a.Goal).OrderBy(g => g.Key)
            select (setting.Key, Goal: goal.Key, Attacks: goal.ToList());
        return [.. wanted.ToList().Select(m => Of(m.Key.Model, m.Key.Threshold, m.Key.Storage, m.Goal, m.Attacks, known))];
    }

    private static DefenseMatrix Of(
        string model, double threshold, string storage, AttackGoal goal, List<AttackSummary> attacks, List<string> order)
    {
        var bareAttacks = attacks.Where(a => a.Setting.Defense.Length == 0).ToList();
        var bare = bareAttacks.Count == 0 ? null : PooledNorms.Of(bareAttacks);
        var levels = attacks.Select(a => a.Setting.Knowledge).ToHashSet(StringComparer.Ordinal);
        return new DefenseMatrix(
            model, threshold, storage, goal,
            [.. attacks.Select(a => a.FullName).Distinct()],
            [.. new[] { KnowledgeNames.Zero, KnowledgeNames.Perfect }.Where(levels.Contains)],
            [
                .. attacks.GroupBy(a => a.Setting.Defense).OrderBy(g => order.IndexOf(g.Key)).ToList().AsParallel().AsOrdered()
                    .Select(g => DefenseRow.Of(g.Key, [.. g], g.Key.Length == 0 ? null : bare)),
            ]);
    }
}
