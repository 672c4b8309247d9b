using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Runs;
using TorchSharp;

namespace Masquerade.Evaluation.Tests.Runs;

/// <summary>Native tensors of a run are gone when it is over, however it ends, and do not pile up while it lasts.</summary>
public class NativeMemoryTests
{
    [Theory]
    [InlineData(KeepImages.Successes)]
    [InlineData(KeepImages.All)]
    public void A_run_leaves_no_tensor(KeepImages keep)
    {
        using var tiny = new TinyRun(8);
        var attacks = tiny.Experiment("minimal", "foolbox-v1/fgsm", "foolbox-v1/deepfool");
        var experiment = attacks with { Storage = ["float", "8bit"], Batch = 3, KeepImages = keep };
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
        var attacks = tiny.Experiment("minimal", "foolbox-v1/deepfool");
        var experiment = attacks with { Storage = ["float", "8bit"], KeepImages = KeepImages.All };
        var evaluations = 0;
        using (tiny.Run(experiment, "whole", _ => evaluations++, cancellation: TestContext.Current.CancellationToken)) { }
        for (var last = 1; last < evaluations; last += 11)
        {
            LeavesNoTensor(() =>
            {
                using var stop = new CancellationTokenSource();
                var seen = 0;
                void Stop(RunProgress progress)
                {
                    if (++seen == last) stop.Cancel();
                }

                Should.Throw<OperationCanceledException>(() => tiny.Run(experiment, $"run{last}", Stop, cancellation: stop.Token));
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
            void Fail(RunProgress progress)
            {
                if (++seen == 20) throw new NotSupportedException();
            }

            Should.Throw<NotSupportedException>(
                () => tiny.Run(experiment, "run", Fail, cancellation: TestContext.Current.CancellationToken));
        });
        var twice = experiment with { Models = [tiny.Model, tiny.Model] };
        LeavesNoTensor(() => Should.Throw<InputException>(() => ExperimentPlan.Open(twice)));
        LeavesNoTensor(() =>
        {
            var text = File.ReadAllText(tiny.Model);
            File.WriteAllText(tiny.Model, text.Replace("\"alignment\": \"none\"", "\"alignment\": \"arcface-112x112\""));
            Should.Throw<InputException>(() => ExperimentPlan.Open(experiment with { Aligned = false }));
        });
    }

    [Fact]
    public void Many_chunks_hold_no_more_than_few()
    {
        using var tiny = new TinyRun(40);
        var most = new Dictionary<int, long>();
        var perChunk = 0.0;
        var experiment = tiny.Experiment("minimal", "foolbox-v1/deepfool") with { Batch = 2, KeepImages = KeepImages.All };
        using var run = tiny.Run(experiment, "run", p =>
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
