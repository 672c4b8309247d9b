using Masquerade.Cli.Progress;

namespace Masquerade.Cli.Tests;

public sealed class LineProgressTests
{
    private readonly StringWriter _writer = new() { NewLine = "\n" };
    private readonly Clock _clock = new();

    [Fact]
    public void A_line_for_every_tenth_with_the_time_left()
    {
        var progress = new LineProgress(_writer, _clock, "embedding");
        for (var done = 0; done <= 1000; done++)
        {
            progress.Report(done, 1000);
            _clock.Seconds += 0.03;
        }
        var lines = Lines();
        lines.Length.ShouldBe(10);
        lines[0].ShouldBe("embedding: 10 %, 27 s left");
        lines[4].ShouldBe("embedding: 50 %, 15 s left");
        lines[9].ShouldBe("embedding: 100 %");
    }

    [Fact]
    public void Quick_work_says_nothing()
    {
        var progress = new LineProgress(_writer, _clock, "embedding");
        for (var done = 0; done <= 100; done++)
        {
            progress.Report(done, 100);
            _clock.Seconds += 0.019;
        }
        Lines().ShouldBeEmpty();
    }

    [Fact]
    public void Slow_work_says_something_once_a_minute()
    {
        var progress = new LineProgress(_writer, _clock, "attacking");
        for (var minute = 0; minute <= 5; minute++)
        {
            progress.Report(minute, 1000, $"step {minute}");
            _clock.Seconds += 60;
        }
        Lines().ShouldBe(
        [
            "step 1: 0 %, 16 h 39 min left", "step 2: 0 %, 16 h 38 min left", "step 3: 0 %, 16 h 37 min left",
            "step 4: 0 %, 16 h 36 min left", "step 5: 0 %, 16 h 35 min left",
        ]);
    }

    [Fact]
    public void What_was_done_before_says_nothing_of_the_time_left()
    {
        var progress = new LineProgress(_writer, _clock, "training");
        for (var done = 500; done <= 1000; done++)
        {
            progress.Report(done, 1000);
            _clock.Seconds += 0.1;
        }
        Lines()[0].ShouldBe("training: 60 %, 40 s left");
    }

    [Fact]
    public void A_line_that_stays()
    {
        new LineProgress(_writer, _clock, "training").Say("epoch 1 is over");
        Lines().ShouldBe(["epoch 1 is over"]);
    }

    [Fact]
    public void Nothing_to_do_is_no_division_by_zero()
    {
        var progress = new LineProgress(_writer, _clock, "embedding");
        _clock.Seconds = 61;
        progress.Report(0, 0);
        Lines().ShouldBe(["embedding: 0 %"]);
    }

    private string[] Lines() => _writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => (long)(Seconds * 1_000_000);
    }
}
