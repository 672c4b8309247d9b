using System.CommandLine;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Output;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Experiments.Presets;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting;
using Masquerade.Evaluation.Runs;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Transfer;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq run</c>: attacks a verifier on a pair list and writes a run folder.</summary>
internal sealed class RunCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly ExperimentOptions _experiment = new();
    private readonly Option<string?> _out = new("--out", "-o")
    {
        Description = "Run folder to write; must not hold a run yet. Needed where photographs are named; else the first free "
            + "one of runs/demo (runs/PRESET), runs/demo-2, … is written.",
        HelpName = "FOLDER",
    };
    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Go on with the run in this folder, as its own settings say.",
        HelpName = "FOLDER",
    };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be done and what it would cost; do nothing." };
    private readonly Option<bool> _printSpec = new("--print-spec")
    {
        Description = "Print the experiment as YAML that --spec takes, to be changed or kept; do nothing.",
    };
    private readonly Option<double?> _maxSuccess = new("--max-success")
    {
        Description = "A check: end with exit code 1 if any attack succeeds on more than this fraction of the pairs (0 to 1), or if that cannot "
            + "be told because attacks had no gradient or no usable pair.",
        HelpName = "RATE",
    };
    private readonly Option<bool> _strict = CommonOptions.Strict();

    public RunCommand(CommandHost host) : base("run",
        "Attacks verifiers on pairs of photographs and writes a run folder: ledger, table, figures, report. Without options: the bundled "
        + $"models on {SyntheticExperiment.Pairs} pairs of synthetic people, into runs/demo, in about a minute. Exit codes: 0 done, "
        + "1 a check did not hold, 2 bad input, 130 interrupted (go on with --resume).",
        "masq run",
        "masq run --model arcface.model.json",
        "masq run --model arcface.model.json --images lfw --pairs pairs.csv --landmarks landmarks.csv --take 50 --out runs/first",
        "masq run --spec experiment.yaml --storage float,8bit --out runs/second",
        "masq run --preset study-2019",
        "masq run --preset study-2019 --print-spec",
        "masq run --model arcface.model.json --transfer-to mini,mini-robust",
        "masq run --resume runs/first",
        "masq run --spec experiment.yaml --dry-run")
    {
        _host = host;
        foreach (var option in _experiment.All) Add(option);
        foreach (var option in new Option[] { _out, _resume, _dryRun, _printSpec, _maxSuccess, _strict }) Add(option);
        Validators.Add(result =>
        {
            var resumes = result.GetResult(_resume) is not null;
            Option[] others = [_out, _dryRun, _printSpec];
            if (resumes && (others.Any(o => result.GetResult(o) is { Implicit: false }) || _experiment.AnyGiven(result)))
                result.AddError("--resume takes its settings from the run: give no others beside it");
            if (_experiment.Contradiction(result) is { } contradiction) result.AddError(contradiction);
        });
        _experiment.Faces.CheckIn(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_maxSuccess) is { } rate && !(rate is >= 0 and <= 1))
            throw new InputException($"--max-success {rate} is not possible; 0 to 1");
        if (_experiment.AsksForPresets(parsed))
        {
            PresetText.Print(_host);
            return ExitCodes.Done;
        }
        if (parsed.GetValue(_printSpec))
        {
            _host.Output.Write(_experiment.Print(parsed));
            return ExitCodes.Done;
        }
        if (parsed.GetValue(_resume) is not { } path) return await StartAsync(parsed, cancellation);
        using var ledger = RunLedger.Resume(path);
        using var plan = ExperimentPlan.Open(ledger.Experiment, parsed.GetValue(_strict), _host.Models, _host.Assets);
        Announce(plan);
        return await AttackAsync(plan, ledger, path, parsed, cancellation);
    }

    private async Task<int> StartAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var (settings, source) = _experiment.Read(parsed);
        var (dryRun, path) = (parsed.GetValue(_dryRun), parsed.GetValue(_out));
        var synthetic = SyntheticExperiment.IsMeantBy(settings);
        var preset = _experiment.PresetName(parsed);
        if (path is null && !dryRun && !synthetic && preset is null)
            throw new InputException("--out FOLDER is needed (or --resume FOLDER, or --dry-run); see 'masq run --help'");
        ExperimentAssets.Require(settings, _host.Models, _host.Assets);
        using var scratch = dryRun ? new Scratch() : null;
        using var folder = dryRun ? null : path is null ? RunFolder.TakeFree(FolderOf(preset)) : RunFolder.Take(path);
        var faces = folder is null || !synthetic ? scratch?.Path : folder.Room(SyntheticExperiment.FolderName);
        var people = synthetic ? SyntheticExperiment.Complete(settings, faces!) : null;
        var experiment = settings.ToExperiment(source, _host.Assets);
        // A wrong name is told before anything is painted.
        foreach (var model in experiment.Models.Concat(experiment.TransferTo)) _ = _host.Models.Find(model);
        if (people is not null) await PaintAsync(people, experiment, faces!, dryRun, cancellation);

        using var plan = ExperimentPlan.Open(experiment, parsed.GetValue(_strict), _host.Models, _host.Assets);
        Announce(plan);
        if (folder is null)
        {
            ForecastText.Print(_host, plan, scratch!.Size);
            return ExitCodes.Done;
        }
        TransferPlan.Check(plan, _host.Models, _host.Assets);
        using var ledger = RunLedger.Create(folder, plan.Experiment, plan.Pairs, plan.Cells);
        return await AttackAsync(plan, ledger, folder.Path, parsed, cancellation);
    }

    /// <summary>Where a run goes for which no folder is named.</summary>
    private string FolderOf(string? preset) => preset is null || preset == Preset.Quickstart.Name ? _host.RunFolder
        : Path.Combine(Path.GetDirectoryName(_host.RunFolder) ?? "", preset);

    private async Task PaintAsync(
        SyntheticFolder people, Experiment experiment, string faces, bool dryRun, CancellationToken cancellation)
    {
        _host.Error.WriteLine($"note: no photographs are named (--images): {experiment.Take} pairs of synthetic people "
            + (dryRun ? "would be painted into the run folder" : $"are painted into {faces}"));
        try
        {
            await Painting.RunAsync(_host, people, faces, experiment.Threads, cancellation);
        }
        catch (OperationCanceledException) when (!dryRun)
        {
            _host.Error.WriteLine("stopped before the first attack; nothing is kept. Start the same command again");
            throw;
        }
    }

    private async Task<int> AttackAsync(
        ExperimentPlan plan, RunLedger ledger, string folder, ParseResult parsed, CancellationToken cancellation)
    {
        var runner = new ExperimentRunner(plan, ledger, parsed.GetValue(_strict));
        try
        {
            await ProgressReporter.RunAsync(_host, "attacking", progress =>
            {
                runner.Run(p => progress.Report(p.Done, p.Total, p.Doing), cancellation);
                return 0;
            });
            if (!SkippedPairs.IsAll(ledger.Rows)) await TransferAsync(plan, ledger, cancellation);
        }
        catch (OperationCanceledException)
        {
            _host.Error.WriteLine(
                $"stopped; what is done is kept. Go on with: {_host.Program} run --resume {ProgramName.Quoted(folder)}");
            throw;
        }
        var summary = RunExporter.Export(ledger, folder);
        RequireUsablePairs(summary, folder);
        RunText.Print(_host, summary, folder);
        if (SyntheticExperiment.IsIn(plan.Experiment, folder)) RunText.PrintNext(_host);
        return Check(summary, parsed.GetValue(_maxSuccess));
    }

    private async Task TransferAsync(ExperimentPlan plan, RunLedger ledger, CancellationToken cancellation)
    {
        if (plan.Experiment.TransferTo.Count == 0) return;
        var settings = new TransferSettings { Threads = plan.Experiment.Threads };
        using var transfer = TransferPlan.Open(ledger, plan.Experiment.TransferTo, settings, _host.Models, _host.Assets);
        await TransferWork.RunAsync(_host, transfer, ledger, agreed: false, settings.Remote, said: null, cancellation);
    }

    private void Announce(ExperimentPlan plan)
    {
        foreach (var notice in plan.Notices) _host.Error.WriteLine($"note: {notice}");
        if (plan.Missing.Count == 0) return;
        var names = plan.Missing.SelectMany(m => m.Names).Distinct().ToList();
        _host.Error.WriteLine(
            $"note: {plan.Missing.Count} of {plan.Pairs.Count} pairs are skipped, their photographs are missing: "
            + $"{string.Join(", ", names.Take(10))}{(names.Count > 10 ? ", …" : "")}");
    }

    /// <summary>A run that could not attack anything is no result.</summary>
    /// <exception cref="InputException">No pair could be used.</exception>
    private static void RequireUsablePairs(RunSummary summary, string folder)
    {
        if (!SkippedPairs.IsAll(summary.Rows)) return;
        var skipped = SkippedPairs.Of(summary.Rows);
        throw new InputException($"none of the {skipped[0].Total} pairs can be used: {string.Join("; ", skipped.Select(s => s.Reasons).Distinct())}; "
            + $"{Path.Combine(folder, "report.html")} lists them: correct that and start a new run");
    }

    private int Check(RunSummary summary, double? most)
    {
        if (most is null || SuccessLimit.Exceeded(summary, most.Value) is not { } reason) return ExitCodes.Done;
        _host.Error.WriteLine($"check failed: {reason}");
        return ExitCodes.CheckFailed;
    }
}
