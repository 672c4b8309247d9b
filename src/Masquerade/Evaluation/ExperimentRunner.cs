using Masquerade.Attacks;
using Masquerade.Datasets;
using Masquerade.Evaluation.Statistics;
using static TorchSharp.torch;

namespace Masquerade.Evaluation;

/// <summary>How far a run is.</summary>
/// <param name="Done">Work done, in model calls as forecast.</param>
/// <param name="Total">All of it.</param>
/// <param name="Doing">What is being done.</param>
public readonly record struct RunProgress(double Done, double Total, string Doing);

/// <summary>Does what an experiment says, chunk by chunk, into a ledger.</summary>
public sealed class ExperimentRunner
{
    // A gradient costs about as much as three forward passes.
    private const double GradientCost = 3;

    private readonly ExperimentPlan _plan;
    private readonly RunLedger _ledger;
    private readonly bool _strict;
    private readonly IReadOnlyDictionary<string, string> _missing;

    /// <param name="plan">What is to be done.</param>
    /// <param name="ledger">Where it is recorded; made for this plan or resumed.</param>
    /// <param name="strict">Whether a damaged photograph ends the run.</param>
    /// <exception cref="InputException">The ledger is of other pairs or cells: the inputs changed since the run began.</exception>
    public ExperimentRunner(ExperimentPlan plan, RunLedger ledger, bool strict = false)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(ledger);
        (_plan, _ledger, _strict) = (plan, ledger, strict);
        _missing = plan.Missing.ToDictionary(
            m => m.Pair.Id, m => $"missing photograph {string.Join(" and ", m.Names)}", StringComparer.Ordinal);
        if (!plan.Pairs.Select(Recorded).SequenceEqual(ledger.Pairs.Select(Recorded)))
        {
            throw new InputException(
                $"{plan.Experiment.Pairs}: the pairs changed since the run began; put the list back, or start a new run with --out");
        }
        if (!plan.Cells.SequenceEqual(ledger.Cells))
            throw new InputException("the models or attacks changed since the run began; start a new run with --out");
    }

    /// <summary>Does what is left to do.</summary>
    /// <param name="progress">Told after every evaluation.</param>
    /// <param name="cancellation">Stops at once; the chunk at work is done again on resume.</param>
    /// <exception cref="InputException">
    /// The networks, landmarks or photographs changed since the run began, a photograph is damaged and the run is strict, or the run folder
    /// cannot be written to.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public void Run(Action<RunProgress>? progress = null, CancellationToken cancellation = default)
    {
        set_num_threads(_plan.Experiment.Threads);
        var works = _plan.Cells.Select(Work).ToArray();
        var total = works.Sum() * _plan.Pairs.Count;
        var finished = Enumerable.Range(0, works.Length).Select(_ledger.FinishedChunks).ToArray();
        var done = works.Select((work, c) => work * finished[c].Sum(chunk => ChunkPairs(chunk).Count)).Sum();
        progress?.Invoke(new RunProgress(done, total, "checking what the run works on"));
        RunFacts.Begin(_plan, _ledger, cancellation);
        foreach (var model in _plan.Models)
        {
            var cells = Enumerable.Range(0, works.Length).Where(c => _plan.Cells[c].Model == model.Name).ToList();
            for (var number = 0; number < _plan.Chunks; number++)
            {
                var open = cells.Where(c => !finished[c].Contains(number)).ToList();
                if (open.Count == 0) continue;
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var chunk = PairChunk.Load(ChunkPairs(number), model, _missing, _strict);
                foreach (var c in open)
                {
                    var cell = _plan.Cells[c];
                    var on = _plan.Models.Count > 1 ? $" on {cell.Model}" : "";
                    var doing = $"{cell.Family}/{cell.Attack}{on} ({cell.Storage})";
                    var (before, work, calls) = (done, works[c] * chunk.All.Count, 0);
                    var entries = Attack(model, cell, chunk, cancellation, images =>
                    {
                        calls += images;
                        progress?.Invoke(new RunProgress(before + Math.Min(calls, work), total, doing));
                    });
                    _ledger.Commit(c, number, entries, chunk.Crop);
                    done += work;
                }
            }
        }
        RunFacts.End(_ledger);
        progress?.Invoke(new RunProgress(total, total, "done"));
    }

    /// <summary>Work that a pair costs in a cell, in forward passes, as forecast.</summary>
    private double Work(RunCell cell)
    {
        var attack = _plan.AttackOf(cell);
        return attack.TypicalForwards + GradientCost * attack.TypicalBackwards;
    }

    private List<LedgerEntry> Attack(
        PlannedModel model, RunCell cell, PairChunk chunk, CancellationToken cancellation, Action<int> forwarded)
    {
        var judge = new ResultJudge(model, cell);
        var rows = new Dictionary<string, (AttackRow Row, float[]? Image)>(StringComparer.Ordinal);
        if (chunk.Usable.Count > 0)
        {
            using var scope = NewDisposeScope();
            var settings = new AttackSettings(
                _plan.Experiment.Seed, cell.Storage == StorageNames.EightBit ? StorageRule.EightBit : StorageRule.Float,
                _plan.Experiment.KeepImages == KeepImages.All);
            using var problem = new AttackProblem(
                model.Verifier, chunk.Probes!, chunk.References!, chunk.Goals, [.. chunk.Usable.Select(p => p.Id)], settings, forwarded,
                cancellation);
            var results = _plan.AttackOf(cell).Attack.Execute(problem);
            foreach (var (row, result) in judge.Judge(chunk, results).Zip(results))
                rows[row.Pair] = (row, result.Adversarial ?? result.Last);
        }
        var examples = _plan.Experiment.KeepImages == KeepImages.Examples;
        var kept = Enum.GetValues<AttackGoal>().ToDictionary(goal => goal, goal => examples ? _ledger.ImagesKept(cell, goal) : 0);
        return [.. chunk.All.Select(pair =>
        {
            if (!rows.TryGetValue(pair.Id, out var found)) return new LedgerEntry(judge.Skip(pair, chunk.Skipped[pair.Id]), null);
            var keep = found.Image is not null && (!examples || kept[found.Row.Goal]++ < ExampleRows.Count);
            return new LedgerEntry(found.Row, keep ? ImageCodec.Encode(found.Image, chunk.Crop(pair.Id, PairSide.Probe)) : null);
        })];
    }

    private List<VerificationPair> ChunkPairs(int chunk) =>
        [.. _plan.Pairs.Skip(chunk * _plan.Experiment.Batch).Take(_plan.Experiment.Batch)];

    private static (string Id, string Probe, string Reference, bool SamePerson) Recorded(VerificationPair pair) =>
        (pair.Id, pair.Probe, pair.Reference, pair.SamePerson);
}
