using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Masquerade.Networks.Native;

/// <summary>Finds native libraries, and why they do not load.</summary>
internal static class NativeLibraries
{
    /// <summary>The file name of a native library here.</summary>
    /// <param name="stem">Its name without ornaments, as <c>onnxruntime</c>.</param>
    public static string FileName(string stem) =>
        OperatingSystem.IsWindows() ? $"{stem}.dll" : OperatingSystem.IsMacOS() ? $"lib{stem}.dylib" : $"lib{stem}.so";

    /// <summary>Where a library is loaded from in this process; null where it is not loaded.</summary>
    public static string? Loaded(string fileName)
    {
        using var process = Process.GetCurrentProcess();
        var paths = process.Modules.Cast<ProcessModule>().Select(m => m.FileName);
        // The file may have a longer name than the one it is asked for by: libstdc++.so.6.0.30.
        return paths.FirstOrDefault(p =>
            Path.GetFileName(p) is { } name && (name == fileName || name.StartsWith($"{fileName}.", StringComparison.Ordinal)));
    }

    /// <summary>Where a library lies among the program's files; null where it does not.</summary>
    public static string? Shipped(string fileName)
    {
        var folders = (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Append(AppContext.BaseDirectory);
        return folders.Select(folder => Path.Combine(folder, fileName)).FirstOrDefault(File.Exists);
    }

    /// <summary>Why a library among the program's files does not load, in one line; null where it does.</summary>
    /// <param name="fileName">The library.</param>
    public static string? Problem(string fileName)
    {
        if (Shipped(fileName) is not { } path) return $"{fileName} is not among the program's files; install it again";
        try
        {
            NativeLibrary.Load(path);
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            // .NET's advice comes first, the loader's own words come last.
            return e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
        }
    }
}
