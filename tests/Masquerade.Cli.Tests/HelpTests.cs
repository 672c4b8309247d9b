namespace Masquerade.Cli.Tests;

public sealed class HelpTests
{
    [Theory]
    [InlineData("masq", "--help")]
    [InlineData("evaluate", "evaluate", "--help")]
    [InlineData("verify", "verify", "--help")]
    [InlineData("align", "align", "--help")]
    [InlineData("purify", "purify", "--help")]
    [InlineData("run", "run", "--help")]
    [InlineData("inspect", "inspect", "--help")]
    [InlineData("synthesize", "synthesize", "--help")]
    [InlineData("train", "train", "--help")]
    [InlineData("train-verifier", "train", "verifier", "--help")]
    [InlineData("train-denoiser", "train", "denoiser", "--help")]
    [InlineData("train-detector", "train", "detector", "--help")]
    [InlineData("detect", "detect", "--help")]
    [InlineData("report", "report", "--help")]
    [InlineData("transfer", "transfer", "--help")]
    [InlineData("doctor", "doctor", "--help")]
    [InlineData("fetch", "fetch", "--help")]
    [InlineData("assets", "assets", "--help")]
    [InlineData("assets-add", "assets", "add", "--help")]
    public async Task Help_says_what_there_is_and_gives_examples(string name, params string[] args)
    {
        using var masq = new MasqRun();
        var result = await masq.RunAsync(args);
        (result.Code, result.Error).ShouldBe((0, ""));
        Snapshot.Match(result.Output, name);
    }

    [Fact]
    public async Task Without_arguments_it_helps()
    {
        using var masq = new MasqRun();
        var bare = await masq.RunAsync([]);
        bare.ShouldBe(await masq.RunAsync(["--help"]));
    }

    [Fact]
    public async Task The_version_is_one_line()
    {
        using var masq = new MasqRun();
        var result = await masq.RunAsync(["--version"]);
        result.Code.ShouldBe(0);
        result.Output.ShouldMatch(@"\Amasq \d+\.\d+\.\d+\n\z");
    }
}
