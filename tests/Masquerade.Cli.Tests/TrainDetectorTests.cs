using System.Text.Json;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Imaging;

namespace Masquerade.Cli.Tests;

public sealed class TrainDetectorTests : IDisposable
{
    private static readonly string Mini = Path.Combine(AppContext.BaseDirectory, "models", "mini.model.json");

    private static readonly string[] Small =
    [
        "--model", Mini, "--people", "8", "--validation-people", "3", "--attacks", "minimal/fgsm", "--threads", "1",
    ];

    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task A_detector_is_trained_and_asked()
    {
        string[] train = ["train", "detector", .. Small, "--epochs", "1", "--unseen", "minimal/uniform", "--out",
            _masq["made/cnn.onnx"], "--json", _masq["made.json"]];
        var result = await _masq.RunAsync(train);
        result.Code.ShouldBe(0, result.Error);
        var lines = result.Output.Split('\n');
        lines[0].ShouldMatch(@"^\{folder\}/made/cnn\.onnx: learned from 10 clean faces and \d+ adversarial images of mini$");
        lines[1].ShouldBe("on 6 clean faces of people kept from learning, and adversarial images of them; 95 % intervals:");
        lines[2].ShouldMatch("^  attack +learned  images  median L2  AUC +at 1 % false alarms +at 5 % false alarms$");
        lines[3].ShouldMatch(@"^  minimal/fgsm +yes +\d+ +\d\.\d\d +\d\.\d{3} ± \d\.\d{3} +[\d.]+ % \([\d.]+–[\d.]+\)");
        lines[4].ShouldMatch(@"^  minimal/uniform +no +\d");
        using var json = JsonDocument.Parse(File.ReadAllText(_masq["made.json"]));
        var card = json.RootElement.GetProperty("card");
        (card.GetProperty("kind").GetString(), card.GetProperty("cleanFaces").GetInt32()).ShouldBe(("cnn", 10));
        json.RootElement.GetProperty("attacks")[0].GetProperty("detected").GetArrayLength().ShouldBe(2);
        var again = await _masq.RunAsync(train);
        again.ShouldBe(new MasqResult(2, "", "error: {folder}/made/cnn.onnx: is there already; name a new file\n"));

        string[] crops = [.. Enumerable.Range(0, 2).Select(Crop)];
        string[] ask = ["detect", .. crops, "--detector", _masq["made/cnn.onnx"], "--model", Mini, "--aligned", "--threads", "1"];
        var asked = await _masq.RunAsync(ask);
        asked.Code.ShouldBe(0, asked.Error);
        asked.Output.ShouldMatch(@"^(refused|passed ) +-?[\d.E-]+  \{folder\}/crop0\.png\n(refused|passed ) +-?[\d.E-]+  \{folder\}/crop1\.png\n"
            + @"\d of 2 refused by cnn: a score above -?[\d.E-]+, 1 % of clean faces\n$");
        var answer = await _masq.RunAsync([.. ask, "--false-alarms", "0.05", "--json"]);
        using var said = JsonDocument.Parse(answer.Output);
        said.RootElement.GetProperty("falseAlarms").GetDouble().ShouldBe(0.05);
        var threshold = said.RootElement.GetProperty("threshold").GetDouble();
        foreach (var photograph in said.RootElement.GetProperty("photographs").EnumerateArray())
            photograph.GetProperty("refused").GetBoolean().ShouldBe(photograph.GetProperty("score").GetDouble() > threshold);

        // One that comes along goes by its name.
        var named = await _masq.RunAsync([.. ask.Select(a => a == _masq["made/cnn.onnx"] ? "squeeze" : a)]);
        named.Code.ShouldBe(0, named.Error);
        named.Output.ShouldContain("of 2 refused by squeeze");
        await Refused("no detector 'cmn': name a file that masq train detector wrote, or cnn, ", [.. ask.Select(a => a == _masq["made/cnn.onnx"] ? "cmn" : a)]);

        var unusable = _masq.Write("broken.png", "no picture");
        var part = await _masq.RunAsync([.. ask, unusable]);
        (part.Code, part.Error.Split('\n').Length).ShouldBe((0, 2));
        part.Error.ShouldStartWith("left out: {folder}/broken.png: ");
        var strict = await _masq.RunAsync([.. ask, unusable, "--strict"]);
        (strict.Code, strict.Output).ShouldBe((2, ""));
        strict.Error.ShouldStartWith("error: {folder}/broken.png: ");
        await Refused("no threshold is known for 2 % false alarms", [.. ask, "--false-alarms", "0.02"]);
        await Refused("cnn.onnx: was made for crops of 112x112, and Tiny takes 16x16", [.. ask.Select(a => a == Mini ? _masq.Model : a)]);
    }

    [Fact]
    public async Task Squeezing_needs_no_learning()
    {
        var result = await _masq.RunAsync(["train", "detector", .. Small, "--kind", "squeeze", "--purifiers", "bits:4,median:3",
            "--out", _masq["squeeze.onnx"]]);
        result.Code.ShouldBe(0, result.Error);
        result.Output.ShouldStartWith("{folder}/squeeze.onnx: for mini; nothing had to be learned\n");
        result.Output.ShouldMatch("minimal/fgsm +no ");
    }

    [Fact]
    public async Task Interrupted_it_says_how_to_go_on()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        var result = await _masq.RunAsync(["train", "detector", .. Small, "--out", _masq["d.onnx"]], stop.Token);
        result.Code.ShouldBe(130);
        result.Error.ShouldEndWith("stopped; what is made is kept in {folder}/d.training. Go on with the same command\nerror: interrupted\n");
    }

    [Fact]
    public async Task People_who_are_evaluated_are_not_learned_from()
    {
        new SyntheticFolder(6, 2, 1).Write(_masq["faces"], cancellation: TestContext.Current.CancellationToken);
        var pairs = _masq.Write("pairs.csv", "probe,reference,same_person\nPerson_0005_0001.jpg,Person_0006_0001.jpg,0\n");
        string[] folder =
        [
            "train", "detector", "--model", Mini, "--images", _masq["faces/images"], "--landmarks", _masq["faces/landmarks.csv"],
            "--pairs", pairs,
            "--validation-people", "2", "--kind", "squeeze", "--purifiers", "bits:4", "--threads", "1", "--attacks", "minimal/uniform",
        ];
        await Refused("2 of its 6 people are evaluated in", [.. folder, "--out", _masq["a.onnx"]]);
        File.Exists(_masq["a.onnx"]).ShouldBeFalse();
        Directory.Exists(_masq["a.training"]).ShouldBeFalse();
        var list = _masq.Write("people.txt", "Person_0001\nPerson_0002\nPerson_0003\nPerson_0004\n");
        var listed = await _masq.RunAsync([.. folder, "--people-list", list, "--out", _masq["b.onnx"]]);
        listed.Code.ShouldBe(0, listed.Error);
        listed.Output.ShouldContain("on 4 clean faces");
    }

    [Theory]
    [InlineData("nothing", "give --images FOLDER or --people N", "--model", "mini")]
    [InlineData("kind", "'net'", "--model", "MINI", "--people", "8", "--kind", "net")]
    [InlineData("no model", "--model", "--people", "8")]
    [InlineData("kept", "training needs two more than that", "--model", "MINI", "--people", "8", "--validation-people", "7")]
    [InlineData("purifiers", "--purifiers is for the kinds residual and squeeze", "--model", "MINI", "--people", "8", "--purifiers",
        "mean")]
    [InlineData("layers", "--layers is for the kinds safetynet and mahalanobis", "--model", "MINI", "--people", "8", "--layers", "x")]
    [InlineData("epochs", "--epochs is for the kinds cnn and residual", "--model", "MINI", "--people", "8", "--kind", "squeeze",
        "--epochs", "3")]
    [InlineData("layer", "no activation 'stage9'", "--model", "MINI", "--people", "8", "--validation-people", "3", "--kind",
        "safetynet", "--layers", "stage9")]
    [InlineData("attack", "no attack 'fgms'", "--model", "MINI", "--people", "8", "--attacks", "fgms")]
    [InlineData("no attacks", "name it with --attacks", "--model", "MINI", "--people", "8", "--attacks", ",")]
    [InlineData("floats", "foolbox-v1/fgsm makes float images only", "--model", "MINI", "--people", "8", "--attacks", "foolbox-v1/fgsm")]
    [InlineData("rate", "a learning rate of 0 is not possible", "--model", "MINI", "--people", "8", "--learning-rate", "0")]
    [InlineData("faces", "--faces", "--model", "MINI", "--people", "8", "--faces", "3")]
    public async Task Bad_input_is_one_line(string what, string message, params string[] args)
    {
        var result = await _masq.RunAsync(["train", "detector", .. args.Select(a => a == "MINI" ? Mini : a), "--out", _masq["d.onnx"]]);
        result.Code.ShouldBe(2, what);
        result.Error.ShouldContain(message, customMessage: what);
        result.Error.Split('\n').Count(line => line.StartsWith("error: ", StringComparison.Ordinal)).ShouldBe(1, what);
        Directory.Exists(_masq["d.training"]).ShouldBeFalse(what);
    }

    [Theory]
    [InlineData("no detector", "Option '--detector' is required", "crop.png", "--model", "MINI", "--aligned")]
    [InlineData("no such", "none.onnx: no such file", "crop.png", "--model", "MINI", "--aligned", "--detector", "none.onnx")]
    [InlineData("not one", "is an ONNX model, but no detector; make one with masq train detector", "crop.png", "--model", "MINI",
        "--aligned", "--detector", "MINI.onnx")]
    public async Task Bad_questions_are_one_line(string what, string message, params string[] args)
    {
        var network = Path.ChangeExtension(Mini, null);
        network = Path.ChangeExtension(network, "onnx");
        var result = await _masq.RunAsync(["detect", .. args.Select(a => a switch { "MINI" => Mini, "MINI.onnx" => network, _ => a })]);
        (result.Code, result.Output).ShouldBe((2, ""), what);
        result.Error.ShouldContain(message, customMessage: what);
        result.Error.Trim().ShouldNotContain("\n");
    }

    private async Task Refused(string message, string[] args)
    {
        var result = await _masq.RunAsync(args);
        (result.Code, result.Output).ShouldBe((2, ""));
        result.Error.ShouldContain(message);
        result.Error.Trim().ShouldNotContain("\n");
    }

    private string Crop(int person)
    {
        var photograph = new SyntheticFaces(9).Photograph(person, 0);
        var path = _masq[$"crop{person}.png"];
        ImageFile.WritePng(path, FaceAligner.Align(photograph.Decode(), photograph.Landmarks, AlignmentKind.ArcFace112x112));
        return path;
    }
}
