using Masquerade.Evaluation.Datasets.Synthetic;

namespace Masquerade.Cli.Tests;

public sealed class TrainTests : IDisposable
{
    private static readonly string[] Small = ["--people", "8", "--captures", "3", "--batch", "6", "--validation-people", "3", "--epochs", "2"];

    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task A_verifier_is_trained_and_works_as_any_other()
    {
        var result = await _masq.RunAsync(["train", "verifier", .. Small, "--threads", "1", "--out", _masq["mine"]]);
        result.Code.ShouldBe(0, result.Error);
        result.Output.ShouldMatch(@"^\{folder\}/mine/mine\.model\.json: the network of epoch [12], accuracy [\d.]+ %, TAR [\d.]+ % at FAR 0\.1 %; "
            + @"on people kept from training\n$");
        var lines = result.Error.Split('\n');
        lines[0].ShouldBe("24 photographs of 8 people");
        lines[1].ShouldMatch(@"^epoch 1 of 2: loss [\d.]+, accuracy [\d.]+ %, TAR [\d.]+ % at FAR 0\.1 %, the best so far$");
        foreach (var file in new[] { "mine.onnx", "mine.model.json", "training.json", "checkpoint.safetensors" })
            File.Exists(Path.Combine(_masq["mine"], file)).ShouldBeTrue(file);

        new SyntheticFolder(2, 2, 1).Write(_masq["faces"], cancellation: TestContext.Current.CancellationToken);
        var verify = await _masq.RunAsync(["verify", _masq["faces/images/Person_0001/Person_0001_0001.jpg"],
            _masq["faces/images/Person_0002/Person_0002_0001.jpg"], "--model", _masq["mine/mine.model.json"], "--landmarks", _masq["faces/landmarks.csv"]]);
        verify.Code.ShouldBe(0, verify.Error);
    }

    [Fact]
    public async Task A_denoiser_is_trained_interrupted_and_goes_on()
    {
        using var stop = new CancellationTokenSource();
        var folder = _masq["mine"];
        string[] args =
        [
            "train", "denoiser", "--people", "8", "--batch", "4", "--validation-people", "3", "--epochs", "3", "--noise", "20:40", "--threads", "1",
        ];
        var interrupted = await _masq.RunAsync([.. args, "--out", folder], stop.Token, line =>
        {
            if (line.StartsWith("epoch 1 of", StringComparison.Ordinal)) stop.Cancel();
        });
        interrupted.Code.ShouldBe(130);
        interrupted.Error.ShouldStartWith("8 photographs of 8 people\n");
        interrupted.Error.ShouldEndWith("error: interrupted\n");
        var resumed = await _masq.RunAsync(["train", "denoiser", "--resume", folder]);
        resumed.Code.ShouldBe(0, resumed.Error);
        resumed.Output.ShouldMatch(
            @"^\{folder\}/mine/mine\.onnx: the network of epoch [123], PSNR [\d.]+ dB, -?[\d.]+ dB more than what it is given; "
            + @"on people kept from training\n$");
        resumed.Error.ShouldMatch(@"(?m)^epoch 3 of 3: loss [\d.]+, PSNR [\d.]+ dB, -?[\d.]+ dB more than what it is given");
        var whole = await _masq.RunAsync([.. args, "--name", "mine", "--out", _masq["whole"]]);
        whole.Code.ShouldBe(0, whole.Error);
        File.ReadAllBytes(Path.Combine(folder, "mine.onnx")).ShouldBe(File.ReadAllBytes(_masq["whole/mine.onnx"]));
        (await _masq.RunAsync(["train", "verifier", "--resume", folder])).Error.ShouldContain("its journal is not of such a training");
    }

    [Theory]
    [InlineData("both", "--noise and --adversarial contradict each other: give one", "--noise", "25", "--adversarial", "mini")]
    [InlineData("noise", "--noise is 'much'; give a standard deviation as 25, or two as 0:30", "--noise", "much")]
    [InlineData("three levels", "--noise is '1:2:3'", "--noise", "1:2:3")]
    [InlineData("order", "noise of 30:10 is not possible", "--noise", "30:10")]
    [InlineData("nothing", "noise of 0 is not possible", "--noise", "0")]
    [InlineData("epsilon", "--epsilon and --steps are of --adversarial MODEL", "--epsilon", "2")]
    [InlineData("unknown model", "mimi: no such file, and no model of that name", "--adversarial", "mimi")]
    [InlineData("another size", "takes crops of 16x16 (none), but denoisers are trained on arcface-112x112", "--adversarial",
        "{folder}/tiny.model.json")]
    public async Task A_denoiser_s_bad_input_is_one_line(string what, string message, params string[] args)
    {
        TinyModel.Write(_masq[""]);
        var result = await _masq.RunAsync(["train", "denoiser", "--people", "8", "--validation-people", "3", "--out", _masq["out"],
            .. args.Select(a => a.Replace("{folder}", _masq[""].TrimEnd('/'), StringComparison.Ordinal))]);
        result.Code.ShouldBe(2, what);
        result.Error.ShouldContain(message, customMessage: what);
        result.Error.Split('\n').Count(line => line.StartsWith("error: ", StringComparison.Ordinal)).ShouldBe(1, what);
    }

    [Fact]
    public async Task Interrupted_it_says_so_and_goes_on()
    {
        using var stop = new CancellationTokenSource();
        var folder = _masq["mine"];
        string[] endless = [.. Small.Select(a => a == "2" ? "5000" : a)];
        var result = await _masq.RunAsync(["train", "verifier", .. endless, "--out", folder], stop.Token, line =>
        {
            if (line.StartsWith("epoch 1 of", StringComparison.Ordinal)) stop.Cancel();
        });
        result.Code.ShouldBe(130);
        result.Error.ShouldEndWith("error: interrupted\n");
        var refused = await _masq.RunAsync(["train", "verifier", .. Small, "--out", folder]);
        refused.Error.ShouldBe("error: {folder}/mine: holds a training already; go on with it by --resume, or name another folder\n");
        var both = await _masq.RunAsync(["train", "verifier", "--resume", folder, "--epochs", "3"]);
        both.Error.ShouldContain("--resume takes its settings from the training");
    }

    [Theory]
    [InlineData("no people", "{folder}/empty: has no folders of people with photographs in them", "--images", "{folder}/empty", "--aligned")]
    [InlineData("one each", "{folder}/one: nobody has two usable photographs", "--images", "{folder}/one", "--aligned")]
    [InlineData("no pictures", "{folder}/text: nobody has two usable photographs (4 cannot be used:", "--images", "{folder}/text", "--aligned")]
    [InlineData("another size", "nobody has two usable photographs (20 cannot be used:", "--images", "{folder}/people", "--aligned")]
    [InlineData("no landmarks", "needs landmarks: give --landmarks FILE, or --aligned", "--images", "{folder}/people")]
    [InlineData("no folder", "{folder}/nowhere: no such folder", "--images", "{folder}/nowhere", "--aligned")]
    [InlineData("nothing", "give --images FOLDER or --people N")]
    [InlineData("both", "give --images FOLDER or --people N", "--images", "{folder}/one", "--people", "9")]
    [InlineData("few", "3 people are not possible; paint 4 to 9999", "--people", "3")]
    [InlineData("captures", "1 photographs of a person are not possible", "--people", "8", "--captures", "1")]
    [InlineData("reserved", "--people-seed 2026 paints the people whom models are tried on", "--people", "8", "--people-seed", "2026")]
    [InlineData("list of nobody here", "{folder}/list.txt: 1 of its 1 people have no photographs in", "--images", "{folder}/people", "--aligned",
        "--people-list", "{folder}/list.txt")]
    [InlineData("overlap", "{folder}/people: 1 of its 2 people are evaluated in {folder}/pairs.csv (p1); leave them out", "--images", "{folder}/people",
        "--aligned", "--pairs", "{folder}/pairs.csv")]
    [InlineData("pairs of painted people", "--pairs is for --images", "--people", "8", "--pairs", "{folder}/pairs.csv")]
    [InlineData("captures of photographs", "--captures is for --people", "--images", "{folder}/people", "--aligned", "--captures", "3")]
    [InlineData("kept", "training needs two more than that", "--people", "8", "--captures", "2", "--validation-people", "7")]
    [InlineData("rate", "a learning rate of -1 is not possible", "--people", "8", "--learning-rate", "-1")]
    [InlineData("loss", "softmax", "--people", "8", "--loss", "softmax")]
    [InlineData("epsilon", "--epsilon and --steps are of --adversarial", "--people", "8", "--epsilon", "2")]
    [InlineData("another architecture", "is no checkpoint of this training", "--people", "4", "--captures", "2", "--validation-people", "2",
        "--from", "{folder}/other.safetensors")]
    [InlineData("no checkpoint", "{folder}/none.pt: there is no such file", "--people", "4", "--captures", "2", "--validation-people", "2",
        "--from", "{folder}/none.pt")]
    public async Task Bad_input_is_one_line(string what, string message, params string[] args)
    {
        WriteFolders();
        var result = await _masq.RunAsync(["train", "verifier", .. args.Select(a => a.Replace("{folder}", _masq[""].TrimEnd('/'), StringComparison.Ordinal)),
            "--out", _masq["out"]]);
        result.Code.ShouldBe(2, what);
        result.Error.ShouldContain(message, customMessage: what);
        result.Error.Split('\n').Count(line => line.StartsWith("error: ", StringComparison.Ordinal)).ShouldBe(1, what);
        result.Error.ShouldEndWith("\n");
        File.Exists(_masq["out/out.onnx"]).ShouldBeFalse(what);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_one_line()
    {
        File.WriteAllText(_masq["file"], "");
        var result = await _masq.RunAsync(["train", "verifier", .. Small, "--out", _masq["file/below"]]);
        (result.Code, result.Error.Contains("cannot be written", StringComparison.Ordinal)).ShouldBe((2, true), result.Error);
    }

    private void WriteFolders()
    {
        Directory.CreateDirectory(_masq["empty"]);
        for (var person = 0; person < 2; person++)
        {
            foreach (var folder in new[] { "one", "text", "people" }) Directory.CreateDirectory(_masq[$"{folder}/p{person}"]);
            File.Copy(_masq.Photograph(person, 1), _masq[$"one/p{person}/1.png"]);
            for (var i = 0; i < 2; i++) File.WriteAllText(_masq[$"text/p{person}/{i}.jpg"], "no picture");
            for (var i = 0; i < 10; i++) File.Copy(_masq.Photograph(person, 1), _masq[$"people/p{person}/{i}.png"]);
        }
        File.WriteAllText(_masq["list.txt"], "Somebody\n");
        File.WriteAllText(_masq["pairs.csv"], "probe,reference,same_person\np1/1.png,q1/1.png,0\n");
        // A safetensors file with one tensor that no verifier has.
        var header = """{"conv1.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"""u8;
        File.WriteAllBytes(_masq["other.safetensors"], [.. BitConverter.GetBytes((long)header.Length), .. header, 0, 0, 0, 0]);
    }
}
