using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Text.Json;
using System.Text.Json.Serialization;
using Masquerade.Networks;
using Masquerade.Networks.Native;
using Microsoft.ML.OnnxRuntime;
using SkiaSharp;

namespace Masquerade.Models.Diagnosis;

/// <summary>A library that is used.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version, and its native part's where that has another.</param>
/// <param name="Problem">Why it does not work, in one line; null where it does, or where <see cref="EngineCheck"/> tells.</param>
internal sealed record LibraryInUse(
    string Name, string Version, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Problem = null);

/// <summary>Room in a folder.</summary>
/// <param name="Path">The folder.</param>
/// <param name="FreeBytes">What may be written there; null where the system does not tell.</param>
internal sealed record FreeDisk(string Path, long? FreeBytes);

/// <summary>What is installed, and on what machine: everything that can be told without starting an engine.</summary>
internal static class Installation
{
    /// <summary>This program's version.</summary>
    public static string Version { get; } = LibraryVersion.Of(typeof(Installation).Assembly);

    /// <summary>Memory that the process may use, in bytes.</summary>
    public static long MemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>The widest vector instructions that .NET uses here.</summary>
    public static string Simd =>
        Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : Sse42.IsSupported ? "SSE4.2" : AdvSimd.IsSupported ? "NEON" : "none";

    /// <summary>What .NET and libtorch use of the processor.</summary>
    public static string Instructions => ProcessorCaches.AreReported ? Simd
        : $"{Simd}; the caches are hidden, so libtorch convolves with {Environment.GetEnvironmentVariable(NativeEnvironment.OneDnnInstructions)}";

    /// <summary>The libraries, and whether the small ones load; for the engines ask <see cref="EngineCheck"/>.</summary>
    public static IReadOnlyList<LibraryInUse> Libraries() =>
    [
        new("ONNX Runtime", LibraryVersion.Of<InferenceSession>()),
        new("TorchSharp", LibraryVersion.Of(typeof(TorchSharp.torch).Assembly)),
        new("libtorch", Libtorch()),
        new("SkiaSharp", LibraryVersion.Of<SKBitmap>(), EngineCheck.Problem(() => new SKBitmap(1, 1).Dispose())),
    ];

    /// <summary>Room in the folder for temporary files and in the current one.</summary>
    public static (FreeDisk Temporary, FreeDisk Current) Disk() => (Free(Path.GetTempPath()), Free(Environment.CurrentDirectory));

    private static FreeDisk Free(string folder)
    {
        try
        {
            // Windows knows drives only; elsewhere each folder may be on another.
            return new FreeDisk(folder, new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(folder)! : folder).AvailableFreeSpace);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new FreeDisk(folder, null);
        }
    }

    /// <summary>libtorch does not tell its version; the program's list of packages has it.</summary>
    private static string Libtorch()
    {
        var lists = AppContext.GetData("APP_CONTEXT_DEPS_FILES") as string ?? "";
        foreach (var list in lists.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!File.Exists(list)) continue;
            using var json = JsonDocument.Parse(File.ReadAllBytes(list));
            if (!json.RootElement.TryGetProperty("libraries", out var libraries)) continue;
            var packages = libraries.EnumerateObject().Select(l => l.Name.Split('/'));
            if (packages.FirstOrDefault(p => p[0].StartsWith("libtorch-", StringComparison.Ordinal)) is [var package, var version])
                return $"{version} ({package})";
        }
        return NativeLibraries.Shipped(NativeLibraries.FileName("torch")) is { } file ? $"unknown, {file}" : "no package of it";
    }
}
