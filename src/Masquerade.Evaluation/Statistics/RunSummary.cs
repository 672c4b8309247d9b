using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics.Comparisons;
using Masquerade.Evaluation.Statistics.Defenses;

namespace Masquerade.Evaluation.Statistics;

/// <summary>Two attacks of one setting and goal, compared on the same pairs.</summary>
/// <param name="First">One attack.</param>
/// <param name="Second">Another of the same setting and goal.</param>
/// <param name="Result">How they differ.</param>
public sealed record AttackComparison(AttackSummary First, AttackSummary Second, PairedComparison Result);

/// <summary>What a run means: the numbers that every table, figure and export shows.</summary>
public sealed record RunSummary
{
    private RunSummary() { }

    /// <summary>What was to be done.</summary>
    public required Experiment Experiment { get; init; }

    /// <summary>Facts about the run, in the order to print them.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Facts { get; init; }

    /// <summary>The run's rows, in its order.</summary>
    public required IReadOnlyList<AttackRow> Rows { get; init; }

    /// <summary>Rows of the finished run.</summary>
    public required int RowsPlanned { get; init; }

    /// <summary>Whether all of it is done.</summary>
    public bool Complete => Rows.Count >= RowsPlanned;

    /// <summary>Every setting, attack and goal of which there are rows, in the order of the rows, anonymization first.</summary>
    public required IReadOnlyList<AttackSummary> Attacks { get; init; }

    /// <summary>Every two attacks on a bare verifier of one setting and goal.</summary>
    public required IReadOnlyList<AttackComparison> Comparisons { get; init; }

    /// <summary>The models of the run, bare, on the same pairs; none where there is one model only.</summary>
    public required IReadOnlyList<ModelComparison> ModelComparisons { get; init; }

    /// <summary>The run beside the published results that its experiment names; none where it names none.</summary>
    public required IReadOnlyList<PublishedComparison> PublishedComparisons { get; init; }

    /// <summary>The run's defenses, in its order.</summary>
    public required IReadOnlyList<DefenseFact> Defenses { get; init; }

    /// <summary>Defenses against attacks: one matrix for a model, storage rule and goal; none where no defense was attacked.</summary>
    public required IReadOnlyList<DefenseMatrix> DefenseMatrices { get; init; }

    /// <summary>The defenses in the order of the worst case, one for each matrix.</summary>
    public required IReadOnlyList<DefenseRanking> DefenseRankings { get; init; }

    /// <summary>What detectors do, by themselves; none where there are none.</summary>
    public required IReadOnlyList<DetectionSummary> Detections { get; init; }

    /// <summary>What the defenses cost those whom nobody attacks.</summary>
    public required IReadOnlyList<CleanCost> CleanCosts { get; init; }

    /// <summary>Why what the run says of a verifier or of a defense may be wrong.</summary>
    public required IReadOnlyList<TrustWarning> TrustWarnings { get; init; }

    /// <summary>The images as other verifiers judge them, each beside its clean pair.</summary>
    public required IReadOnlyList<TransferLine> TransferLines { get; init; }

    /// <summary>What other verifiers make of the images: one summary for a verifier, setting, attack and goal.</summary>
    public required IReadOnlyList<TransferSummary> Transfers { get; init; }

    /// <summary>Whether anything is known of defenses.</summary>
    public bool HasDefenses => DefenseMatrices.Count > 0;

    /// <summary>Pairs that could not be read, each once, with the reason.</summary>
    public required IReadOnlyList<(string Pair, string Reason)> Skipped { get; init; }

    /// <summary>Summarises a run, finished or not.</summary>
    public static RunSummary Of(IRunResults results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var rows = results.Rows;
        // Grouping keeps the order of first appearance; a setting's rows need not stand together.
        List<List<AttackRow>> groups = [.. rows.GroupBy(RunSetting.Of)
            .SelectMany(setting => setting.GroupBy(r => (r.Family, r.Attack)))
            .SelectMany(attack => attack.GroupBy(r => r.Goal).OrderBy(g => g.Key)).Select(g => g.ToList())];
        var attacks = groups.AsParallel().AsOrdered().Select(AttackSummary.Of).ToList();
        var bare = attacks.Where(a => a.Setting.Defense.Length == 0).ToList();
        var lines = TransferLine.All(results);
        var matrices = DefenseMatrix.All(attacks, results.Defenses.Select(d => d.Defense));
        return new RunSummary
        {
            Experiment = results.Experiment,
            Facts = results.Facts,
            Rows = rows,
            RowsPlanned = results.RowsPlanned,
            Attacks = attacks,
            Comparisons = [.. Pairings(bare).AsParallel().AsOrdered()
                .Select(p => new AttackComparison(p.First, p.Second, PairedComparison.Of(p.First.Rows, p.Second.Rows)))],
            ModelComparisons = ModelComparison.All(bare),
            PublishedComparisons = PublishedComparison.All(results.Experiment, bare),
            Defenses = results.Defenses,
            DefenseMatrices = matrices,
            DefenseRankings = DefenseRanking.All(matrices),
            Detections = DetectionSummary.All(attacks, results.CleanScores),
            CleanCosts = CleanCost.All(
                results.CleanScores, results.Defenses, model => attacks.FirstOrDefault(a => a.Setting.Model == model)?.Setting.Threshold),
            TrustWarnings = Statistics.TrustWarnings.All(results, bare, matrices),
            TransferLines = lines,
            Transfers = TransferSummary.All(results, attacks, lines),
            Skipped = [.. rows.Where(RowKinds.Skipped).Select(r => (r.Pair, r.Reason)).Distinct()],
        };
    }

    /// <summary>The summaries of each setting without a defense, in order.</summary>
    internal IEnumerable<IGrouping<RunSetting, AttackSummary>> BareSettings =>
        Attacks.Where(a => a.Setting.Defense.Length == 0).GroupBy(a => a.Setting);

    private static IEnumerable<(AttackSummary First, AttackSummary Second)> Pairings(List<AttackSummary> attacks) =>
        from comparable in attacks.GroupBy(a => (a.Setting, a.Goal))
        let all = comparable.ToList()
        from i in Enumerable.Range(0, all.Count)
        from j in Enumerable.Range(i + 1, all.Count - i - 1)
        select (all[i], all[j]);
}
