using System.Globalization;

namespace Masquerade.Cli.Progress;

/// <summary>
/// Progress where nobody sees a bar: a line for every tenth, but two seconds apart, and one after a minute without. Work that is done
/// within two seconds says nothing.
/// </summary>
internal sealed class LineProgress(TextWriter writer, TimeProvider clock, string description) : ProgressReporter
{
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Latest = TimeSpan.FromMinutes(1);

    private readonly Lock _writing = new();
    private readonly long _started = clock.GetTimestamp();
    private long _lastTime = clock.GetTimestamp();
    private double _lastShare;
    private double? _firstShare;

    /// <inheritdoc/>
    public override void Report(double done, double total, string? doing = null)
    {
        lock (_writing)
        {
            var now = clock.GetTimestamp();
            var share = total > 0 ? Math.Clamp(done / total, 0, 1) : 0;
            // Work that goes on has a share done before it begins, which says nothing of its speed.
            if (_firstShare is null) _firstShare = _lastShare = clock.GetElapsedTime(_started, now) < Soonest ? share : 0;
            var since = clock.GetElapsedTime(_lastTime, now);
            if (since < Soonest || (since < Latest && Math.Floor(share * 10) <= Math.Floor(_lastShare * 10))) return;
            (_lastTime, _lastShare) = (now, share);
            var percent = Math.Floor(share * 100).ToString("F0", CultureInfo.InvariantCulture);
            writer.WriteLine($"{doing ?? description}: {percent} %{TimeLeft(clock.GetElapsedTime(_started, now), share, share - _firstShare.Value)}");
        }
    }

    /// <inheritdoc/>
    public override void Say(string line)
    {
        lock (_writing) writer.WriteLine(line);
    }

    private static string TimeLeft(TimeSpan elapsed, double share, double gained)
    {
        if (gained <= 0 || share >= 1) return "";
        var seconds = elapsed.TotalSeconds * (1 - share) / gained;
        // Beyond a month the estimate is noise.
        return seconds switch
        {
            < 60 => $", {Math.Ceiling(seconds):F0} s left",
            < 3600 => $", {Math.Ceiling(seconds / 60):F0} min left",
            < 30 * 86400 => $", {Math.Floor(seconds / 3600):F0} h {Math.Floor(seconds % 3600 / 60):F0} min left",
            _ => "",
        };
    }
}
