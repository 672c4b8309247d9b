using Masquerade.Imaging;

namespace Masquerade.Alignment;

/// <summary>
/// Makes a model's crops from photographs: by where their faces are, or as they are where they already are crops. Safe on many threads.
/// </summary>
public sealed class FaceCropper
{
    private readonly AlignmentKind _kind;
    private readonly IFaceLocator? _locator;

    /// <param name="kind">The model's alignment; with <see cref="AlignmentKind.None"/> photographs are always taken as they are.</param>
    /// <param name="size">The model's input size.</param>
    /// <param name="locator">Where the faces are: a <see cref="LandmarkTable"/> or a <see cref="DetectorLocator"/>; not needed for crops.</param>
    /// <param name="aligned">Photographs already are crops of the model's input size.</param>
    /// <exception cref="InputException">
    /// It has to be known where the faces are and is not, or the alignment makes no crops of that size.
    /// </exception>
    public FaceCropper(AlignmentKind kind, ImageSize size, IFaceLocator? locator, bool aligned)
    {
        _kind = kind;
        Size = size;
        if (aligned || kind == AlignmentKind.None) return;
        RequireFit(kind, size);
        _locator = locator ?? throw new InputException(
            $"the alignment {kind.Name()} needs landmarks: give --landmarks FILE, or --aligned if photographs already are {size} crops");
    }

    /// <summary>Size of every crop.</summary>
    public ImageSize Size { get; }

    /// <summary>Checks that an alignment makes crops of a model's size.</summary>
    /// <exception cref="InputException">It makes others.</exception>
    internal static void RequireFit(AlignmentKind kind, ImageSize size)
    {
        if (kind.CropSize() is not { } made || made == size) return;
        throw new InputException($"the model takes {size} pixels, but its alignment {kind.Name()} makes {made}; correct its descriptor");
    }

    /// <summary>The crop of a photograph that is in a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">What the landmark file may list it as, besides its path and file name; null: nothing else.</param>
    /// <exception cref="InputException">
    /// The file is no usable image, has no face, no landmarks or another file's, or is a crop of another size.
    /// </exception>
    public FaceImage Crop(string path, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var photo = ImageFile.ReadPooled(path);
        return Cut(photo.View, path, name).Crop;
    }

    /// <summary>The crop of a photograph, and which part of it that is.</summary>
    /// <param name="photo">The photograph.</param>
    /// <param name="path">Its file.</param>
    /// <param name="name">What the landmark file may list it as, besides its path and file name; null: nothing else.</param>
    /// <exception cref="InputException">It has no face, no landmarks or another file's, or is a crop of another size.</exception>
    public (FaceImage Crop, CropFrame Frame) Cut(ImageView photo, string path, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (_locator is null)
        {
            return photo.Size == Size ? (new FaceImage(Size.Width, Size.Height, photo.Pixels.ToArray()), CropFrame.Whole(Size))
                : throw new InputException($"{path}: is {photo.Size}, but the model takes crops of {Size}; align it first");
        }
        if (_locator.Locate(photo, path, name) is not { } face)
            return (FaceAligner.Middle(photo, Size), CropFrame.Middle(photo.Size, Size));
        try
        {
            return (FaceAligner.Align(photo, face, _kind), CropFrame.Of(photo.Size, face, _kind));
        }
        catch (InputException e)
        {
            throw new InputException($"{path}: {e.Message} in {_locator.Source}", e);
        }
    }
}
