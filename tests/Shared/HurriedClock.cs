using System.Collections.Concurrent;

namespace Masquerade.Testing;

/// <summary>
/// A clock for which every wait is over at once, but for those of one length, the stall timeout: they are over when a test says so.
/// </summary>
internal sealed class HurriedClock : TimeProvider
{
    /// <summary>The length of the waits that a test ends.</summary>
    public static readonly TimeSpan Stall = TimeSpan.FromSeconds(7);

    private readonly ConcurrentQueue<TimeSpan> _waits = new();
    private readonly ConcurrentDictionary<HurriedTimer, bool> _stalls = new();

    /// <summary>How long was waited, each time.</summary>
    public IReadOnlyList<TimeSpan> Waits => [.. _waits];

    public override DateTimeOffset GetUtcNow() => new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>The stall timeout is over, for all who wait for it.</summary>
    public void Expire()
    {
        foreach (var timer in _stalls.Keys) timer.Fire();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new HurriedTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class HurriedTimer(HurriedClock clock, TimerCallback callback, object? state) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock._stalls.TryRemove(this, out _);
            if (dueTime == Stall)
            {
                clock._stalls[this] = true;
            }
            else if (dueTime != Timeout.InfiniteTimeSpan)
            {
                clock._waits.Enqueue(dueTime);
                ThreadPool.QueueUserWorkItem(_ => Fire());
            }
            return true;
        }

        public void Fire() => callback(state);

        public void Dispose() => clock._stalls.TryRemove(this, out _);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
