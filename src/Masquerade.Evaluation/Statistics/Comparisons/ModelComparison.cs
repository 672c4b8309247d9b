using Masquerade.Attacks;
using Masquerade.Evaluation.Statistics.Intervals;

namespace Masquerade.Evaluation.Statistics.Comparisons;

/// <summary>What it took to fool one of several models.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Fooled">How many of the pairs were fooled.</param>
/// <param name="MedianL2">
/// Median L2 norm over all the pairs, one that withstood counting as infinitely far; null where fewer than half were fooled. An end of its
/// interval may be infinite.
/// </param>
/// <param name="Ratio">That median over the first model's, resampled pair by pair; null where one of the two is, and for the first.</param>
/// <param name="WithoutGradient">
/// Of these pairs, those that an attack gave up on for want of a gradient. Where there are some, neither the median nor a ratio that is made
/// of it may be taken for the model's robustness.
/// </param>
public sealed record ModelStrength(string Model, Rate Fooled, Estimate? MedianL2, Estimate? Ratio, int WithoutGradient);

/// <summary>Models compared on the same pairs under the same attack: those that every one of them judged right before it.</summary>
/// <param name="Storage">The rule an adversarial image is judged under.</param>
/// <param name="Goal">What the attacker wanted.</param>
/// <param name="Attack">family/attack; null for the smallest norm that any attack made on all of the models found for a pair.</param>
/// <param name="Pairs">How many pairs they are compared on.</param>
/// <param name="Models">At least two, in the order of the run.</param>
public sealed record ModelComparison(string Storage, AttackGoal Goal, string? Attack, int Pairs, IReadOnlyList<ModelStrength> Models)
{
    /// <summary>Every comparison that a run's rows allow: by storage rule, then attack, all of them together last, then goal.</summary>
    internal static IReadOnlyList<ModelComparison> All(IReadOnlyList<AttackSummary> attacks)
    {
        var comparable =
            from rule in attacks.GroupBy(a => a.Setting with { Model = "", Threshold = 0 })
            let models = rule.Select(a => a.Setting.Model).Distinct().ToList()
            where models.Count > 1
            let shared = rule.GroupBy(a => a.FullName)
                .Where(a => a.Select(s => s.Setting.Model).Distinct().Count() == models.Count).ToList()
            from attack in shared.Select(a => (Name: (string?)a.Key, Attacks: a.ToList()))
                .Concat(shared.Count > 1 ? [(null, shared.SelectMany(a => a).ToList())] : [])
            from goal in attack.Attacks.GroupBy(a => a.Goal).OrderBy(g => g.Key)
            select (rule.Key.Storage, goal.Key, attack.Name, Models: models, Attacks: goal.ToList());
        return [.. comparable.ToList().AsParallel().AsOrdered().Select(c => Of(c.Storage, c.Key, c.Name, c.Models, c.Attacks))];
    }

    private static ModelComparison Of(
        string storage, AttackGoal goal, string? attack, List<string> models, IReadOnlyList<AttackSummary> attacks)
    {
        var norms = models.Select(m => Smallest(attacks.Where(a => a.Setting.Model == m))).ToList();
        string[] pairs = [.. norms[0].Keys.Where(pair => norms.All(n => n.ContainsKey(pair)))];
        double[][] columns = [.. norms.Select(n => pairs.Select(p => n[p]).ToArray())];
        var medians = Bootstrap.PairedMedians(columns);
        return new ModelComparison(storage, goal, attack, pairs.Length,
        [
            .. models.Select((model, i) => new ModelStrength(
                model, new Rate(columns[i].Count(double.IsFinite), pairs.Length), medians?[i].Median, medians?[i].Ratio,
                WithoutGradient(attacks.Where(a => a.Setting.Model == model), pairs))),
        ]);
    }

    private static int WithoutGradient(IEnumerable<AttackSummary> attacks, IEnumerable<string> pairs) => attacks.SelectMany(a => a.Rows)
        .Where(RowKinds.WithoutGradient).Select(r => r.Pair).ToHashSet(StringComparer.Ordinal) is var missing ? pairs.Count(missing.Contains) : 0;

    /// <summary>The smallest norm that fooled each pair, infinite where none did; pairs that an attack has not met are left out.</summary>
    private static Dictionary<string, double> Smallest(IEnumerable<AttackSummary> attacks)
    {
        var all = attacks.Select(a => a.Rows.Where(RowKinds.Attacked).ToDictionary(r => r.Pair, StringComparer.Ordinal)).ToList();
        if (all.Count == 0) return [];
        return all[0].Keys.Where(pair => all.All(rows => rows.ContainsKey(pair))).ToDictionary(
            pair => pair, pair => all.Min(rows => rows[pair].Success ? rows[pair].Norm() : double.PositiveInfinity),
            StringComparer.Ordinal);
    }
}
