using static TorchSharp.torch;

namespace Masquerade.Tests;

public sealed class TorchWorkersTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_piece_is_done_once(int threads)
    {
        foreach (var count in new[] { 0, 1, 2, 50 })
        {
            var done = new int[count];
            On(threads, () => TorchWorkers.Run(count, i => Interlocked.Increment(ref done[i])));
            done.ShouldAllBe(times => times == 1);
        }
    }

    [Fact]
    public void What_a_piece_computes_does_not_depend_on_the_threads()
    {
        var random = new Random(1);
        var images = Enumerable.Range(0, 9).Select(_ => Enumerable.Range(0, 3 * 32 * 32).Select(_ => random.NextSingle()).ToArray()).ToArray();
        float[][] With(int threads)
        {
            var results = new float[images.Length][];
            On(threads, () => TorchWorkers.Run(images.Length, i =>
            {
                var x = tensor(images[i], [1, 3, 32, 32]);
                var kernel = x.narrow(2, 0, 5).narrow(3, 0, 5).contiguous();
                results[i] = nn.functional.conv2d(x, kernel).sum([2, 3]).data<float>().ToArray();
            }));
            return results;
        }
        var one = With(1);
        var two = With(2);
        for (var i = 0; i < one.Length; i++) two[i].ShouldBe(one[i]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_a_piece_throws_arrives_as_it_is(int threads)
    {
        var done = new int[20];
        var error = Should.Throw<InputException>(() => On(threads, () => TorchWorkers.Run(20, i =>
        {
            if (i is 7 or 13) throw new InputException($"piece {i}");
            Interlocked.Increment(ref done[i]);
        })));
        error.Message.ShouldBe("piece 7");
        Should.Throw<DivideByZeroException>(() => On(threads, () => TorchWorkers.Run(3, _ => throw new DivideByZeroException())));
        // And the threads are there for the next one.
        On(threads, () => TorchWorkers.Run(20, i => done[i] = 5));
        done.ShouldAllBe(d => d == 5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Gradients_are_on_where_the_caller_has_them_on(int threads)
    {
        bool[] Seen()
        {
            var seen = new bool[8];
            TorchWorkers.Run(seen.Length, i => seen[i] = is_grad_enabled());
            return seen;
        }
        On(threads, () =>
        {
            Seen().ShouldAllBe(on => on);
            using (no_grad()) Seen().ShouldAllBe(on => !on);
            Seen().ShouldAllBe(on => on);
        });
    }

    [Fact]
    public void Pieces_may_have_pieces_and_callers_may_be_many()
    {
        var sums = new long[4];
        var callers = Enumerable.Range(0, sums.Length).Select(caller => new Thread(() =>
        {
            set_num_threads(2);
            for (var round = 0; round < 20; round++)
                TorchWorkers.Run(5, i => TorchWorkers.Run(3, k => Interlocked.Add(ref sums[caller], 10 * i + k)));
        })).ToArray();
        foreach (var caller in callers) caller.Start();
        foreach (var caller in callers) caller.Join(TimeSpan.FromSeconds(30)).ShouldBeTrue("a deadlock");
        // Twenty rounds of the sum of 10i over three k's, and of k over five i's.
        sums.ShouldAllBe(sum => sum == 20 * (3 * 100 + 5 * 3));
    }

    [Fact]
    public void The_caller_keeps_its_threads() => On(2, () =>
    {
        TorchWorkers.Run(6, _ => get_num_threads().ShouldBe(1));
        get_num_threads().ShouldBe(2);
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void No_tensor_stays(int threads)
    {
        var made = new Tensor[12];
        On(threads, () => TorchWorkers.Run(made.Length, i => made[i] = ones(3)));
        made.ShouldAllBe(t => t.IsInvalid);
    }

    /// <summary>Runs on a thread of its own, so that the number of threads is no other test's.</summary>
    private static void On(int threads, Action act)
    {
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                set_num_threads(threads);
                act();
            }
            catch (Exception e) // rethrown
            {
                failure = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }
}
