
namespace Masquerade.Detection;

/// <summary>The detectors that come along: small ones for the bundled model <c>mini</c>, trained on painted faces.</summary>
public static class BundledDetectors
{
    private const string Extension = ".onnx";

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "models", "detectors");

    /// <summary>Their names, in order.</summary>
    public static IReadOnlyList<string> Names => Directory.Exists(Folder)
        ? [.. Directory.GetFiles(Folder, "*" + Extension).Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)] : [];

    /// <summary>The file of a detector.</summary>
    /// <param name="detector">A file, ending in <c>.onnx</c>, or the name of a bundled one.</param>
    /// <exception cref="InputException">None is bundled under this name.</exception>
    public static string FileOf(string detector)
    {
        ArgumentNullException.ThrowIfNull(detector);
        if (IsFile(detector)) return detector;
        var known = Names;
        if (known.Contains(detector, StringComparer.OrdinalIgnoreCase)) return Path.Combine(Folder, detector.ToLowerInvariant() + Extension);
        throw new InputException($"no detector '{InputFile.OneLine(detector)}': name a file that masq train detector wrote"
            + $"{(known.Count > 0 ? $", or {string.Join(", ", known)}" : "")}{NearestName.Question(detector, known)}");
    }

    /// <summary>Whether a detector is named by its file.</summary>
    internal static bool IsFile(string detector) => detector.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);
}
