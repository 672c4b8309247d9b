namespace Masquerade.Evaluation.Remote.Http;

/// <summary>Spaces calls evenly, and holds all of them back while a service asks to wait.</summary>
internal sealed class CallRate(double callsPerSecond, TimeProvider clock)
{
    private readonly TimeSpan _gap = TimeSpan.FromSeconds(1 / callsPerSecond);
    private readonly Lock _lock = new();
    private DateTimeOffset _next = DateTimeOffset.MinValue;

    /// <summary>Waits for the next place.</summary>
    public Task WaitAsync(CancellationToken cancellation)
    {
        TimeSpan wait;
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            if (_next < now) _next = now;
            wait = _next - now;
            _next += _gap;
        }
        return wait > TimeSpan.Zero ? Task.Delay(wait, clock, cancellation) : Task.CompletedTask;
    }

    /// <summary>Lets no call begin for a while.</summary>
    public void Hold(TimeSpan time)
    {
        lock (_lock)
        {
            var until = clock.GetUtcNow() + time;
            if (_next < until) _next = until;
        }
    }
}
