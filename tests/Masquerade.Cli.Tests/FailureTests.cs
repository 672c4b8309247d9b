using System.Text;

namespace Masquerade.Cli.Tests;

/// <summary>What goes wrong that is nobody's input.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task A_defect_is_one_line_with_a_hint_and_no_stack_trace()
    {
        var result = await FailAsync(new InvalidOperationException("first line\nsecond line"));
        result.Code.ShouldBe(70);
        result.Error.ShouldBe("error: this should not have happened: InvalidOperationException: first line second line; "
            + "run it again with --verbose and report what it prints\n");
    }

    [Fact]
    public async Task Verbose_adds_the_stack_trace()
    {
        var result = await FailAsync(new InvalidOperationException("oops"), "--verbose");
        result.Code.ShouldBe(70);
        result.Error.ShouldStartWith(
            "error: this should not have happened: InvalidOperationException: oops\nSystem.InvalidOperationException: oops\n");
        result.Error.ShouldContain("   at Masquerade.Cli.");
    }

    [Fact]
    public async Task A_full_disk_is_bad_input()
    {
        var result = await FailAsync(new IOException("No space left on device"));
        result.ShouldBe(new MasqResult(2, "", "error: No space left on device\n"));
    }

    [Fact]
    public async Task A_cancellation_that_nobody_asked_for_is_a_defect()
    {
        var result = await FailAsync(new OperationCanceledException("lost"));
        result.Code.ShouldBe(70);
    }

    private async Task<MasqResult> FailAsync(Exception exception, params string[] more)
    {
        using var output = new FailingWriter(exception);
        return await _masq.RunAsync(["verify", _masq.Photograph(0, 1), _masq.Photograph(0, 2), "--model", _masq.Model, .. more], output);
    }

    private sealed class FailingWriter(Exception exception) : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw exception;

        public override string ToString() => "";
    }
}
