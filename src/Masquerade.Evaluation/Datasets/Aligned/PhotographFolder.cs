using System.IO.Enumeration;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Datasets.Aligned;

/// <summary>The photographs of a folder and of all folders below it, and the names of their crops.</summary>
internal static class PhotographFolder
{
    /// <summary>
    /// Every image file as <c>folder/file.jpg</c>, in ordinal order. Names that begin with a dot are left out; links to folders are not
    /// followed.
    /// </summary>
    /// <exception cref="InputException">There is no such folder, it cannot be read, or has no photographs.</exception>
    public static string[] List(string root)
    {
        var folder = new ImageFolder(root).Root;
        try
        {
            var files = new FileSystemEnumerable<string>(folder, (ref FileSystemEntry e) => Path.GetRelativePath(folder, e.ToFullPath()),
                new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false })
            {
                ShouldIncludePredicate = (ref FileSystemEntry e) =>
                    !e.IsDirectory && e.FileName[0] != '.' && ImageFile.HasImageExtension(e.FileName.ToString()),
                ShouldRecursePredicate = (ref FileSystemEntry e) => e.FileName[0] != '.' && (e.Attributes & FileAttributes.ReparsePoint) == 0,
            };
            string[] names = [.. files.Select(f => f.Replace(Path.DirectorySeparatorChar, '/')).Order(StringComparer.Ordinal)];
            if (Array.Find(names, n => n.AsSpan().IndexOfAny('\r', '\n') >= 0) is { } broken)
                throw new InputException($"{root}: {InputFile.OneLine(broken)} has a line break in its name, which no list can hold; rename it");
            return names.Length > 0 ? names
                : throw new InputException($"{root}: has no photographs ({string.Join(", ", ImageFile.Extensions)})");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{root}: cannot be read ({InputFile.OneLine(e.Message)})", e);
        }
    }

    /// <summary>The file of a crop: the photograph's name as a PNG; further faces are numbered.</summary>
    /// <param name="photograph">As <see cref="List"/> has it.</param>
    /// <param name="face">Which of its faces, from 0.</param>
    public static string CropName(string photograph, int face) =>
        PhotographName.WithoutExtension(photograph) + (face == 0 ? "" : $".face{face + 1}") + ".png";

    /// <summary>Whether a full path is a folder or lies in it.</summary>
    public static bool IsWithin(string path, string folder) => (Path.TrimEndingDirectorySeparator(path) + Path.DirectorySeparatorChar)
        .StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>No two photographs may claim one crop.</summary>
    /// <exception cref="InputException">Two do.</exception>
    public static void RequireOneCropEach(string root, string[] photographs, bool severalFaces)
    {
        const string Clashes = "would have one crop";
        RequireOneFileEach(root, photographs, Clashes);
        if (!severalFaces) return;
        var names = photographs.ToDictionary(PhotographName.WithoutExtension, StringComparer.OrdinalIgnoreCase);
        foreach (var name in photographs)
        {
            var stem = PhotographName.WithoutExtension(name);
            var cut = stem.LastIndexOf(".face", StringComparison.OrdinalIgnoreCase);
            if (cut > 0 && int.TryParse(stem.AsSpan(cut + 5), out _) && names.TryGetValue(stem[..cut], out var other))
                throw Clash(root, other, name, Clashes);
        }
    }

    /// <summary>No two photographs may have one name but for their extensions.</summary>
    /// <exception cref="InputException">Two do.</exception>
    public static void RequireOneFileEach(string root, string[] photographs, string clashes)
    {
        var owners = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in photographs)
        {
            if (owners.TryAdd(PhotographName.WithoutExtension(name), name)) continue;
            throw Clash(root, owners[PhotographName.WithoutExtension(name)], name, clashes);
        }
    }

    private static InputException Clash(string root, string one, string other, string clashes) =>
        new($"{root}: {one} and {other} {clashes}; rename one of them");
}
