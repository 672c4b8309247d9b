namespace Masquerade.Testing;

/// <summary>Reference data that is not part of the project, found through MASQ_SHARED.</summary>
internal static class Shared
{
    /// <summary>
    /// The full path of a file or folder there. Skips the test where MASQ_SHARED is unset; fails where it is set and the path is missing.
    /// </summary>
    public static string Path(params string[] parts)
    {
        var root = Environment.GetEnvironmentVariable("MASQ_SHARED");
        if (string.IsNullOrEmpty(root)) Assert.Skip("MASQ_SHARED is not set: the reference data is not here");
        var path = System.IO.Path.Combine([root, .. parts]);
        Assert.True(File.Exists(path) || Directory.Exists(path), $"MASQ_SHARED is set, but {path} is missing");
        return path;
    }
}
