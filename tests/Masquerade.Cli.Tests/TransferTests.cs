using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;

namespace Masquerade.Cli.Tests;

/// <summary><c>masq transfer</c>, and <c>masq run --transfer-to</c>.</summary>
public sealed class TransferTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task The_bundled_models_judge_each_other_s_images()
    {
        Directory.CreateDirectory(_masq["models"]);
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "models"), "mini*"))
            File.Copy(file, Path.Combine(_masq["models"], Path.GetFileName(file)));
        var result = await _masq.RunAsync(
        [
            "run", "--model", "mini", "--transfer-to", "mini-robust", "--attacks", "minimal/fgsm", "--storage", "8bit", "--take", "4",
            "--out", _masq["run"],
        ]);
        result.Code.ShouldBe(0, result.Error);
        result.Output.ShouldContain("mini, 8-bit images, threshold 0.92: judged by itself, rounded to 8 bits");
        result.Output.ShouldContain("mini, 8-bit images, threshold 0.92: judged by mini-robust, threshold 0.98");
        using (var run = RunLedger.Read(_masq["run"]))
        {
            run.Experiment.TransferTo.ShouldBe(["mini-robust"]);
            run.Transfers.Where(t => t.Target == "mini").ShouldAllBe(t => t.Fooled == true);
            run.Transfers.Count(t => t.Target == "mini-robust").ShouldBe(run.Rows.Count(r => r is { Success: true, AlreadyWrong: false }));
            run.CleanTransfers.Count.ShouldBe(8);
        }
        var before = File.ReadAllText(_masq["run/results.csv"]);
        var again = await _masq.RunAsync(["transfer", _masq["run"], "--to", "mini-robust"]);
        again.Code.ShouldBe(0, again.Error);
        File.ReadAllText(_masq["run/results.csv"]).ShouldBe(before);
        var pasted = await _masq.RunAsync(["transfer", _masq["run"], "--to", "mini-robust", "--paste"]);
        pasted.Output.ShouldContain("judged by mini-robust (pasted), threshold 0.98");
        File.ReadAllText(_masq["run/report.html"]).ShouldContain("id=\"transfer\"");
        (await _masq.RunAsync(["report", _masq["run"]])).Output.ShouldContain("judged by mini-robust (pasted)");
    }

    [Theory]
    [InlineData("no run there", "--to", "mini")]
    [InlineData("'--to' is required")]
    [InlineData("give --detect beside it", "--to", "mini", "--detector", "x")]
    [InlineData("give one", "--to", "mini", "--record", "a", "--replay", "b")]
    [InlineData("--max-calls is below 0", "--to", "mini", "--max-calls", "-1")]
    [InlineData("--rate must be above 0", "--to", "mini", "--rate", "0")]
    public async Task Bad_input_is_one_line(string problem, params string[] more)
    {
        var result = await _masq.RunAsync(["transfer", _masq["nowhere"], .. more]);
        result.Code.ShouldBe(2);
        result.Error.ShouldContain(problem, Case.Insensitive);
        result.Error.TrimEnd().Split('\n').Length.ShouldBe(1, result.Error);
    }

    [Fact]
    public async Task A_run_refuses_targets_before_it_attacks()
    {
        _masq.Bundle("mini");
        var pairs = _masq.WriteFolds();
        string[] run =
        [
            "run", "--model", "mini", "--images", _masq["images"], "--pairs", pairs, "--take", "2", "--attacks", "minimal/fgsm",
            "--out", _masq["run"],
        ];
        TinyModel.WriteAligned(_masq["aligned"], "other", threshold: 0.1);
        foreach (var (target, problem) in new[]
        {
            ("rekognition", "is a service"), ("minni", "did you mean mini?"),
            (_masq["aligned/other.model.json"], "has to know where the faces are"),
        })
        {
            var result = await _masq.RunAsync([.. run, "--transfer-to", target]);
            (result.Code, Directory.Exists(_masq["run"])).ShouldBe((2, false), result.Error);
            result.Error.ShouldContain(problem);
        }
        (await _masq.RunAsync([.. run, "--transfer-to", "mini"])).Code.ShouldBe(0);
    }
}
