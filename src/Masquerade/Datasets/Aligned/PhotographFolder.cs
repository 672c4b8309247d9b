using System.IO.Enumeration;
using Masquerade.Faces;

namespace Masquerade.Datasets.Aligned;

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

    /// <summary>No two photographs may claim one crop.</summary>
    /// <exception cref="InputException">Two do.</exception>
    public static void RequireOneCropEach(string root, string[] photographs, bool severalFaces)
    {
        var owners = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in photographs)
        {
            if (!owners.TryAdd(PhotographName.WithoutExtension(name), name)) throw Clash(owners[PhotographName.WithoutExtension(name)], name);
        }
        if (!severalFaces) return;
        foreach (var name in photographs)
        {
            var stem = PhotographName.WithoutExtension(name);
            var cut = stem.LastIndexOf(".face", StringComparison.OrdinalIgnoreCase);
            if (cut > 0 && int.TryParse(stem.AsSpan(cut + 5), out _) && owners.TryGetValue(stem[..cut], out var other)) throw Clash(other, name);
        }

        InputException Clash(string one, string other) => new($"{root}: {one} and {other} would have one crop; rename one of them");
    }
}
