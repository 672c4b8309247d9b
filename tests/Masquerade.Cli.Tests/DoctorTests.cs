using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Masquerade.Cli.Commands;
using Masquerade.Models.Diagnosis;
using Masquerade.Networks.Native;

namespace Masquerade.Cli.Tests;

public sealed partial class DoctorTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task Here_everything_works()
    {
        _masq.Bundle("mini");
        _masq.Bundle("mini-robust");
        var result = await _masq.RunAsync(["doctor", "--threads", "1"]);
        (result.Code, result.Error).ShouldBe((0, ""));
        var rows = result.Output.TrimEnd('\n').Split('\n').ToDictionary(row => row[..18].TrimEnd(), row => row[18..]);
        rows.Keys.ShouldBe([
            "masq", ".NET", "system", "processors", "memory", "ONNX Runtime", "TorchSharp", "libtorch", "SkiaSharp", "SQLite",
            "temporary folder", "current folder", "bundled models", "bundled detectors", "native fix", "forward", "gradient", "engines",
        ]);
        foreach (var name in new[] { "masq", "ONNX Runtime", "TorchSharp", "libtorch", "SkiaSharp", "SQLite" })
            rows[name].ShouldMatch(@"^\d+\.\d+\.\d+");
        rows["memory"].ShouldMatch(@"^[1-9][\d,]*\.\d GB$");
        rows["forward"].ShouldMatch("^ONNX Runtime loads; [1-9][0-9,]* images of 112x112 a second on 1 thread$");
        rows["gradient"].ShouldMatch("^TorchSharp loads; [1-9][0-9,]* images of 112x112 a second on 1 thread$");
        rows["bundled models"].ShouldBe("mini, mini-robust");
        rows["bundled detectors"].ShouldBe("cnn, mahalanobis, residual, safetynet, squeeze");
        rows["current folder"].ShouldStartWith(Environment.CurrentDirectory);
    }

    [Fact]
    public async Task As_json()
    {
        var result = await _masq.RunAsync(["doctor", "--json"]);
        (result.Code, result.Error).ShouldBe((0, ""));
        using var parsed = JsonDocument.Parse(result.Output);
        var root = parsed.RootElement;
        Snapshot.Match(string.Join('\n', root.EnumerateObject().Select(p => p.Name)) + "\n", "json-names");
        root.GetProperty("works").GetBoolean().ShouldBeTrue();
        root.GetProperty("processors").GetInt32().ShouldBe(Environment.ProcessorCount);
        root.GetProperty("threads").GetInt32().ShouldBe(Environment.ProcessorCount);
        root.GetProperty("memoryBytes").GetInt64().ShouldBeGreaterThan(100 << 20);
        root.GetProperty("temporaryFolder").GetProperty("freeBytes").GetInt64().ShouldBeGreaterThan(0);
        root.GetProperty("onnxRuntime").GetProperty("forwardsPerSecond").GetDouble().ShouldBeGreaterThan(0);
        root.GetProperty("torchSharp").GetProperty("gradientsPerSecond").GetDouble().ShouldBeGreaterThan(0);
        root.GetProperty("enginesDiffer").GetDouble().ShouldBeInRange(0, 1e-5);
    }

    [Fact]
    public async Task Nowhere_to_write_is_found_out_first()
    {
        var result = await _masq.RunAsync(["doctor", "--json", _masq["nowhere/doctor.json"]]);
        (result.Code, result.Output).ShouldBe((2, ""));
        result.Error.ShouldContain("nowhere/doctor.json: cannot be written");
    }

    [Fact]
    public void Engines_that_do_not_load()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var noTorch = new EngineCheck(null, "libtorch.so: no", 1234.6, null, null);
        var noOnnxRuntime = new EngineCheck("libonnxruntime.so: no", null, null, 0.6, null);
        var both = new EngineCheck(null, null, 1, 1, 1e-7f);
        DoctorCommand.PrintEngines(output, noTorch, new NativeFix("f", ["V_2"], []), threads: 4);
        DoctorCommand.PrintEngines(output, noOnnxRuntime, new NativeFix("f", ["V_2"], ["V_2"]), threads: 1);
        DoctorCommand.PrintEngines(output, both, new NativeFix("f", [], ["V_2"]), threads: 2);
        DoctorCommand.PrintEngines(output, both, new NativeFix("f", [], []), threads: 2);
        DoctorCommand.PrintEngines(output, both, new NativeFix("f", [], [], "f: is a damaged ELF file"), threads: 2);
        DoctorCommand.PrintEngines(output, both, null, threads: 2);
        Snapshot.Match(output.ToString(), "engines");
    }

    /// <summary>In a process of its own, whose native library is no library: libtorch is loaded once in a process.</summary>
    [Fact]
    public async Task A_libtorch_that_does_not_load_is_one_line_and_exit_code_1()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.Is64BitProcess, "the files' names are Linux's");
        var program = CopyOfMasq();
        File.WriteAllText(Path.Combine(program, "runtimes/linux-x64/native/libLibTorchSharp.so"), "no library");
        var (code, output, error) = await RunAsync(Path.Combine(program, "masq.dll"), "doctor");
        (code, error).ShouldBe((1, ""));
        var lines = output.TrimEnd('\n').Split('\n');
        lines.Single(l => l.StartsWith("gradient", StringComparison.Ordinal))
            .ShouldMatch(@"^gradient          TorchSharp does not load: \S+libLibTorchSharp\.so: (invalid ELF header|file too short)$");
        lines.Single(l => l.StartsWith("native fix", StringComparison.Ordinal))
            .ShouldMatch(@"^native fix        unknown: \S+: is not a 64-bit ELF file$");
        lines.ShouldContain(l => l.StartsWith("forward           ONNX Runtime loads;", StringComparison.Ordinal));
        lines.ShouldAllBe(l => RowPattern().IsMatch(l));
    }

    [GeneratedRegex(@"^\S.{16} \S")]
    private static partial Regex RowPattern();

    private string CopyOfMasq()
    {
        const string Native = "runtimes/linux-x64/native";
        var (from, to) = (AppContext.BaseDirectory, _masq["program"]);
        Directory.CreateDirectory(Path.Combine(to, Native));
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        // Hundreds of megabytes; links do.
        foreach (var name in Directory.GetFiles(Path.Combine(from, Native)).Select(Path.GetFileName).Where(n => n != "libLibTorchSharp.so"))
            File.CreateSymbolicLink(Path.Combine(to, Native, name!), Path.Combine(from, Native, name!));
        return to;
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", args) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }
}
