using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Remote;
using Masquerade.Evaluation.Runs;
using Masquerade.Imaging;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Transfer;

/// <summary>
/// Has other verifiers judge the adversarial images that a run kept, and the clean pairs beside them. A chunk of pairs is committed whole
/// or not at all; of services every answer is kept by itself.
/// </summary>
public sealed class TransferRunner
{
    private readonly TransferPlan _plan;
    private readonly RunLedger _ledger;
    private readonly Dictionary<int, List<AttackRow>> _images;
    private readonly Dictionary<string, HashSet<string>> _read;
    private readonly Dictionary<string, int> _places;

    /// <param name="plan">The verifiers.</param>
    /// <param name="ledger">The run, the same that they were opened for.</param>
    public TransferRunner(TransferPlan plan, RunLedger ledger)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(ledger);
        (_plan, _ledger) = (plan, ledger);
        var cells = ledger.Cells.Index().ToDictionary(c => c.Item, c => c.Index);
        var rows = ledger.Rows;
        // With zero knowledge the images are the bare verifier's: they are judged once.
        _images = rows.Where(r => r is { Success: true, AlreadyWrong: false } && r.Knowledge != KnowledgeNames.Zero)
            .GroupBy(r => cells[new RunCell(r.Model, r.Storage, r.Family, r.Attack, r.Defense, r.Knowledge)])
            .ToDictionary(g => g.Key, g => g.ToList());
        _read = rows.Where(r => r.Status != "skipped").GroupBy(r => r.Model, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Select(r => r.Pair).ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
        _places = ledger.Pairs.Index().ToDictionary(p => p.Item.Id, p => p.Index, StringComparer.Ordinal);
    }

    /// <summary>Successes of the run whose images were not kept: nothing can be said of them.</summary>
    public int ImagesMissing => _images.Values.SelectMany(r => r).Count(r => !_ledger.HasImage(r));

    /// <summary>What a service would still be asked, before anything is sent.</summary>
    /// <param name="service">One of the plan's.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">A photograph changed or cannot be read any more.</exception>
    public RemoteEstimate Estimate(RemoteSession service, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(service);
        var target = _plan.Targets.First(t => t.Session == service);
        return service.Estimate(Work(target).SelectMany(work =>
        {
            cancellation.ThrowIfCancellationRequested();
            var pairs = Load(work.Source, work.Pairs);
            var prepared = (ServiceJudge.Pairs)target.Judge.Prepare(work.Source, pairs);
            return work.Tasks.SelectMany(task => Probes(task, pairs)).Select(probe => prepared.Images(probe.Probe));
        }));
    }

    /// <summary>Does what is left to do.</summary>
    /// <param name="progress">Told after every judgement.</param>
    /// <param name="cancellation">Stops at once; what is committed or answered is kept.</param>
    /// <returns>Images that a service gave no answer about this time; the same again asks it again.</returns>
    /// <exception cref="InputException">
    /// A photograph changed since the run began or cannot be read any more, the run folder cannot be written to, or a service cannot go on.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<int> RunAsync(Action<RunProgress>? progress = null, CancellationToken cancellation = default)
    {
        foreach (var target in _plan.Targets) _ledger.Register(target.Target);
        var known = _ledger.Facts.Select(f => f.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, value) in _plan.Targets.SelectMany(t => t.Facts).Where(f => known.Add(f.Key))) _ledger.SetFact(name, value);
        var work = _plan.Targets.ToDictionary(t => t, t => Work(t).ToList());
        double total = work.Values.SelectMany(w => w).Sum(w => w.Tasks.Sum(t => t.Count));
        var (done, unanswered) = (0, 0);
        foreach (var (target, chunks) in work)
        {
            foreach (var chunk in chunks)
            {
                cancellation.ThrowIfCancellationRequested();
                var pairs = Load(chunk.Source, chunk.Pairs);
                var prepared = target.Judge.Prepare(chunk.Source, pairs);
                foreach (var task in chunk.Tasks)
                {
                    var doing = $"{chunk.Source.Name} to {target.Target.Name}: {task.Name}";
                    unanswered += await JudgeAsync(target.Target, chunk, task, pairs, prepared, () =>
                        progress?.Invoke(new RunProgress(Math.Min(Interlocked.Increment(ref done), total), total, doing)), cancellation);
                }
            }
        }
        progress?.Invoke(new RunProgress(total, total, "done"));
        return unanswered;
    }

    /// <summary>A chunk of pairs with what a target has not judged of it yet.</summary>
    /// <param name="Source">The attacked model.</param>
    /// <param name="Number">Number of the chunk.</param>
    /// <param name="Pairs">Its pairs, those that could be read.</param>
    /// <param name="Tasks">The clean probes, then cells.</param>
    private sealed record ChunkWork(
        TransferSource Source, int Number, IReadOnlyList<VerificationPair> Pairs, IReadOnlyList<CellTask> Tasks);

    /// <summary>The images of a cell, or the clean probes.</summary>
    /// <param name="Cell">The cell; null for the clean probes.</param>
    /// <param name="Name">For messages.</param>
    /// <param name="Count">How many images.</param>
    /// <param name="Rows">Their rows; empty for the clean probes.</param>
    private sealed record CellTask(int? Cell, string Name, int Count, IReadOnlyList<AttackRow> Rows);

    private IEnumerable<ChunkWork> Work(PlannedTarget target)
    {
        var batch = _ledger.Experiment.Batch;
        foreach (var source in _plan.Sources.Where(s => target.OnlyOf is null || target.OnlyOf == s.Name))
        {
            if (!_read.TryGetValue(source.Name, out var read)) continue;
            var clean = _ledger.JudgedCleanChunks(source.Name, target.Target);
            var cells = _ledger.Cells.Index().Where(c => c.Item.Model == source.Name && c.Item.Knowledge != KnowledgeNames.Zero)
                .Select(c => (c.Index, c.Item, Finished: _ledger.FinishedChunks(c.Index), Judged: _ledger.JudgedChunks(c.Index, target.Target)))
                .ToList();
            for (var number = 0; number * batch < _ledger.Pairs.Count; number++)
            {
                List<VerificationPair> pairs = [.. _ledger.Pairs.Skip(number * batch).Take(batch).Where(p => read.Contains(p.Id))];
                var open = cells.Where(c => c.Finished.Contains(number) && !c.Judged.Contains(number)).ToList();
                var tasks = new List<CellTask>();
                if (!clean.Contains(number) && pairs.Count > 0) tasks.Add(new CellTask(null, "clean pairs", pairs.Count, []));
                foreach (var (index, cell, _, _) in open)
                {
                    var rows = Images(index, number, batch);
                    tasks.Add(new CellTask(index, $"{cell.Family}/{cell.Attack} ({cell.Storage})", rows.Count, rows));
                }
                if (tasks.Count > 0) yield return new ChunkWork(source, number, pairs, tasks);
            }
        }
    }

    /// <summary>The successes of a cell in a chunk whose images were kept.</summary>
    private List<AttackRow> Images(int cell, int chunk, int batch) => !_images.TryGetValue(cell, out var rows) ? []
        : [.. rows.Where(r => _places[r.Pair] / batch == chunk && _ledger.HasImage(r))];

    private async Task<int> JudgeAsync(
        TransferTarget target, ChunkWork chunk, CellTask task, IReadOnlyList<TransferPair> pairs, ITargetPairs prepared, Action judged,
        CancellationToken cancellation)
    {
        var probes = Probes(task, pairs).ToList();
        var judgements = await prepared.JudgeAsync([.. probes.Select(p => p.Probe)], judged, cancellation);
        var missing = judgements.Count(j => j is null);
        // A chunk with a gap is asked again as a whole: what was answered costs nothing then.
        if (missing > 0) return missing;
        if (task.Cell is { } cell)
            _ledger.Commit(cell, chunk.Number, target, [.. probes.ZipExact(judgements, (probe, judgement) => (probe.Row!, judgement!))]);
        else
        {
            _ledger.CommitClean(
                chunk.Source.Name, chunk.Number, target, [.. pairs.ZipExact(judgements, (pair, judgement) => (pair.Pair.Id, judgement!))]);
        }
        return 0;
    }

    private IEnumerable<(TransferProbe Probe, AttackRow? Row)> Probes(CellTask task, IReadOnlyList<TransferPair> pairs)
    {
        if (task.Cell is null) return pairs.Select((_, i) => (new TransferProbe(i, null), (AttackRow?)null));
        var places = pairs.Index().ToDictionary(p => p.Item.Pair.Id, p => p.Index, StringComparer.Ordinal);
        return task.Rows.Select(row => (
            new TransferProbe(places[row.Pair], Image(row, pairs[places[row.Pair]].Crop.Size)), (AttackRow?)row));
    }

    /// <summary>A kept image, of 8 bits: what can be stored, sent or shown.</summary>
    private FaceImage Image(AttackRow row, ImageSize size) => ImageTensors.FromPlanar(_ledger.Adversarial(row)!, size);

    /// <summary>The pairs as they were attacked on a model.</summary>
    private TransferPair[] Load(TransferSource source, IReadOnlyList<VerificationPair> pairs)
    {
        var loaded = new TransferPair[pairs.Count];
        var kept = pairs.Select(p => _ledger.Crop(source.Name, p.Id, PairSide.Probe)).ToList();
        try
        {
            Parallel.For(0, pairs.Count, i => loaded[i] = Load(source, pairs[i], kept[i]));
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<InputException>().FirstOrDefault() is { } input)
        {
            throw new InputException(input.Message, e);
        }
        return loaded;
    }

    private TransferPair Load(TransferSource source, VerificationPair pair, FaceImage? kept)
    {
        var (probe, reference) = (Find(pair.Probe), Find(pair.Reference));
        using var photo = ImageFile.ReadPooled(probe);
        var (crop, frame) = source.Cropper.Cut(photo.View, probe, pair.Probe);
        crop = _plan.Preprocessing.Apply(crop);
        if (kept is not null && !kept.Pixels.AsSpan().SequenceEqual(crop.Pixels))
        {
            throw new InputException(
                $"{probe}: it, its landmarks or its detector changed since the run attacked it; put back what was there");
        }
        return new TransferPair(pair, probe, reference, crop, frame);

        string Find(string name) => _plan.Photographs.Find(name) ?? throw new InputException(
            $"{_plan.Photographs.Root}: the photograph {name}, which the run attacked, is not there any more; put it back");
    }
}
