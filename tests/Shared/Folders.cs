namespace Masquerade.Testing;

/// <summary>Compares folders.</summary>
internal static class Folders
{
    /// <summary>The same files with the same bytes, in all folders below too.</summary>
    public static void ShouldBeSame(string folder, string other)
    {
        Files(folder).ShouldBe(Files(other));
        foreach (var file in Files(folder))
            File.ReadAllBytes(Path.Combine(folder, file)).ShouldBe(File.ReadAllBytes(Path.Combine(other, file)), file);
    }

    private static string[] Files(string folder) => [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal)];
}
