using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade;

/// <summary>
/// Independent pieces of work on as many threads as torch has on the calling one, each piece on one thread alone: for many small operations
/// that is a third faster than sharing every operation among the threads, and what a piece computes does not depend on their number.
/// Gradients are on in a piece where they are on in the caller.
/// </summary>
internal static class TorchWorkers
{
    // Threads live on: torch keeps what it prepared for a thread's convolutions with that thread.
    private static readonly BlockingCollection<Action> Queue = [];
    private static readonly Lock Starting = new();
    private static int _workers;

    /// <summary>Does all pieces, and returns when the last one is done.</summary>
    /// <param name="count">How many there are.</param>
    /// <param name="piece">
    /// Does one; called on other threads, each within a scope of its own. What it makes must be written into memory of the caller's, or be
    /// taken out of the scope.
    /// </param>
    /// <exception cref="InputException">A piece threw one; likewise any other exception, that of the first piece of several.</exception>
    public static void Run(int count, Action<int> piece)
    {
        var threads = Math.Min(get_num_threads(), count);
        if (threads <= 1)
        {
            for (var i = 0; i < count; i++)
            {
                using var scope = NewDisposeScope();
                piece(i);
            }
            return;
        }
        Start(threads);
        var (next, gradients) = (-1, is_grad_enabled());
        var failures = new ExceptionDispatchInfo?[count];
        using var running = new CountdownEvent(threads);
        for (var thread = 0; thread < threads; thread++) Queue.Add(Work);
        running.Wait();
        Array.Find(failures, f => f is not null)?.Throw();

        void Work()
        {
            using (set_grad_enabled(gradients))
            {
                for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
                {
                    try
                    {
                        using var scope = NewDisposeScope();
                        piece(i);
                    }
                    catch (Exception e) // rethrown to the caller
                    {
                        failures[i] = ExceptionDispatchInfo.Capture(e);
                    }
                }
            }
            running.Signal();
        }
    }

    private static void Start(int threads)
    {
        if (Volatile.Read(ref _workers) >= threads) return;
        lock (Starting)
        {
            var mine = get_num_threads();
            using var ready = new CountdownEvent(1);
            for (; _workers < threads; _workers++)
            {
                ready.AddCount();
                new Thread(() =>
                {
                    // Torch sets a thread's number when the thread first needs it, over what was set there before.
                    _ = get_num_threads();
                    set_num_threads(1);
                    ready.Signal();
                    foreach (var work in Queue.GetConsumingEnumerable()) work();
                })
                { IsBackground = true, Name = "torch" }.Start();
            }
            ready.Signal();
            ready.Wait();
            // A thread that torch has not seen yet begins with the number that was set last, wherever that was.
            set_num_threads(mine);
        }
    }
}
