using Masquerade.Datasets;
using Masquerade.Faces;

namespace Masquerade.Cli.Tests;

public sealed class SynthesizeTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task It_writes_people_and_a_sheet()
    {
        var result = await _masq.RunAsync(["synthesize", "--people", "3", "--captures", "2", "--out", _masq["faces"], "--seed", "5",
            "--sheet", _masq["sheet.png"]]);
        result.Code.ShouldBe(0, result.Error);
        result.Output.ShouldBe("6 photographs of 3 people, pairs.txt and landmarks.csv are in {folder}/faces\n");
        PairAvailability.Of(PairListReader.Read(_masq["faces/pairs.txt"]), new ImageFolder(_masq["faces/images"])).Missing.ShouldBeEmpty();
        ImageFile.Read(_masq["sheet.png"]).Width.ShouldBe(2 * 129 - 4);

        var again = await _masq.RunAsync(["synthesize", "--people", "3", "--captures", "2", "--out", _masq["faces"]]);
        again.ShouldBe(new MasqResult(2, "", "error: {folder}/faces: is not empty; name a new or an empty folder\n"));
    }

    [Theory]
    [InlineData("--people '1'", "--people is '1'; give a whole number from 2 to 9999", "--people", "1", "--captures", "2")]
    [InlineData("one capture", "--captures is '1'; give a whole number from 2 to 9999", "--people", "2", "--captures", "1")]
    [InlineData("no people", "--people", "--captures", "2")]
    [InlineData("seed", "-1", "--people", "2", "--captures", "2", "--seed", "-1")]
    [InlineData("sheet", "no folder", "--people", "2", "--captures", "2", "--sheet", "nowhere/at/all.png")]
    public async Task Bad_arguments_are_one_line(string what, string message, params string[] args)
    {
        var result = await _masq.RunAsync(["synthesize", "--out", _masq["faces"], .. args]);
        result.Code.ShouldBe(2, what);
        result.Error.ShouldContain(message);
        result.Error.Trim().ShouldNotContain("\n");
        Directory.Exists(_masq["faces"]).ShouldBeFalse();
    }

    [Fact]
    public async Task Ctrl_C_ends_it_in_good_order()
    {
        var result = await _masq.RunAsync(["synthesize", "--people", "500", "--captures", "20", "--out", _masq["faces"]],
            new CancellationToken(canceled: true));
        (result.Code, result.Output).ShouldBe((130, ""));
    }
}
