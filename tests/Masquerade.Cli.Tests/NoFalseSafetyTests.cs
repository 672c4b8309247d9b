using System.Text.Json;
using Google.Protobuf;
using Masquerade.Networks.Onnx.Format;

namespace Masquerade.Cli.Tests;

/// <summary>A run that could not attack, or whose attacks could not see where to go, is never taken for a robust verifier.</summary>
public sealed class NoFalseSafetyTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public NoFalseSafetyTests() => _masq.WriteFolds();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task A_run_without_a_usable_pair_ends_with_the_reasons_and_their_counts()
    {
        foreach (var (person, number) in new[] { (0, 1), (0, 2), (0, 3), (1, 1) }) File.WriteAllText(_masq.Photograph(person, number), "no picture");
        var pairs = _masq.Write("unusable.csv", $"""
            probe,reference,same_person
            {Name(0, 1)},{Name(0, 2)},1
            {Name(0, 2)},{Name(0, 3)},1
            {Name(0, 3)},{Name(1, 1)},0
            {Name(0, 4)},Nobody_0001.png,0
            {Name(0, 3)},{Name(0, 4)},1
            """);
        var result = await RunAsync(pairs, "--max-success", "0");
        result.Code.ShouldBe(2);
        result.Error.Split('\n')[^2].ShouldBe("error: none of the 5 pairs can be used: is not a JPEG, PNG, WebP or BMP image, or its header is "
            + "damaged (4 pairs), missing photograph (1 pair); {folder}/run/report.html lists them: correct that and start a new run");
        result.Output.ShouldBeEmpty();
        var again = await _masq.RunAsync(["run", "--resume", _masq["run"], "--max-success", "1"]);
        again.Code.ShouldBe(2);
    }

    [Fact]
    public async Task Pairs_that_are_left_out_are_told_with_their_reasons()
    {
        File.WriteAllText(_masq.Photograph(0, 1), "no picture");
        var result = await RunAsync(_masq["pairs.txt"]);
        result.Code.ShouldBe(0, result.Error);
        result.Error.ShouldContain("note: Tiny: 3 of 30 pairs are left out: is not a JPEG, PNG, WebP or BMP image, or its header is damaged (3 pairs)\n");
    }

    [Fact]
    public async Task Attacks_without_a_gradient_are_told_first_and_pass_no_check()
    {
        var casted = WriteCasted();
        string[] attacks = ["--attacks", "minimal/deepfool,minimal/uniform", "--take", "12"];
        var result = await _masq.RunAsync(
            ["run", "--model", casted, "--model", _masq.Model, "--images", _masq["images"], "--pairs", _masq["pairs.txt"], "--aligned", .. attacks,
                "--out", _masq["run"]]);
        result.Code.ShouldBe(0, result.Error);
        result.Output.ShouldStartWith("warning: Casted, no defense, ");
        result.Output.Split('\n')[0].ShouldContain("attacks ended for want of a gradient on ");
        result.Output.ShouldContain("not to be trusted: no gradient");

        using var summary = JsonDocument.Parse(File.ReadAllText(_masq["run/summary.json"]));
        var root = summary.RootElement;
        root.GetProperty("trust_warnings").EnumerateArray()
            .ShouldAllBe(w => w.GetProperty("kind").GetString() == "zero_gradient" && w.GetProperty("model").GetString() == "Casted");
        root.GetProperty("trust_warnings").GetArrayLength().ShouldBeGreaterThan(0);
        foreach (var attack in root.GetProperty("attacks").EnumerateArray())
        {
            var gaveUp = attack.GetProperty("model").GetString() == "Casted" && attack.GetProperty("attack").GetString() == "deepfool";
            attack.GetProperty("without_gradient").GetInt32().ShouldBe(gaveUp ? attack.GetProperty("attacked").GetInt32() : 0);
        }
        var together = root.GetProperty("model_comparisons").EnumerateArray().First(c => c.GetProperty("attack").ValueKind == JsonValueKind.Null);
        together.GetProperty("models")[0].GetProperty("without_gradient").GetInt32().ShouldBe(together.GetProperty("pairs").GetInt32());
        together.GetProperty("models")[1].GetProperty("without_gradient").GetInt32().ShouldBe(0);

        var report = File.ReadAllText(_masq["run/report.html"]);
        var warning = report.IndexOf("attacks ended for want of a gradient", StringComparison.Ordinal);
        warning.ShouldBeInRange(0, report.IndexOf("class=\"findings\"", StringComparison.Ordinal));
        report.ShouldNotContain("Anonymization never succeeded: minimal/deepfool");
        var markdown = File.ReadAllText(_masq["run/table.md"]);
        markdown.IndexOf("want of a gradient", StringComparison.Ordinal).ShouldBeInRange(0, markdown.IndexOf("## ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0.9")]
    public async Task A_check_fails_on_attacks_without_a_gradient(string most)
    {
        var result = await _masq.RunAsync(
            ["run", "--model", WriteCasted(), "--images", _masq["images"], "--pairs", _masq["pairs.txt"], "--aligned", "--attacks", "minimal/deepfool",
                "--take", "6", "--max-success", most, "--out", _masq["run"]]);
        // Only pairs that are wrong from the start could make it fail for another reason.
        result.Code.ShouldBe(1, result.Error);
        if (most != "0") result.Error.ShouldContain("check failed: minimal/deepfool on Casted (float, anonymization) ended for want of a gradient on ");
    }

    [Fact]
    public async Task A_check_passes_on_what_can_be_trusted()
    {
        var result = await RunAsync(_masq["pairs.txt"], "--max-success", "1");
        result.Code.ShouldBe(0, result.Error);
        result.Output.ShouldNotContain("warning:");
    }

    [Theory]
    [InlineData("purify", "--defense", "mean:3")]
    [InlineData("align", "--as", "arcface-112x112", "--landmarks", "landmarks.csv")]
    public async Task A_folder_without_a_usable_photograph_is_an_error(string command, params string[] options)
    {
        Directory.CreateDirectory(_masq["broken"]);
        _masq.Write("broken/a.png", "no picture");
        _masq.Write("broken/b.png", "");
        var landmarks = _masq.Write("landmarks.csv", "image,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,"
            + "mouth_right_x,mouth_right_y\na.png,5,5,11,5,8,8,6,11,10,11\nb.png,5,5,11,5,8,8,6,11,10,11\n");
        var result = await _masq.RunAsync(
            [command, _masq["broken"], _masq["out"], .. options.Select(o => o == "landmarks.csv" ? landmarks : o)]);
        result.Code.ShouldBe(2, result.Error);
        result.Error.Split('\n')[^2].ShouldStartWith("error: none of the 2 photographs in {folder}/broken can be used: ");
        result.Error.ShouldContain("the file is empty (1 photograph)");
    }

    private Task<MasqResult> RunAsync(string pairs, params string[] more) => _masq.RunAsync(
        ["run", "--model", _masq.Model, "--images", _masq["images"], "--pairs", pairs, "--aligned", "--attacks", "minimal/deepfool",
            "--out", _masq["run"], .. more]);

    private string Name(int person, int number) => Path.GetFileName(_masq.Photograph(person, number));

    /// <summary>The tiny network on images that are cast to whole levels first, so that no gradient comes through; its descriptor's path.</summary>
    private string WriteCasted()
    {
        var network = ModelProto.Parser.ParseFrom(File.ReadAllBytes(_masq["tiny.onnx"]));
        var scale = new TensorProto { Name = "scale", DataType = (int)TensorProto.Types.DataType.Float, FloatData = { 127.5f } };
        network.Graph.Initializer.Add(scale);
        network.Graph.Node[0].Input[0] = "centred";
        NodeProto[] before =
        [
            Cast("crops", "levels", TensorProto.Types.DataType.Uint8), Cast("levels", "floats", TensorProto.Types.DataType.Float),
            new() { OpType = "Sub", Input = { "floats", "scale" }, Output = { "shifted" } },
            new() { OpType = "Div", Input = { "shifted", "scale" }, Output = { "centred" } },
        ];
        foreach (var node in before.Reverse()) network.Graph.Node.Insert(0, node);
        File.WriteAllBytes(_masq["casted.onnx"], network.ToByteArray());
        return _masq.Write("casted.model.json", File.ReadAllText(_masq.Model)
            .Replace("\"Tiny\"", "\"Casted\"", StringComparison.Ordinal).Replace("tiny.onnx", "casted.onnx", StringComparison.Ordinal)
            .Replace("\"mean\": 127.5, \"std\": 128", "\"mean\": 0, \"std\": 1", StringComparison.Ordinal));

        static NodeProto Cast(string input, string output, TensorProto.Types.DataType type) => new()
        {
            OpType = "Cast",
            Input = { input },
            Output = { output },
            Attribute = { new AttributeProto { Name = "to", I = (long)type, Type = AttributeProto.Types.AttributeType.Int } },
        };
    }
}
