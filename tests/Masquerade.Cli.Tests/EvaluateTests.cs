using System.Text.Json;

namespace Masquerade.Cli.Tests;

public sealed class EvaluateTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task A_list_with_folds()
    {
        var result = await _masq.EvaluateAsync(_masq.WriteFolds());
        result.Error.ShouldBe("");
        result.Code.ShouldBe(0);
        Snapshot.Match(result.Output, "folds");
    }

    [Fact]
    public async Task A_list_with_folds_of_which_some_are_missing_and_a_photograph_is_damaged()
    {
        File.WriteAllText(_masq.Photograph(0, 4), "no picture");
        var result = await _masq.EvaluateAsync(_masq.WriteFolds(foldsWithPhotographs: 3), "--json", _masq["result.json"]);
        result.Error.ShouldBe("");
        result.Code.ShouldBe(0);
        Snapshot.Match(result.Output, "missing");
        Snapshot.Match(File.ReadAllText(_masq["result.json"]).Replace(_masq[""], "{folder}", StringComparison.Ordinal), "missing-json");
        Directory.GetFiles(_masq[""], "*.tmp").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_list_without_folds_as_text_and_as_json_on_standard_output()
    {
        var pairs = _masq.Write("pairs.csv", """
            probe,reference,same_person
            Ada_0001.png,Ada_0002.png,1
            Bob_0001.png,Bob_0002.png,1
            Cid_0001.png,Dee_0001.png,0
            Dee_0001.png,Eve_0002.png,0
            """);
        var text = await _masq.EvaluateAsync(pairs);
        text.Code.ShouldBe(0);
        Snapshot.Match(text.Output, "no-folds");
        var json = await _masq.EvaluateAsync(pairs, "--json");
        (json.Code, json.Error).ShouldBe((0, ""));
        using var parsed = JsonDocument.Parse(json.Output);
        parsed.RootElement.GetProperty("accuracyStd").ValueKind.ShouldBe(JsonValueKind.Null);
        parsed.RootElement.GetProperty("thresholds").EnumerateArray().Single().GetDouble().ShouldBe(0.5);
        parsed.RootElement.GetProperty("pairs").GetInt32().ShouldBe(4);
        (await _masq.EvaluateAsync(pairs, "--json", "-")).Output.ShouldBe(json.Output);
        var other = await _masq.EvaluateAsync(pairs, "--threshold", "0.25");
        other.Output.ShouldContain("0.25              the threshold given");
    }

    [Fact]
    public async Task The_number_of_threads_changes_no_digit()
    {
        var pairs = _masq.WriteFolds();
        var one = await _masq.EvaluateAsync(pairs, "--json", "--threads", "1");
        var four = await _masq.EvaluateAsync(pairs, "--json", "--threads", "4");
        four.Output.ShouldBe(one.Output);
    }

    [Fact]
    public async Task Without_photographs_it_is_on_synthetic_people_in_ten_folds()
    {
        TinyModel.WriteAligned(_masq["models"], "mini", threshold: 0.1);
        var result = await _masq.RunAsync(["evaluate", "--model", "mini", "--people", "20", "--json", _masq["result.json"]]);
        (result.Code, result.Error).ShouldBe((0, ""));
        result.Output.ShouldStartWith("mini on 20 synthetic people (seed 2026): 240 of 240 pairs in 10 folds\n\n  accuracy ");
        using var json = JsonDocument.Parse(File.ReadAllText(_masq["result.json"]));
        json.RootElement.GetProperty("pairList").GetString().ShouldBe("20 synthetic people (seed 2026)");
        json.RootElement.GetProperty("folds").GetArrayLength().ShouldBe(10);

        // Written down by the other command they give the same numbers.
        string[] people = ["--people", "20", "--captures", "4", "--seed", "2026", "--out", _masq["faces"]];
        (await _masq.RunAsync(["synthesize", .. people])).Code.ShouldBe(0);
        var again = await _masq.RunAsync(["evaluate", "--model", "mini", "--images", _masq["faces/images"],
            "--pairs", _masq["faces/pairs.txt"], "--landmarks", _masq["faces/landmarks.csv"]]);
        Numbers(again.Output).ShouldBe(Numbers(result.Output));

        static string Numbers(string output) => output[output.IndexOf('\n')..];
    }

    [Fact]
    public async Task Interrupted_it_ends_with_130()
    {
        var pairs = _masq.WriteFolds();
        var result = await _masq.RunAsync(
            ["evaluate", "--model", _masq.Model, "--images", _masq["images"], "--pairs", pairs], new CancellationToken(canceled: true));
        result.ShouldBe(new MasqResult(130, "", "error: interrupted\n"));
        result = await _masq.RunAsync(["evaluate", "--model", _masq.Model], new CancellationToken(canceled: true));
        result.ShouldBe(new MasqResult(130, "", "error: interrupted\n"));
    }
}
