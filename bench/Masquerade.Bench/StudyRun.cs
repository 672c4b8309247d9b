using System.Diagnostics;
using System.Globalization;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting;
using Masquerade.Evaluation.Runs;
using Masquerade.Evaluation.Statistics;

namespace Masquerade.Bench;

/// <summary>A run that a study is made of.</summary>
internal static class StudyRun
{
    /// <summary>Does an experiment, or what is left of it, in a folder.</summary>
    public static RunSummary Finish(Experiment experiment, string folder)
    {
        using var begun = File.Exists(Path.Combine(folder, RunLedger.FileName)) ? RunLedger.Resume(folder) : null;
        using var plan = ExperimentPlan.Open(begun?.Experiment ?? experiment);
        using var created = begun is null ? RunLedger.Create(folder, plan.Experiment, plan.Pairs, plan.Cells) : null;
        var ledger = begun ?? created!;
        var (clock, said) = (Stopwatch.StartNew(), -1);
        new ExperimentRunner(plan, ledger).Run(p =>
        {
            var percent = (int)(100 * p.Done / Math.Max(1, p.Total));
            if (percent == said) return;
            said = percent;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(folder)}: {percent} %, {clock.Elapsed.TotalMinutes:F1} min, {p.Doing}"));
        });
        return RunExporter.Export(ledger, folder);
    }
}
