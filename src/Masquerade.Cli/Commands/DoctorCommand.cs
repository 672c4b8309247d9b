using System.CommandLine;
using System.Runtime.InteropServices;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Output;
using Masquerade.Detection;
using Masquerade.Evaluation.Ledger;
using Masquerade.Models.Diagnosis;
using Masquerade.Networks.Native;
using static System.FormattableString;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq doctor</c>: what is installed and whether it works; the first thing to ask for in a bug report.</summary>
internal sealed class DoctorCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<string?> _json = CommonOptions.Json();

    public DoctorCommand(CommandHost host) : base("doctor",
        "Says what is installed, whether it works and how fast it is: put it into a bug report. The exit code is 1 if something does not "
        + "load.",
        "masq doctor",
        "masq doctor --json doctor.json")
    {
        _host = host;
        Add(_threads);
        Add(_json);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var json = parsed.GetValue(_json);
        JsonOutput.Check(json);
        var threads = CommonOptions.ThreadCount(parsed.GetValue(_threads));
        LibraryInUse[] libraries = [.. Installation.Libraries(), LedgerEngine.Check()];
        var report = json != CommonOptions.StandardOutput;
        // Before any engine is started: a processor that libtorch does not know would end the process there.
        if (report) PrintInstallation(libraries);
        var engines = EngineCheck.Run(threads);
        var fix = NativeFix.Look();
        if (report) PrintEngines(_host.Output, engines, fix, threads);
        if (json is not null) JsonOutput.Write(_host, json, new DoctorJson(_host.Models.Bundled, libraries, engines, fix, threads));
        return Works(libraries, engines) ? ExitCodes.Done : ExitCodes.CheckFailed;
    }

    private static bool Works(IReadOnlyList<LibraryInUse> libraries, EngineCheck engines) =>
        engines.AllWork && libraries.All(l => l.Problem is null);

    private void PrintInstallation(IReadOnlyList<LibraryInUse> libraries)
    {
        var output = _host.Output;
        Row(output, "masq", Installation.Version);
        Row(output, ".NET", $"{Environment.Version}, {RuntimeInformation.RuntimeIdentifier}");
        Row(output, "system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}");
        Row(output, "processors", $"{Environment.ProcessorCount}, {Installation.Instructions}");
        Row(output, "memory", Gigabytes(Installation.MemoryBytes));
        foreach (var library in libraries)
            Row(output, library.Name, library.Version + (library.Problem is null ? "" : $", does not load: {library.Problem}"));
        var (temporary, current) = Installation.Disk();
        Row(output, "temporary folder", Free(temporary));
        Row(output, "current folder", Free(current));
        Row(output, "bundled models", _host.Models.Bundled is { Count: > 0 } models ? string.Join(", ", models) : "none");
        Row(output, "bundled detectors", BundledDetectors.Names is { Count: > 0 } detectors ? string.Join(", ", detectors) : "none");
        output.Flush();
    }

    /// <summary>What became of the engines.</summary>
    internal static void PrintEngines(TextWriter output, EngineCheck engines, NativeFix? fix, int threads)
    {
        Row(output, "native fix", fix?.ToString() ?? "not needed on this system");
        Row(output, "forward", Engine("ONNX Runtime", engines.OnnxRuntimeProblem, engines.Forwards, threads));
        Row(output, "gradient", Engine("TorchSharp", engines.TorchProblem, engines.Gradients, threads));
        if (engines.MaxAbsDifference is { } difference)
            Row(output, "engines", Invariant($"differ by at most {difference:G2} in a unit embedding's values"));
    }

    private static string Engine(string name, string? problem, double? rate, int threads) => problem is not null
        ? $"{name} does not load: {problem}"
        : Invariant($"{name} loads; {rate:N0} images of 112x112 a second on {threads} thread{(threads == 1 ? "" : "s")}");

    private static string Free(FreeDisk disk) =>
        $"{disk.Path}, {(disk.FreeBytes is { } bytes ? $"{Gigabytes(bytes)} free" : "free space unknown")}";

    private static string Gigabytes(long bytes) => Invariant($"{bytes / 1e9:N1} GB");

    private static void Row(TextWriter output, string name, string value) => output.WriteLine($"{name,-18}{value}");

    /// <summary>The names that programs rely on.</summary>
    private sealed class DoctorJson(
        IReadOnlyList<string> models, IReadOnlyList<LibraryInUse> libraries, EngineCheck engines, NativeFix? fix, int threads)
    {
        private readonly (FreeDisk Temporary, FreeDisk Current) _disk = Installation.Disk();

        public string Masq => Installation.Version;

        public string Dotnet => Environment.Version.ToString();

        public string Runtime => RuntimeInformation.RuntimeIdentifier;

        public string System => RuntimeInformation.OSDescription;

        public string Architecture => RuntimeInformation.ProcessArchitecture.ToString();

        public int Processors => Environment.ProcessorCount;

        public string Simd => Installation.Simd;

        public long MemoryBytes => Installation.MemoryBytes;

        public IReadOnlyList<LibraryInUse> Libraries => libraries;

        public FreeDisk TemporaryFolder => _disk.Temporary;

        public FreeDisk CurrentFolder => _disk.Current;

        public IReadOnlyList<string> BundledModels => models;

        public NativeFix? NativeFix => fix;

        public object OnnxRuntime => new { Problem = engines.OnnxRuntimeProblem, ForwardsPerSecond = engines.Forwards };

        public object TorchSharp => new { Problem = engines.TorchProblem, GradientsPerSecond = engines.Gradients };

        public float? EnginesDiffer => engines.MaxAbsDifference;

        public int Threads => threads;

        public bool Works => DoctorCommand.Works(libraries, engines);
    }
}
