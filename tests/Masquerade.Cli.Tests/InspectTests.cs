using System.Text.Json;

namespace Masquerade.Cli.Tests;

public sealed class InspectTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task A_descriptor_as_text_and_as_json()
    {
        var text = await _masq.RunAsync(["inspect", _masq.Model]);
        (text.Code, text.Error).ShouldBe((0, ""));
        foreach (var part in new[] { "Tiny (onnx)", "crops: float [batch, 3, 16, 16]", "Conv 1", "gradients   yes", "differ by at most" })
            text.Output.ShouldContain(part);

        var json = await _masq.RunAsync(["inspect", _masq.Model, "--json"]);
        using var parsed = JsonDocument.Parse(json.Output);
        var root = parsed.RootElement;
        root.GetProperty("operators").GetProperty("Conv").GetInt32().ShouldBe(1);
        root.GetProperty("differentiable").GetBoolean().ShouldBeTrue();
        root.GetProperty("unsupported").GetArrayLength().ShouldBe(0);
        root.GetProperty("max_abs_difference").GetDouble().ShouldBeInRange(0, 1e-5);
        root.GetProperty("parameters").GetInt64().ShouldBe(8 * 27);
        // 14×14 places, 27 multiplications and additions for each of 8 channels.
        root.GetProperty("flops").GetInt64().ShouldBe(2L * 14 * 14 * 27 * 8);
    }

    [Fact]
    public async Task A_network_by_itself()
    {
        var result = await _masq.RunAsync(["inspect", _masq["tiny.onnx"]]);
        result.Code.ShouldBe(0, result.Error);
        result.Output.ShouldContain("tiny.onnx (onnx)");
        result.Output.ShouldNotContain("engines");
    }

    [Fact]
    public async Task Not_a_network()
    {
        var result = await _masq.RunAsync(["inspect", _masq.Write("text.onnx", "no network")]);
        result.Code.ShouldBe(2);
        result.Error.ShouldContain("text.onnx");
    }
}
