using Masquerade.Evaluation;
using TorchSharp;

namespace Masquerade.Tests.Evaluation;

/// <summary>Native tensors of a run are gone when it is over, however it ends, and do not pile up while it lasts.</summary>
public class NativeMemoryTests
{
    [Theory]
    [InlineData(KeepImages.Successes)]
    [InlineData(KeepImages.All)]
    public void A_run_leaves_no_tensor(KeepImages keep)
    {
        using var tiny = new TinyRun(8);
        var experiment = tiny.Experiment("minimal", "foolbox-v1/fgsm", "foolbox-v1/deepfool") with { Storage = ["float", "8bit"], Batch = 3, KeepImages = keep };
        LeavesNoTensor(() => tiny.Run(experiment, "run", cancellation: TestContext.Current.CancellationToken).Dispose());
    }

    [Fact]
    public void A_chunk_of_pairs_that_have_no_gradient_leaves_no_tensor()
    {
        using var tiny = new TinyRun(2);
        File.WriteAllText(tiny.Pairs, "probe,reference,same_person\np0a.png,p0a.png,1\np1a.png,p1a.png,1\n");
        LeavesNoTensor(() =>
        {
            using var run = tiny.Run(tiny.Experiment("fgsm", "deepfool"), "run", cancellation: TestContext.Current.CancellationToken);
            run.Rows.ShouldAllBe(r => r.Status == "failed" && r.Reason == "zero-gradient");
        });
    }

    [Fact]
    public void A_stopped_run_leaves_no_tensor()
    {
        using var tiny = new TinyRun(4);
        var experiment = tiny.Experiment("minimal", "foolbox-v1/deepfool") with { Storage = ["float", "8bit"], KeepImages = KeepImages.All };
        var evaluations = 0;
        using (tiny.Run(experiment, "whole", _ => evaluations++, cancellation: TestContext.Current.CancellationToken)) { }
        for (var last = 1; last < evaluations; last += 11)
        {
            LeavesNoTensor(() =>
            {
                using var stop = new CancellationTokenSource();
                var seen = 0;
                Should.Throw<OperationCanceledException>(() => tiny.Run(experiment, $"run{last}", _ => { if (++seen == last) stop.Cancel(); }, cancellation: stop.Token));
            });
        }
    }

    [Fact]
    public void A_failed_run_leaves_no_tensor()
    {
        using var tiny = new TinyRun(4);
        var experiment = tiny.Experiment("minimal");
        LeavesNoTensor(() =>
        {
            var seen = 0;
            Should.Throw<NotSupportedException>(() => tiny.Run(experiment, "run", _ => { if (++seen == 20) throw new NotSupportedException(); },
                cancellation: TestContext.Current.CancellationToken));
        });
        LeavesNoTensor(() => Should.Throw<InputException>(() => ExperimentPlan.Open(experiment with { Models = [tiny.Model, tiny.Model] })));
        LeavesNoTensor(() =>
        {
            File.WriteAllText(tiny.Model, File.ReadAllText(tiny.Model).Replace("\"none\", \"embeddingSize\"", "\"arcface-112x112\", \"embeddingSize\""));
            Should.Throw<InputException>(() => ExperimentPlan.Open(experiment with { Aligned = false }));
        });
    }

    [Fact]
    public void Many_chunks_hold_no_more_than_few()
    {
        using var tiny = new TinyRun(40);
        var most = new Dictionary<int, long>();
        var perChunk = 0.0;
        using var run = tiny.Run(tiny.Experiment("minimal", "foolbox-v1/deepfool") with { Batch = 2, KeepImages = KeepImages.All }, "run", p =>
        {
            perChunk = p.Total / 20;
            var chunk = (int)(p.Done / perChunk);
            most[chunk] = Math.Max(most.GetValueOrDefault(chunk), Live);
        }, cancellation: TestContext.Current.CancellationToken);
        Enumerable.Range(15, 5).Max(c => most[c]).ShouldBeLessThanOrEqualTo(Enumerable.Range(0, 5).Max(c => most[c]));
    }

    private static long Live => DisposeScopeManager.Statistics.ThreadTotalLiveCount;

    private static void LeavesNoTensor(Action action)
    {
        var before = Live;
        action();
        Live.ShouldBe(before);
    }
}
