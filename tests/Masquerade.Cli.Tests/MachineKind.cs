using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace Masquerade.Cli.Tests;

/// <summary>
/// What the last digits of floating-point sums depend on: libraries choose their kernels by the processor, and share work among threads.
/// </summary>
internal static class MachineKind
{
    /// <summary>This machine's, in a line.</summary>
    public static string Here { get; } =
        $"made on {System()} {RuntimeInformation.ProcessArchitecture}, {Processor()}, {Environment.ProcessorCount} processors{Chosen()}";

    private static string System() => OperatingSystem.IsLinux() ? "Linux" : OperatingSystem.IsWindows() ? "Windows" : "macOS or another";

    private static string Processor()
    {
        if (!X86Base.IsSupported) return "unknown";
        var (_, b, c, d) = X86Base.CpuId(0, 0);
        var maker = Encoding.ASCII.GetString(MemoryMarshal.AsBytes<int>([b, d, c]));
        // Family, model and stepping: caches, too, decide how a kernel divides its work.
        var (version, _, _, _) = X86Base.CpuId(1, 0);
        return $"{maker} {version:x8}{(Avx2.IsSupported ? " AVX2" : "")}{(Avx512F.IsSupported ? " AVX-512" : "")}";
    }

    /// <summary>What keeps libraries from choosing for themselves.</summary>
    private static string Chosen() => string.Concat(
        from name in new[] { "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS" }
        let value = Environment.GetEnvironmentVariable(name)
        where !string.IsNullOrEmpty(value)
        select $", {name}={value}");
}
