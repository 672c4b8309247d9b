using Masquerade.Faces;

namespace Masquerade.Datasets;

/// <summary>What the names of photographs have in common across lists.</summary>
internal static class PhotographName
{
    /// <summary>The name without an image extension: a dot in a person's name is none.</summary>
    public static string WithoutExtension(string name) =>
        ImageFile.HasImageExtension(name) ? name[..^Path.GetExtension(name).Length] : name;

    /// <summary>The name without folder or image extension.</summary>
    public static string Stem(string name) => WithoutExtension(name[(name.LastIndexOfAny(['/', '\\']) + 1)..]);
}
