using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Masquerade.Networks;

/// <summary>Environment variables that native libraries read when they are loaded.</summary>
internal static partial class NativeEnvironment
{
    /// <summary>
    /// ONNX Runtime looks up a host of its makers, and keeps a device id and a database in the user's cache folder, unless this variable is 1
    /// when its library is loaded.
    /// </summary>
    public const string OnnxRuntimeTelemetry = "ORT_DISABLE_TELEMETRY";

    /// <summary>The newest processor instructions that oneDNN, in which libtorch convolves, may use.</summary>
    public const string OneDnnInstructions = "ONEDNN_MAX_CPU_ISA";

    /// <summary>
    /// Runs before anything else of this assembly does, and so before the assembly can load a native library. A program that uses ONNX Runtime
    /// or libtorch by itself, before it uses this assembly, has to set the variables by itself.
    /// </summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255:The 'ModuleInitializer' attribute should not be used in libraries",
        Justification = "The library has many entry points, and none of them may load a native library before the variables are set.")]
    internal static void Prepare()
    {
        // Whatever the environment says: nothing leaves the machine unless the user named where to.
        Set(OnnxRuntimeTelemetry, "1");
        // Where a virtual machine hides the processor's caches, oneDNN plans its AVX2 and AVX-512 convolutions for caches of no size, and some
        // of them give wrong numbers. Those for AVX are right, and on small face networks as fast.
        if (!ProcessorCaches.AreReported) Set(OneDnnInstructions, "AVX", overwrite: false);
    }

    /// <summary>Sets a variable where native code reads it.</summary>
    /// <param name="name">Name of the variable.</param>
    /// <param name="value">Its new value.</param>
    /// <param name="overwrite">Whether a value that is there already is replaced.</param>
    public static void Set(string name, string value, bool overwrite = true)
    {
        if (!overwrite && Environment.GetEnvironmentVariable(name) is not null) return;
        // Child processes get what .NET knows, and on Windows native code reads the same.
        Environment.SetEnvironmentVariable(name, value);
        // Elsewhere .NET has a copy of the environment, and native code reads the process's own.
        if (!OperatingSystem.IsWindows()) _ = SetEnvironment(name, value, overwrite ? 1 : 0);
    }

    /// <summary>What native code reads; null where the variable is not set.</summary>
    public static string? Get(string name) => OperatingSystem.IsWindows()
        ? Environment.GetEnvironmentVariable(name)
        : Marshal.PtrToStringUTF8(GetEnvironment(name));

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetEnvironment(string name);
}
