using Masquerade.Imaging;

namespace Masquerade.Evaluation.Datasets;

/// <summary>What the names of photographs have in common across lists.</summary>
internal static class PhotographName
{
    /// <summary>The name without an image extension: a dot in a person's name is none.</summary>
    public static string WithoutExtension(string name) =>
        ImageFile.HasImageExtension(name) ? name[..^Path.GetExtension(name).Length] : name;

    /// <summary>Whom a name may tell of: its folders, and <c>Aaron_Peirsol</c> in <c>Aaron_Peirsol_0001.jpg</c>.</summary>
    public static IEnumerable<string> People(string name)
    {
        var parts = name.Split('/', '\\');
        return parts[..^1].Where(folder => folder.Length > 0).Concat(Numbered(Stem(name)) is { } person ? [person] : []);
    }

    /// <summary><c>Aaron_Peirsol</c> of <c>Aaron_Peirsol_0001</c>; null where no number ends the name.</summary>
    public static string? Numbered(string stem)
    {
        var cut = stem.LastIndexOf('_');
        return cut <= 0 || cut == stem.Length - 1 || stem.AsSpan(cut + 1).ContainsAnyExceptInRange('0', '9') ? null : stem[..cut];
    }

    /// <summary>The name without folder or image extension.</summary>
    public static string Stem(string name) => WithoutExtension(name[(name.LastIndexOfAny(['/', '\\']) + 1)..]);
}
