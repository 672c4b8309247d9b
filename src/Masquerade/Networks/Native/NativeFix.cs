using System.Runtime.InteropServices;

namespace Masquerade.Networks.Native;

/// <summary>
/// What became of the compatibility fix (<c>build/Masquerade.NativeCompatibility.targets</c>) in this installation: TorchSharp's native
/// bridge asks the system's C++ library for a version that older systems lack, and the fix marks that need as weak.
/// </summary>
/// <param name="File">The bridge: as loaded, else as shipped; null where it is not there.</param>
/// <param name="Lacking">Versions that the bridge asks for and the system lacks.</param>
/// <param name="Weakened">Versions that the bridge asks for and does without.</param>
/// <param name="Problem">Why nothing can be said; else null.</param>
internal sealed record NativeFix(string? File, IReadOnlyList<string> Lacking, IReadOnlyList<string> Weakened, string? Problem = null)
{
    private const string CppLibrary = "libstdc++.so.6";

    /// <summary>Whether the bridge would not load without the fix.</summary>
    public bool Needed => Lacking.Count > 0;

    /// <summary>Whether the bridge is the fixed one.</summary>
    public bool InPlace => Weakened.Count > 0;

    /// <summary>Whether the fix is needed and not there.</summary>
    public bool Missing => Lacking.Except(Weakened).Any();

    /// <summary>Looks at this installation; null where the fix is not for this system.</summary>
    public static NativeFix? Look()
    {
        if (!OperatingSystem.IsLinux()) return null;
        var name = NativeLibraries.FileName("LibTorchSharp");
        var bridge = NativeLibraries.Loaded(name) ?? NativeLibraries.Shipped(name);
        if (bridge is null) return new NativeFix(null, [], [], $"{name} is not among the program's files");
        try
        {
            // Which file the loader takes for this name, only the loader knows.
            var system = NativeLibrary.TryLoad(CppLibrary, out _) ? NativeLibraries.Loaded(CppLibrary) : null;
            return Of(bridge, system is null ? [] : ElfVersions.Read(system).Offers);
        }
        catch (InputException e)
        {
            return new NativeFix(bridge, [], [], e.Message);
        }
    }

    /// <summary>What a bridge is on a system.</summary>
    /// <param name="bridge">The file.</param>
    /// <param name="offers">What the system's C++ library offers.</param>
    /// <exception cref="InputException">The bridge cannot be read.</exception>
    public static NativeFix Of(string bridge, IReadOnlyList<string> offers)
    {
        var needs = ElfVersions.Read(bridge).Needs.Where(n => n.Library == CppLibrary).ToList();
        return new NativeFix(bridge, [.. needs.Select(n => n.Name).Except(offers)], [.. needs.Where(n => n.Weak).Select(n => n.Name)]);
    }

    /// <summary>In a line, with the remedy where one is needed.</summary>
    public override string ToString() => this switch
    {
        { Problem: { } problem } => $"unknown: {problem}",
        { Missing: true } => $"needed and missing: the system's {CppLibrary} lacks {string.Join(", ", Lacking)}; "
            + "build without MasqueradeNativeCompatibility=false (docs/packages.md)",
        { Needed: true } => $"needed and in place: the system's {CppLibrary} lacks {string.Join(", ", Lacking)}",
        { InPlace: true } => $"in place, though the system's {CppLibrary} offers {string.Join(", ", Weakened)}",
        _ => $"not needed: the system's {CppLibrary} offers all that is asked for",
    };
}
