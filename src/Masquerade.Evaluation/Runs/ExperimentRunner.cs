using Masquerade.Alignment;
using Masquerade.Attacks;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Statistics;
using Masquerade.Verification;
using static TorchSharp.torch;

namespace Masquerade.Evaluation.Runs;

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
        var measurements = new DefenseMeasurements(_plan, _ledger, _missing);
        var (tasks, finished, done, total) = Forecast(measurements);
        progress?.Invoke(new RunProgress(done, total, "checking what the run works on"));
        RunFacts.Begin(_plan, _ledger, cancellation);
        if (_plan.Defenses.Count > 0)
        {
            // What a defense costs is known only now.
            measurements.Measure(cancellation);
            (tasks, finished, done, total) = Forecast(measurements);
        }
        foreach (var model in _plan.Models)
        {
            for (var number = 0; number < _plan.Chunks; number++)
            {
                var open = tasks.Index().Where(t => _plan.Cells[t.Item.Cell].Model == model.Name && !finished[t.Index].Contains(number)).ToList();
                if (open.Count == 0) continue;
                cancellation.ThrowIfCancellationRequested();
                using var chunk = PairChunk.Load(ChunkPairs(number), model, _missing, _strict);
                var clean = new Dictionary<string, ResultJudge.Judgement[]>(StringComparer.Ordinal);
                foreach (var (_, task) in open)
                {
                    var doing = Doing(_plan.Cells[task.Cell]);
                    var (before, work, calls) = (done, task.Work * chunk.All.Count, 0);
                    var filled = Attack(model, task, chunk, clean, cancellation, images =>
                    {
                        calls += images;
                        progress?.Invoke(new RunProgress(before + Math.Min(calls * task.Look, work), total, doing));
                    });
                    _ledger.Commit(number, filled, chunk.Crop);
                    done += work;
                }
            }
            var at = done;
            measurements.ScoreClean(model, _strict, part => progress?.Invoke(new RunProgress(at + part, total, "scoring clean pairs")), cancellation);
            done += measurements.WorkOf(model);
        }
        RunFacts.End(_ledger);
        progress?.Invoke(new RunProgress(total, total, "done"));
    }

    private (List<AttackTask> Tasks, List<IReadOnlySet<int>> Finished, double Done, double Total) Forecast(DefenseMeasurements measurements)
    {
        var tasks = Tasks();
        var finished = tasks.ConvertAll(t => _ledger.FinishedChunks(t.Cell));
        return (
            tasks, finished, tasks.Index().Sum(t => t.Item.Work * finished[t.Index].Sum(chunk => ChunkPairs(chunk).Count)),
            tasks.Sum(t => t.Work) * _plan.Pairs.Count + measurements.Work);
    }

    private string Doing(RunCell cell)
    {
        var on = _plan.Models.Count > 1 ? $" on {cell.Model}" : "";
        var through = cell.Defense.Length > 0 ? $" through {cell.Defense}" : "";
        return $"{cell.Family}/{cell.Attack}{on}{through} ({cell.Storage})";
    }

    /// <summary>
    /// An attack to be made, and the cells that its results fill: its own, and those of attackers with zero knowledge, who show the same
    /// images to defended verifiers. They are committed together, so that no image has to be kept for later.
    /// </summary>
    /// <param name="Cell">Its own cell.</param>
    /// <param name="Carried">The cells of zero knowledge.</param>
    /// <param name="Work">What a pair costs, in forward passes of the bare model, as forecast.</param>
    /// <param name="Look">What one pass costs in the same.</param>
    private sealed record AttackTask(int Cell, IReadOnlyList<int> Carried, double Work, double Look);

    private List<AttackTask> Tasks()
    {
        // A purifier takes time as well: as many forward passes as were measured.
        var costs = _ledger.Defenses.ToDictionary(d => (d.Model, d.Defense), d => 1 + d.SecondsPerImage / Math.Max(1e-9, d.SecondsPerForward));
        var tasks = new List<AttackTask>();
        foreach (var (i, cell) in _plan.Cells.Index())
        {
            if (cell.Knowledge == KnowledgeNames.Zero) continue;
            int[] carried = cell.Defense.Length > 0 ? [] :
                [.. _plan.Cells.Index().Where(c => c.Item.Knowledge == KnowledgeNames.Zero && Carries(cell, c.Item)).Select(c => c.Index)];
            var attack = _plan.AttackOf(cell);
            var look = Cost(cell);
            var samples = cell.Defense.Length > 0 ? _plan.Verifier(_plan.Models.First(m => m.Name == cell.Model), cell.Defense).Samples : 1;
            var work = look * samples * (attack.TypicalForwards + GradientCost * attack.TypicalBackwards)
                + carried.Sum(c => Cost(_plan.Cells[c]));
            tasks.Add(new AttackTask(i, carried, work, look));
        }
        return tasks;

        double Cost(RunCell cell) => costs.GetValueOrDefault((cell.Model, cell.Defense), 1);
    }

    private static bool Carries(RunCell bare, RunCell zero) => (bare.Model, bare.Storage, bare.Family, bare.Attack)
        == (zero.Model, zero.Storage, zero.Family, zero.Attack);

    /// <summary>Makes an attack on a chunk and fills its cells.</summary>
    private List<(int Cell, IReadOnlyList<LedgerEntry> Entries)> Attack(
        PlannedModel model, AttackTask task, PairChunk chunk, Dictionary<string, ResultJudge.Judgement[]> clean,
        CancellationToken cancellation, Action<int> forwarded)
    {
        var cell = _plan.Cells[task.Cell];
        var verifier = _plan.Verifier(model, cell.Defense);
        var judge = new ResultJudge(model, verifier, cell, _plan.Experiment.Seed);
        if (chunk.Usable.Count == 0)
            return [(task.Cell, Entries(judge, chunk, cell, [], [])), .. task.Carried.Select(c => (c, Entries(Judge(c), chunk, _plan.Cells[c], [], [])))];
        using var scope = NewDisposeScope();
        var settings = new AttackSettings(
            _plan.Experiment.Seed, cell.Storage == StorageNames.EightBit ? StorageRule.EightBit : StorageRule.Float,
            _plan.Experiment.KeepImages == KeepImages.All);
        using var problem = new AttackProblem(
            verifier, chunk.Probes!, chunk.References(verifier, _plan.Experiment.Seed), chunk.Goals, [.. chunk.Usable.Select(p => p.Id)],
            settings, forwarded, cancellation);
        var results = _plan.AttackOf(cell).Attack.Execute(problem);
        var rows = judge.Judge(chunk, results);
        var filled = new List<(int, IReadOnlyList<LedgerEntry>)> { (task.Cell, Entries(judge, chunk, cell, rows, results)) };
        foreach (var carried in task.Carried)
        {
            cancellation.ThrowIfCancellationRequested();
            var (other, zero) = (Judge(carried), _plan.Cells[carried]);
            if (!clean.TryGetValue(zero.Defense, out var judged)) clean[zero.Defense] = judged = other.JudgeClean(chunk);
            // Their images are the bare verifier's: kept once.
            filled.Add((carried, Entries(other, chunk, zero, other.Carry(chunk, rows, results, judged), [])));
        }
        return filled;

        ResultJudge Judge(int c) => new(model, _plan.Verifier(model, _plan.Cells[c].Defense), _plan.Cells[c], _plan.Experiment.Seed);
    }

    /// <summary>What the ledger is told of a cell: a row for each pair of the chunk, with the images that are kept.</summary>
    private List<LedgerEntry> Entries(
        ResultJudge judge, PairChunk chunk, RunCell cell, IReadOnlyList<AttackRow> rows, IReadOnlyList<AttackResult> results)
    {
        var found = rows.Index().ToDictionary(r => r.Item.Pair, r => (Row: r.Item, Image: results.Count > 0 ? Image(r.Item, results[r.Index]) : null), StringComparer.Ordinal);
        var examples = _plan.Experiment.KeepImages == KeepImages.Examples;
        var kept = Enum.GetValues<AttackGoal>().ToDictionary(goal => goal, goal => examples ? _ledger.ImagesKept(cell, goal) : 0);
        return [.. chunk.All.Select(pair =>
        {
            if (!found.TryGetValue(pair.Id, out var own)) return new LedgerEntry(judge.Skip(pair, chunk.Skipped[pair.Id]), null);
            var keep = own.Image is not null && (!examples || kept[own.Row.Goal]++ < ExampleRows.Count);
            return new LedgerEntry(own.Row, keep ? ImageCodec.Encode(own.Image!, chunk.Crop(pair.Id, PairSide.Probe)) : null);
        })];
    }

    /// <summary>The image of a row that may be kept: of luck behind a random defense, only where failures are kept, too.</summary>
    private float[]? Image(AttackRow row, AttackResult result) =>
        row.Success || _plan.Experiment.KeepImages == KeepImages.All ? result.Adversarial ?? result.Last : null;

    private List<VerificationPair> ChunkPairs(int chunk) =>
        [.. _plan.Pairs.Skip(chunk * _plan.Experiment.Batch).Take(_plan.Experiment.Batch)];

    private static (string Id, string Probe, string Reference, bool SamePerson) Recorded(VerificationPair pair) =>
        (pair.Id, pair.Probe, pair.Reference, pair.SamePerson);
}
