using System.Text.Json;

namespace Masquerade.Cli.Tests;

public sealed class VerifyTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task The_same_person()
    {
        var result = await VerifyAsync(_masq.Photograph(1, 1), _masq.Photograph(1, 2));
        (result.Code, result.Error).ShouldBe((0, ""));
        Snapshot.Match(result.Output, "same");
    }

    [Fact]
    public async Task Different_people_are_no_failure()
    {
        var result = await VerifyAsync(_masq.Photograph(2, 1), _masq.Photograph(3, 1), "--aligned");
        (result.Code, result.Error).ShouldBe((0, ""));
        Snapshot.Match(result.Output, "different");
    }

    [Fact]
    public async Task A_photograph_and_itself_are_at_distance_0()
    {
        var result = await VerifyAsync(_masq.Photograph(2, 1), _masq.Photograph(2, 1), "--json");
        using var json = JsonDocument.Parse(result.Output);
        json.RootElement.GetProperty("distance").GetDouble().ShouldBe(0);
        json.RootElement.GetProperty("samePerson").GetBoolean().ShouldBeTrue();
        json.RootElement.GetProperty("decision").GetString().ShouldBe("same");
    }

    [Fact]
    public async Task The_threshold_decides_and_json_goes_to_a_file_beside_the_text()
    {
        var usual = await VerifyAsync(_masq.Photograph(2, 1), _masq.Photograph(2, 2), "--json", _masq["a.json"]);
        usual.Output.ShouldContain("same person");
        using var json = JsonDocument.Parse(File.ReadAllText(_masq["a.json"]));
        var distance = json.RootElement.GetProperty("distance").GetDouble();
        distance.ShouldBeInRange(1e-6, 0.5);
        var strict = await VerifyAsync(_masq.Photograph(2, 1), _masq.Photograph(2, 2), "--threshold", $"{distance / 2:F9}");
        strict.Output.ShouldContain("different people");
        strict.Code.ShouldBe(0);
    }

    [Fact]
    public async Task Photographs_are_aligned_by_their_landmarks()
    {
        var model = File.ReadAllText(_masq.Model).Replace("\"none\"", "\"arcface-112x112\"", StringComparison.Ordinal);
        var result = await _masq.RunAsync(
            ["verify", _masq.Photograph(0, 1), _masq.Photograph(0, 2), "--model", _masq.Write("aligned.model.json", model)]);
        result.Code.ShouldBe(2);
        result.Error.ShouldContain("its alignment arcface-112x112 makes 112x112");
    }

    private Task<MasqResult> VerifyAsync(string probe, string reference, params string[] more) =>
        _masq.RunAsync(["verify", probe, reference, "--model", _masq.Model, .. more]);
}
