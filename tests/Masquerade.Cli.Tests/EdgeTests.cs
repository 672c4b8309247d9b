using Google.Protobuf;
using Masquerade.Networks.Onnx.Format;

namespace Masquerade.Cli.Tests;

/// <summary>What reaches the program from outside it, and what it leaves there.</summary>
public sealed class EdgeTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task A_photograph_whose_name_begins_with_an_at_sign_is_a_photograph()
    {
        // Beside it lies what would be read as further arguments, which would overwrite a file.
        File.Move(_masq.Photograph(0, 1), _masq["@b.png"]);
        _masq.Write("b.png", $"--json\n{_masq["overwritten.txt"]}\n{_masq.Photograph(0, 2)}\n");
        string[][] lines =
        [
            ["verify", _masq["@b.png"], _masq.Photograph(0, 2), "--model", _masq.Model],
            ["purify", _masq["@b.png"], _masq["out.png"], "--defense", "mean:3"],
            ["verify", "@b.png", _masq.Photograph(0, 2), "--model", _masq.Model],
            ["verify", "@nowhere.png", _masq.Photograph(0, 2), "--model", _masq.Model],
            ["inspect", "@b.png"],
            ["report", "@b.png"],
        ];
        foreach (var line in lines)
        {
            var result = await _masq.RunAsync(line);
            result.Code.ShouldBe(line.Contains(_masq["@b.png"]) ? 0 : 2, result.Error);
            if (result.Code == 2) result.Error.ShouldContain(line.First(word => word.StartsWith('@')));
        }
        File.Exists(_masq["overwritten.txt"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_network_that_would_end_the_process_is_refused_in_one_line()
    {
        var network = ModelProto.Parser.ParseFrom(File.ReadAllBytes(_masq["tiny.onnx"]));
        network.Graph.Initializer.Add(Number("smallest", long.MinValue));
        network.Graph.Initializer.Add(Number("minus-one", -1));
        network.Graph.Node.Add(new NodeProto { OpType = "Div", Input = { "smallest", "minus-one" }, Output = { "quotient" } });
        File.WriteAllBytes(_masq["tiny.onnx"], network.ToByteArray());
        var pairs = _masq.WriteFolds();
        string[][] lines =
        [
            ["inspect", _masq["tiny.onnx"]],
            ["inspect", _masq.Model],
            ["verify", _masq.Photograph(0, 1), _masq.Photograph(0, 2), "--model", _masq.Model],
            ["run", "--model", _masq.Model, "--images", _masq["images"], "--pairs", pairs, "--aligned", "--out", _masq["run"]],
            ["purify", _masq.Photograph(0, 1), _masq["out.png"], "--defense", $"onnx:{_masq["tiny.onnx"]}"],
        ];
        foreach (var line in lines)
        {
            var result = await _masq.RunAsync(line);
            result.Code.ShouldBe(2, line[0]);
            result.Error.ShouldBe("error: {folder}/tiny.onnx: node 'quotient' (Div) divides whole numbers by 0 or by -1, which ends the process "
                + "on many machines; export the network without it\n", line[0]);
        }

        static TensorProto Number(string name, long value) =>
            new() { Name = name, DataType = (int)TensorProto.Types.DataType.Int64, Dims = { 1 }, Int64Data = { value } };
    }

    [Fact]
    public async Task Nothing_is_left_in_the_home_folder()
    {
        var home = Directory.CreateDirectory(_masq["user"]).FullName;
        var before = Files(home);
        var pairs = _masq.WriteFolds();
        // A process of its own, in which ONNX Runtime is loaded for the first time, with the telemetry asked for by the environment.
        var environment = new Dictionary<string, string?>
        {
            ["HOME"] = home,
            ["XDG_CACHE_HOME"] = null,
            ["XDG_DATA_HOME"] = null,
            ["ORT_DISABLE_TELEMETRY"] = "0",
        };
        using var process = MasqProcess.Start(
            ["run", "--model", _masq.Model, "--images", _masq["images"], "--pairs", pairs, "--aligned", "--attacks", "minimal/fgsm", "--take", "4",
                "--out", _masq["run"]],
            environment);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.ExitCode.ShouldBe(0);
        Files(home).ShouldBe(before);

        static string[] Files(string folder) => Directory.GetFiles(folder, "*", SearchOption.AllDirectories);
    }
}
