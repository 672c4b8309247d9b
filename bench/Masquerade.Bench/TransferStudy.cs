using System.Diagnostics;
using System.Globalization;
using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Reporting;
using Masquerade.Evaluation.Statistics;
using Masquerade.Evaluation.Transfer;

namespace Masquerade.Bench;

/// <summary>
/// Writes the page of transfer: two models are attacked on the study's pairs, and each judges the images that were made on the other. Goes on
/// where it was interrupted; the page is written anew from what the run left.
/// </summary>
internal static class TransferStudy
{
    private const int StudySample = 100;

    public const string Usage = "--models FILE,FILE --images FOLDER --pairs pairs.txt --landmarks FILE --work FOLDER [--out docs/transfer.md] "
        + "[--attacks NAMES] [--take N] [--threads N]";

    public static void Run(BenchOptions options)
    {
        var (work, page) = (options.Text("work"), options.Optional("out"));
        var experiment = new Experiment
        {
            Models = options.Text("models").Split(','),
            Images = options.Text("images"),
            Pairs = options.Text("pairs"),
            Landmarks = options.Text("landmarks"),
            Sample = StudySample,
            Take = options.Number("take", 50),
            Attacks = options.Optional("attacks")?.Split(',') ?? ["foolbox-v1", "minimal"],
            Storage = [StorageNames.Float, StorageNames.EightBit],
            Batch = 25,
            Threads = options.Number("threads", Environment.ProcessorCount),
            KeepImages = KeepImages.Successes,
        };
        options.RequireAllUsed();
        if (experiment.Models.Count != 2) throw new InputException("--models takes two descriptors, with a comma between");
        var folder = Path.Combine(work, "run");
        Directory.CreateDirectory(work);
        StudyRun.Finish(experiment, folder);
        var summary = Transfer(folder);
        if (page is null) return;
        File.WriteAllText(page, TransferPage.Write(summary));
        Console.WriteLine($"{page} is written");
    }

    /// <summary>Has each model judge all images, mapped and pasted.</summary>
    private static RunSummary Transfer(string folder)
    {
        using var ledger = RunLedger.Resume(folder);
        foreach (var paste in (bool[])[false, true])
        {
            var settings = new TransferSettings { Way = new TransferWay(paste, Detect: false), Threads = ledger.Experiment.Threads };
            using var plan = TransferPlan.Open(ledger, ledger.Experiment.Models, settings);
            var clock = Stopwatch.StartNew();
            new TransferRunner(plan, ledger).RunAsync().GetAwaiter().GetResult();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{settings.Way.Name}: {clock.Elapsed.TotalSeconds:F0} s"));
        }
        return RunExporter.Export(ledger, folder);
    }
}
