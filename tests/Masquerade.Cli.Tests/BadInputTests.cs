namespace Masquerade.Cli.Tests;

/// <summary>Whatever is wrong, a user sees one line that names it, and the exit code is 2.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly MasqRun _masq = new();
    private readonly string _pairs;

    public BadInputTests() => _pairs = _masq.WriteFolds();

    public void Dispose() => _masq.Dispose();

    [Theory]
    [InlineData("evaluate", "Option '--model' is required; see 'masq evaluate --help'")]
    [InlineData("evalute", "Unrecognized command or argument 'evalute'")]
    [InlineData("evaluate --model m --images i --pairs p --nonsense", "command or argument '--nonsense'; see 'masq evaluate --help'")]
    [InlineData("evaluate --model m --images i --pairs p --threads many", "--threads is 'many'; give a whole number from 0 to 1024")]
    [InlineData("evaluate --model m --images i --pairs p --threads -1", "--threads is '-1'; give a whole number")]
    [InlineData("evaluate --model m --images i --pairs p --threshold 4.5", "--threshold is '4.5'; give a number between 0 and 4")]
    [InlineData("evaluate --model m --images i --pairs p --landmarks l --aligned", "--landmarks and --aligned contradict each other")]
    [InlineData("evaluate --model m --images i", "--images needs --pairs FILE beside it; see 'masq evaluate --help'")]
    [InlineData("evaluate --model m --pairs p", "--pairs needs --images FOLDER beside it")]
    [InlineData("evaluate --model m --aligned", "--aligned needs --images FOLDER beside it")]
    [InlineData("evaluate --model m --images i --pairs p --people 30", "--people is for synthetic people: leave it out, or --images")]
    [InlineData("evaluate --model m --people 19", "--people is '19'; give a whole number from 20 to 9999")]
    [InlineData("train verifier --people 40 --people-seed 2026 --out o", "--people-seed 2026 paints the people whom models are tried on")]
    [InlineData("verify one.png --model m", "Required argument missing")]
    public async Task Usage(string line, string message) => await ExpectAsync(message, line.Split(' '));

    [Fact]
    public Task No_model() => ExpectEvaluateAsync("{folder}/none.json: no readable model descriptor", model: _masq["none.json"]);

    [Fact]
    public Task An_unknown_field() => ExpectEvaluateAsync("unknown field 'treshold'",
        model: _masq.Write("bad.model.json", File.ReadAllText(_masq.Model).Replace("threshold\"", "treshold\"", StringComparison.Ordinal)));

    [Fact]
    public async Task A_truncated_network()
    {
        var bytes = File.ReadAllBytes(_masq["tiny.onnx"]);
        File.WriteAllBytes(_masq["tiny.onnx"], bytes[..^100]);
        await ExpectEvaluateAsync("{folder}/tiny.onnx: ");
    }

    [Fact]
    public async Task No_network()
    {
        File.WriteAllText(_masq["tiny.onnx"], "this is text");
        await ExpectEvaluateAsync("{folder}/tiny.onnx: not an ONNX file");
    }

    [Fact]
    public async Task Weights_that_are_not_numbers()
    {
        TinyModel.Write(_masq[""], poison: true);
        await ExpectEvaluateAsync("{folder}/tiny.onnx: ");
    }

    [Fact]
    public async Task The_wrong_input_size()
    {
        TinyModel.Write(_masq[""], side: 20);
        await ExpectEvaluateAsync("the descriptor says 20x20 crops");
    }

    [Fact]
    public Task No_images_folder() => ExpectEvaluateAsync("{folder}/nowhere: no such folder", images: _masq["nowhere"]);

    [Fact]
    public Task No_pair_list() => ExpectEvaluateAsync("{folder}/none.txt: no such file", pairs: _masq["none.txt"]);

    [Fact]
    public Task An_empty_pair_list() => ExpectEvaluateAsync("{folder}/empty.csv: lists no pairs",
        pairs: _masq.Write("empty.csv", "probe,reference,same_person\n"));

    [Fact]
    public Task A_malformed_line() => ExpectEvaluateAsync("{folder}/bad.txt line 3: 'Ada 1'",
        pairs: _masq.Write("bad.txt", "1\t2\nAda\t1\t2\nAda\t1\nx\nx\n"));

    [Fact]
    public Task Nobody_is_there() => ExpectEvaluateAsync("of none of its 1 pairs are both photographs in the images folder",
        pairs: _masq.Write("gone.csv", "probe,reference,same_person\nGone_0001.png,Gone_0002.png,1\n"));

    [Fact]
    public Task One_kind_of_pairs() => ExpectEvaluateAsync("1 same-person and 0 different-person pairs",
        pairs: _masq.Write("one.csv", "probe,reference,same_person\nAda_0001.png,Ada_0002.png,1\n"));

    [Fact]
    public async Task A_damaged_photograph_where_strict()
    {
        File.WriteAllText(_masq.Photograph(1, 1), "no picture");
        await ExpectEvaluateAsync("{folder}/images/Bob_0001.png: is not a JPEG, PNG, WebP or BMP image", more: ["--strict"]);
    }

    [Fact]
    public Task No_landmark_file() => ExpectEvaluateAsync("{folder}/none.csv: no such file", more: ["--landmarks", _masq["none.csv"]]);

    [Fact]
    public Task Nowhere_to_write() => ExpectEvaluateAsync("{folder}/nowhere/result.json: cannot be written, there is no folder",
        more: ["--json", _masq["nowhere/result.json"]]);

    [Fact]
    public Task A_folder_to_write() => ExpectEvaluateAsync("{folder}/images: is a folder; name a file", more: ["--json", _masq["images"]]);

    [Fact]
    public async Task A_full_disk()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full here");
        const string message = "/dev/full: cannot be written (No space left on device";
        await ExpectEvaluateAsync(message, more: ["--json", "/dev/full"], printsFirst: true);
    }

    [Fact]
    public Task No_photograph_to_verify() =>
        ExpectAsync("{folder}/none.png: no such file", ["verify", _masq["none.png"], _masq.Photograph(0, 1), "--model", _masq.Model]);

    [Fact]
    public async Task A_photograph_of_another_size()
    {
        TinyModel.Write(_masq[""]);
        Imaging.ImageFile.WritePng(_masq["large.png"], new Imaging.FaceImage(17, 16, new byte[17 * 16 * 3]));
        await ExpectAsync("{folder}/large.png: is 17x16, but the model takes crops of 16x16",
            ["verify", _masq["large.png"], _masq.Photograph(0, 1), "--model", _masq.Model]);
    }

    private Task ExpectEvaluateAsync(
        string message, string? model = null, string? images = null, string? pairs = null, string[]? more = null, bool printsFirst = false)
    {
        string[] usual = ["--model", model ?? _masq.Model, "--images", images ?? _masq["images"], "--pairs", pairs ?? _pairs];
        return ExpectAsync(message, ["evaluate", .. usual, .. more ?? []], printsFirst);
    }

    private async Task ExpectAsync(string message, string[] args, bool printsFirst = false)
    {
        var result = await _masq.RunAsync(args);
        result.Error.ShouldContain(message);
        result.Error.ShouldStartWith("error: ");
        result.Error.Count(c => c == '\n').ShouldBe(1);
        result.Error.ShouldEndWith("\n");
        result.Code.ShouldBe(2);
        if (!printsFirst) result.Output.ShouldBe("");
    }
}
