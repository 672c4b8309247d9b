namespace Masquerade.Cli.Tests;

public sealed class ProgramNameTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public void From_its_source_it_is_started_with_dotnet_run()
    {
        _masq.Write("a clone/src/Masquerade.Cli/Masquerade.Cli.csproj", "");
        var program = _masq["a clone/src/Masquerade.Cli/bin/Release/net10.0/"];
        Directory.CreateDirectory(program);
        ProgramName.Of(program, _masq["a clone"]).ShouldBe("dotnet run -c Release --project src/Masquerade.Cli --");
        ProgramName.Of(program, _masq[""]).ShouldBe("dotnet run -c Release --project \"a clone/src/Masquerade.Cli\" --");
        ProgramName.Of(program, _masq["a clone/src/Masquerade.Cli"]).ShouldBe("dotnet run -c Release --project . --");
    }

    [Theory]
    [InlineData("tools/net10.0/any/")]
    [InlineData("bin/Release/net10.0/")]
    [InlineData("/")]
    public void Anywhere_else_it_is_masq(string program) => ProgramName.Of(Path.Combine(_masq[""], program), _masq[""]).ShouldBe("masq");
}
