using System.Globalization;
using Masquerade.Attacks;
using Masquerade.Datasets;
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
    // What a report shows of each attack and goal.
    private const int Examples = 3;

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
            throw new InputException($"{plan.Experiment.Pairs}: the pairs changed since the run began; start a new run with --out");
        if (!plan.Cells.SequenceEqual(ledger.Cells))
            throw new InputException("the models or attacks changed since the run began; start a new run with --out");
        CheckModels();
    }

    /// <summary>Does what is left to do.</summary>
    /// <param name="progress">Told after every evaluation.</param>
    /// <param name="cancellation">Stops at once; the chunk at work is done again on resume.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public void Run(Action<RunProgress>? progress = null, CancellationToken cancellation = default)
    {
        set_num_threads(_plan.Experiment.Threads);
        RunFacts.Record(_plan, _ledger);
        var finished = Enumerable.Range(0, _plan.Cells.Count).Select(_ledger.FinishedChunks).ToArray();
        var total = _plan.Cells.Sum(Work) * _plan.Pairs.Count;
        double done = 0;
        for (var c = 0; c < _plan.Cells.Count; c++) done += Work(_plan.Cells[c]) * finished[c].Sum(chunk => ChunkPairs(chunk).Count);

        foreach (var model in _plan.Models)
        {
            var cells = Enumerable.Range(0, _plan.Cells.Count).Where(c => _plan.Cells[c].Model == model.Name).ToList();
            for (var number = 0; number < _plan.Chunks; number++)
            {
                var open = cells.Where(c => !finished[c].Contains(number)).ToList();
                if (open.Count == 0) continue;
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                using var chunk = PairChunk.Load(ChunkPairs(number), model, _missing, _strict);
                foreach (var c in open)
                {
                    var cell = _plan.Cells[c];
                    var work = Work(cell) * chunk.All.Count;
                    double calls = 0;
                    var before = done;
                    Attack(model, c, number, chunk, cancellation, n =>
                    {
                        calls += n;
                        progress?.Invoke(new RunProgress(before + Math.Min(calls, work), total, $"{cell.Family}/{cell.Attack} ({cell.Storage})"));
                    });
                    done += work;
                }
            }
        }
        _ledger.SetFact("finished", DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        progress?.Invoke(new RunProgress(total, total, "done"));
    }

    /// <summary>Work that a pair costs in a cell, in forward passes, as forecast.</summary>
    internal static double Work(RunCell cell)
    {
        var attack = AttackRegistry.All.First(a => a.Family == cell.Family && a.Name == cell.Attack);
        return attack.TypicalForwards + GradientCost * attack.TypicalBackwards;
    }

    private void Attack(PlannedModel model, int cellNumber, int chunkNumber, PairChunk chunk, CancellationToken cancellation, Action<int> forwarded)
    {
        var cell = _plan.Cells[cellNumber];
        var attack = _plan.Attacks.First(a => a.Family == cell.Family && a.Name == cell.Attack).Attack;
        var judge = new ResultJudge(model, cell);
        var rows = new Dictionary<string, (AttackRow Row, float[]? Image)>(StringComparer.Ordinal);
        if (chunk.Usable.Count > 0)
        {
            using var scope = NewDisposeScope();
            var settings = new AttackSettings(
                _plan.Experiment.Seed, cell.Storage == StorageNames.EightBit ? StorageRule.EightBit : StorageRule.Float,
                _plan.Experiment.KeepImages == KeepImages.All);
            using var problem = new AttackProblem(
                model.Verifier, chunk.Probes!, chunk.References!, chunk.Goals, [.. chunk.Usable.Select(p => p.Id)], settings, forwarded, cancellation);
            var results = attack.Execute(problem);
            var judged = judge.Judge(chunk, results);
            for (var i = 0; i < judged.Count; i++) rows[judged[i].Pair] = (judged[i], results[i].Adversarial ?? results[i].Last);
        }
        var entries = new List<LedgerEntry>();
        var kept = Enum.GetValues<AttackGoal>().ToDictionary(
            g => g, g => _plan.Experiment.KeepImages == KeepImages.Examples ? _ledger.ImagesKept(cell, g) : 0);
        foreach (var pair in chunk.All)
        {
            if (!rows.TryGetValue(pair.Id, out var row))
            {
                entries.Add(new LedgerEntry(judge.Skip(pair, chunk.Skipped[pair.Id]), null));
                continue;
            }
            var keep = row.Image is not null && (_plan.Experiment.KeepImages != KeepImages.Examples || kept[row.Row.Goal]++ < Examples);
            entries.Add(new LedgerEntry(row.Row, keep ? ImageCodec.Encode(row.Image, chunk.Crop(pair.Id, PairSide.Probe)) : null));
        }
        _ledger.Commit(cellNumber, chunkNumber, entries, chunk.Crop);
    }

    private List<VerificationPair> ChunkPairs(int chunk) => [.. _plan.Pairs.Skip(chunk * _plan.Experiment.Batch).Take(_plan.Experiment.Batch)];

    private void CheckModels()
    {
        var facts = _ledger.Facts.ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal);
        foreach (var model in _plan.Models)
        {
            if (facts.TryGetValue(RunFacts.HashName(model), out var hash) && hash != RunFacts.Hash(model))
                throw new InputException($"{model.Model.Descriptor.File}: the network file changed since the run began; start a new run with --out");
        }
    }

    private static (string Id, string Probe, string Reference, bool SamePerson) Recorded(VerificationPair pair) =>
        (pair.Id, pair.Probe, pair.Reference, pair.SamePerson);
}
