using System.CommandLine;
using System.Globalization;
using Masquerade.Cli.Output;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation;
using Masquerade.Evaluation.Statistics;
using Masquerade.Reporting;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq run</c>: attacks a verifier on a pair list and writes a run folder.</summary>
internal sealed class RunCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly ExperimentOptions _experiment = new();
    private readonly Option<string?> _out = new("--out", "-o")
    {
        Description = "Run folder to write; must not hold a run yet.",
        HelpName = "FOLDER",
    };
    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Go on with the run in this folder, as its own settings say.",
        HelpName = "FOLDER",
    };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be done and what it would cost; do nothing." };
    private readonly Option<double?> _maxSuccess = new("--max-success")
    {
        Description = "A check: end with exit code 1 if any attack succeeds on more than this fraction of the pairs (0 to 1).",
        HelpName = "RATE",
    };
    private readonly Option<bool> _strict = CommonOptions.Strict();

    public RunCommand(CommandHost host) : base("run",
        "Attacks a verifier on a list of pairs and writes a run folder: ledger, table, figures, report. Exit codes: 0 done, "
        + "1 a check did not hold, 2 bad input, 130 interrupted (go on with --resume).",
        "masq run --model arcface.model.json --images lfw --pairs pairs.csv --landmarks landmarks.csv --take 50 --out runs/first",
        "masq run --spec experiment.yaml --storage float,8bit --out runs/second",
        "masq run --resume runs/first",
        "masq run --spec experiment.yaml --dry-run")
    {
        _host = host;
        foreach (var option in _experiment.All) Add(option);
        foreach (var option in new Option[] { _out, _resume, _dryRun, _maxSuccess, _strict }) Add(option);
        Validators.Add(result =>
        {
            var resumes = result.GetResult(_resume) is not null;
            if (resumes && (result.GetResult(_out) is not null || result.GetResult(_dryRun) is not null || _experiment.AnyGiven(result)))
                result.AddError("--resume takes its settings from the run: give no others beside it");
            if (!resumes && result.GetResult(_out) is null && !result.GetValue(_dryRun))
                result.AddError("--out FOLDER is needed (or --resume FOLDER, or --dry-run)");
        });
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var strict = parsed.GetValue(_strict);
        if (parsed.GetValue(_maxSuccess) is { } rate && !(rate is >= 0 and <= 1))
            throw new InputException($"--max-success {rate} is not possible; 0 to 1");
        var resume = parsed.GetValue(_resume);
        using var resumed = resume is null ? null : RunLedger.Resume(resume);
        using var plan = ExperimentPlan.Open(resumed?.Experiment ?? _experiment.Read(parsed), strict, _host.Models);
        Announce(plan);
        if (parsed.GetValue(_dryRun)) return Forecast(plan);

        var folder = resume ?? parsed.GetValue(_out)!;
        using var created = resumed is null ? RunLedger.Create(folder, plan.Experiment, plan.Pairs, plan.Cells) : null;
        var ledger = resumed ?? created!;
        var runner = new ExperimentRunner(plan, ledger, strict);
        try
        {
            await ProgressReporter.RunAsync(_host, "attacking", progress =>
            {
                runner.Run(p => progress.Report(p.Done, p.Total, p.Doing), cancellation);
                return 0;
            });
        }
        catch (OperationCanceledException)
        {
            _host.Error.WriteLine($"stopped; what is done is kept. Go on with: masq run --resume {folder}");
            throw;
        }
        var summary = RunExporter.Export(ledger, folder);
        RunText.Print(_host, summary, folder);
        return Check(summary, parsed.GetValue(_maxSuccess));
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

    private int Forecast(ExperimentPlan plan)
    {
        var forecast = RunForecast.Of(plan);
        _host.Output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"pairs        {plan.Pairs.Count} ({plan.Pairs.Count(p => p.SamePerson)} anonymization, "
            + $"{plan.Pairs.Count(p => !p.SamePerson)} impersonation), {plan.Missing.Count} skipped"));
        foreach (var group in plan.Cells.GroupBy(c => (c.Model, c.Storage)))
            _host.Output.WriteLine(
                $"attacks      {string.Join(", ", group.Select(c => $"{c.Family}/{c.Attack}"))} on {group.Key.Model}, {group.Key.Storage}");
        _host.Output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"model calls  about {forecast.Forwards:N0} forward, {forecast.Backwards:N0} gradient"));
        _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"time         about {forecast.Seconds / 60:0.#} minutes here"));
        _host.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"disk         about {forecast.Bytes / 1e6:0.#} MB"));
        return ExitCodes.Done;
    }

    private int Check(RunSummary summary, double? most)
    {
        var worst = summary.Attacks.Where(a => a.Pairs > 0).MaxBy(Rate);
        if (most is null || worst is null || Rate(worst) <= most) return ExitCodes.Done;
        _host.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"check failed: {worst.FullName} succeeds on {Rate(worst):P1} of the pairs of its goal, more than {most:P1}"));
        return ExitCodes.CheckFailed;

        static double Rate(AttackSummary attack) => attack.Outcome.Success.Value ?? 0;
    }
}
