using Masquerade.Defenses;
using Masquerade.Evaluation.Datasets.Synthetic;

namespace Masquerade.Cli.Tests;

public sealed class TrainPatchPriorTests : IDisposable
{
    private static readonly string[] Small =
    [
        "--people", "6", "--validation-people", "2", "--components", "4", "--patch-size", "4", "--rank", "6", "--patches", "2000",
        "--iterations", "3", "--threads", "1",
    ];

    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task A_prior_is_trained_and_stands_in_front_of_a_verifier()
    {
        var result = await _masq.RunAsync(["train", "patch-prior", .. Small, "--out", _masq["mine"], "--name", "small"]);
        result.Code.ShouldBe(0, result.Error);
        result.Output.ShouldMatch(@"^\{folder\}/mine/small\.safetensors: log-likelihood -?[\d.]+ a patch, EPLL takes noise of 25 levels "
            + @"from 2[\d.]+ to [23][\d.]+ dB; on people kept from training\n$");
        var lines = result.Error.Split('\n');
        lines[0].ShouldBe("6 photographs of 6 people");
        lines[1].ShouldMatch(@"^step 1 of 3: log-likelihood -?[\d.]+, of people kept from training -?[\d.]+$");
        File.Exists(_masq["mine/training.json"]).ShouldBeTrue();
        using var epll = PurifierRegistry.Open($"epll:25:{_masq["mine/small.safetensors"]}");
        epll.Gradient.ShouldBe(PurifierGradient.Exact);

        // What is over is written again.
        File.Delete(_masq["mine/small.safetensors"]);
        var again = await _masq.RunAsync(["train", "patch-prior", "--resume", _masq["mine"]]);
        (again.Code, again.Output).ShouldBe((0, result.Output));
        File.Exists(_masq["mine/small.safetensors"]).ShouldBeTrue();
    }

    [Fact]
    public async Task Interrupted_it_says_so_and_goes_on()
    {
        using var stop = new CancellationTokenSource();
        string[] endless = [.. Small.Select((a, i) => Small[Math.Max(0, i - 1)] == "--iterations" ? "5000" : a)];
        var result = await _masq.RunAsync(["train", "patch-prior", .. endless, "--out", _masq["mine"]], stop.Token, line =>
        {
            if (line.StartsWith("step 2 of", StringComparison.Ordinal)) stop.Cancel();
        });
        result.Code.ShouldBe(130);
        result.Error.ShouldEndWith("error: interrupted\n");
        var refused = await _masq.RunAsync(["train", "patch-prior", .. Small, "--out", _masq["mine"]]);
        refused.Error.ShouldBe("error: {folder}/mine: holds a training already; go on with it by --resume, or name another folder\n");
        var both = await _masq.RunAsync(["train", "patch-prior", "--resume", _masq["mine"], "--rank", "3"]);
        both.Error.ShouldContain("--resume takes its settings from the training");
    }

    [Fact]
    public async Task People_who_are_evaluated_are_not_learned_from()
    {
        new SyntheticFolder(6, 2, 1).Write(_masq["faces"], cancellation: TestContext.Current.CancellationToken);
        string[] folder =
        [
            "train", "patch-prior", "--images", _masq["faces/images"], "--landmarks", _masq["faces/landmarks.csv"], "--patches", "500",
            "--components", "2", "--patch-size", "3", "--rank", "4", "--iterations", "1", "--validation-people", "2", "--threads", "1",
        ];
        var pairs = _masq.Write("pairs.csv", "probe,reference,same_person\nPerson_0005_0001.jpg,Person_0006_0001.jpg,0\n");
        var refused = await _masq.RunAsync([.. folder, "--pairs", pairs, "--out", _masq["a"]]);
        refused.Code.ShouldBe(2);
        refused.Error.ShouldContain("2 of its 6 people are evaluated in");
        Directory.Exists(_masq["a"]).ShouldBeFalse();
        (await _masq.RunAsync([.. folder, "--pairs", pairs, "--allow-overlap", "--out", _masq["a"]])).Code.ShouldBe(0);
        var list = _masq.Write("people.txt", "Person_0001\nPerson_0002\nPerson_0003\nPerson_0004\n");
        var listed = await _masq.RunAsync([.. folder, "--pairs", pairs, "--people-list", list, "--out", _masq["b"]]);
        listed.Code.ShouldBe(0, listed.Error);
        listed.Error.ShouldStartWith("8 photographs of 4 people\n");
    }

    [Theory]
    [InlineData("nothing", "give --images FOLDER or --people N")]
    [InlineData("few", "3 people are not possible; paint 4 to 9999", "--people", "3")]
    [InlineData("reserved", "--people-seed 2026 paints the people whom models are tried on", "--people", "8", "--people-seed", "2026")]
    [InlineData("kept", "training needs two more than that", "--people", "4", "--validation-people", "3")]
    [InlineData("components", "0 components are not possible; 1 to 1000", "--people", "8", "--components", "0")]
    [InlineData("patch", "patches of 1 pixels are not possible; 2 to 16", "--people", "8", "--patch-size", "1")]
    [InlineData("rank", "a rank of 145 is not possible for patches of 7 pixels; 1 to 144", "--people", "8", "--rank", "145")]
    [InlineData("name", "the name 'checkpoint' is the training's own", "--people", "8", "--name", "checkpoint")]
    [InlineData("list", "--people-list is for --images", "--people", "8", "--people-list", "x")]
    public async Task Bad_input_is_one_line(string what, string message, params string[] args)
    {
        var result = await _masq.RunAsync(["train", "patch-prior", .. args, "--out", _masq["out"]]);
        result.Code.ShouldBe(2, what);
        result.Error.ShouldContain(message, customMessage: what);
        result.Error.Split('\n').Count(line => line.StartsWith("error: ", StringComparison.Ordinal)).ShouldBe(1, what);
        Directory.Exists(_masq["out"]).ShouldBeFalse(what);
    }
}
