namespace Masquerade.Cli.Tests;

/// <summary>A model that ships with the program goes by its name wherever a model is asked for.</summary>
public sealed class BundledModelTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public BundledModelTests() => _masq.Bundle("mini");

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task Every_command_takes_a_name()
    {
        var pairs = _masq.WriteFolds();
        string[][] lines =
        [
            ["evaluate", "--images", _masq["images"], "--pairs", pairs],
            ["verify", _masq.Photograph(0, 1), _masq.Photograph(0, 2)],
            ["inspect"],
            ["run", "--images", _masq["images"], "--pairs", pairs, "--attacks", "minimal/fgsm", "--take", "2", "--out", _masq["run"]],
        ];
        foreach (var line in lines)
        {
            string[] wrong = line[0] == "inspect" ? ["minni"] : ["--model", "minni"];
            var result = await _masq.RunAsync([.. line, .. wrong]);
            result.ShouldBe(new MasqResult(2, "", "error: minni: no such file, and no model of that name (known are mini); "
                + "did you mean mini?\n"), line[0]);

            string[] model = line[0] == "inspect" ? ["mini"] : ["--model", "mini"];
            result = await _masq.RunAsync([.. line, .. model]);
            (result.Code, result.Error).ShouldBe((0, ""), line[0]);
            if (line[0] != "verify") result.Output.ShouldContain("mini", customMessage: line[0]);
        }
    }

    [Fact]
    public async Task A_spec_takes_a_name_and_the_run_keeps_it()
    {
        _masq.WriteFolds();
        const string text = "models: [mini, tiny.model.json]\nimages: images\npairs: pairs.txt\nattacks: [minimal/fgsm]\ntake: 2\n";
        var spec = _masq.Write("spec.yaml", text);
        var result = await _masq.RunAsync(["run", "--spec", spec, "--out", _masq["run"]]);
        (result.Code, result.Error).ShouldBe((0, ""));
        using (var ledger = Evaluation.Ledger.RunLedger.Read(_masq["run"])) ledger.Experiment.Models.ShouldBe(["mini", _masq["tiny.model.json"]]);
        (await _masq.RunAsync(["run", "--resume", _masq["run"]])).Code.ShouldBe(0);

        // Another program may come with another model of that name: its rows do not belong to this run.
        File.WriteAllText(_masq["models/mini.model.json"], File.ReadAllText(_masq["models/mini.model.json"]).Replace("0.5", "0.4"));
        result = await _masq.RunAsync(["run", "--resume", _masq["run"]]);
        result.Code.ShouldBe(2);
        result.Error.ShouldContain("mini.model.json: the model descriptor changed since the run began");
    }

    [Fact]
    public async Task Without_bundled_models_a_name_says_where_they_were_looked_for()
    {
        Directory.Delete(_masq["models"], recursive: true);
        var result = await _masq.RunAsync(["inspect", "mini"]);
        result.ShouldBe(new MasqResult(2, "", "error: mini: no such file, and no model of that name "
            + "(there are none in {folder}/models); name one, or give the path of a *.model.json\n"));
    }
}
