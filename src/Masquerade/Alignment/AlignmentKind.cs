using Masquerade.Imaging;

namespace Masquerade.Alignment;

/// <summary>How a photograph becomes a model's crop.</summary>
public enum AlignmentKind
{
    /// <summary><c>none</c>: photographs already are the model's input.</summary>
    None,

    /// <summary><c>arcface-112x112</c>: similarity transform of five landmarks onto ArcFace's template.</summary>
    ArcFace112x112,

    /// <summary><c>arcface-112x96</c>: the same template, 8 pixels narrower on each side.</summary>
    ArcFace112x96,

    /// <summary><c>facenet-160x160</c>: a detector's box with a margin, resized.</summary>
    FaceNet160x160,
}

/// <summary>The names of the kinds of alignment, as model descriptors have them, and what each makes.</summary>
public static class AlignmentKinds
{
    private static readonly (AlignmentKind Kind, string Name, ImageSize? Crop)[] All =
    [
        (AlignmentKind.None, "none", null),
        (AlignmentKind.ArcFace112x112, "arcface-112x112", new ImageSize(112, 112)),
        (AlignmentKind.ArcFace112x96, "arcface-112x96", new ImageSize(96, 112)),
        (AlignmentKind.FaceNet160x160, "facenet-160x160", new ImageSize(160, 160)),
    ];

    /// <summary>The kind of a name in a model descriptor.</summary>
    /// <exception cref="InputException">There is no such kind.</exception>
    public static AlignmentKind Parse(string name)
    {
        foreach (var known in All)
        {
            if (known.Name == name) return known.Kind;
        }
        throw new InputException($"the alignment '{name}' is unknown; known are {string.Join(", ", All.Select(a => a.Name))}");
    }

    /// <summary>The name of a kind.</summary>
    public static string Name(this AlignmentKind kind) => Array.Find(All, a => a.Kind == kind).Name;

    /// <summary>The size of its crops; null for <see cref="AlignmentKind.None"/>, which takes any.</summary>
    public static ImageSize? CropSize(this AlignmentKind kind) => Array.Find(All, a => a.Kind == kind).Crop;
}
