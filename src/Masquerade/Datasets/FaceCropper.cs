using System.Collections.Concurrent;
using Masquerade.Alignment;
using Masquerade.Faces;

namespace Masquerade.Datasets;

/// <summary>
/// Makes a model's crops from photographs: by their landmarks, or as they are where they already are crops. Safe on many threads.
/// </summary>
public sealed class FaceCropper
{
    private readonly AlignmentKind _kind;
    private readonly LandmarkTable? _landmarks;
    private readonly ConcurrentDictionary<FiveLandmarks, string> _users = new(ReferenceEqualityComparer.Instance);

    /// <param name="kind">The model's alignment; with <see cref="AlignmentKind.None"/> photographs are always taken as they are.</param>
    /// <param name="size">The model's input size.</param>
    /// <param name="landmarks">Where the faces are; not needed for crops.</param>
    /// <param name="aligned">Photographs already are crops of the model's input size.</param>
    /// <exception cref="InputException">
    /// Landmarks are needed and not given, or the alignment makes no crops of that size from them.
    /// </exception>
    public FaceCropper(AlignmentKind kind, ImageSize size, LandmarkTable? landmarks, bool aligned)
    {
        _kind = kind;
        Size = size;
        if (aligned || kind == AlignmentKind.None) return;
        if (kind == AlignmentKind.FaceNet160x160) throw new InputException(FaceAligner.NeedsCrops(kind));
        if (kind.CropSize() != size)
        {
            throw new InputException(
                $"the model takes {size} pixels, but its alignment {kind.Name()} makes {kind.CropSize()}; correct its descriptor");
        }
        _landmarks = landmarks ?? throw new InputException(
            $"the alignment {kind.Name()} needs landmarks: give --landmarks FILE, or --aligned if photographs already are {size} crops");
    }

    /// <summary>Size of every crop.</summary>
    public ImageSize Size { get; }

    /// <summary>The crop of a photograph that is in a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">What the landmark file may list it as, besides its path and file name; null: nothing else.</param>
    /// <exception cref="InputException">
    /// The file is no usable image, has no landmarks or another file's, or is a crop of another size.
    /// </exception>
    public FaceImage Crop(string path, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var photo = ImageFile.ReadPooled(path);
        if (_landmarks is null)
        {
            return photo.Size == Size ? photo.ToImage()
                : throw new InputException($"{path}: is {photo.Size}, but the model takes crops of {Size}; align it first");
        }
        var landmarks = (name is null ? null : _landmarks.Find(name)) ?? _landmarks.Find(path)
            ?? throw new InputException($"{path}: {_landmarks.FilePath} has no landmarks of it; add a line for {Path.GetFileName(path)}");
        // A landmark file without folders cannot tell a/0001.jpg from b/0001.jpg.
        var file = Path.GetFullPath(path);
        var user = _users.GetOrAdd(landmarks, file);
        if (user != file)
            throw new InputException($"{path}: {_landmarks.FilePath} has one line for it and for {user}; list them with their folders");
        try
        {
            return FaceAligner.Align(photo.Rgb, photo.Size, landmarks, _kind);
        }
        catch (InputException e)
        {
            throw new InputException($"{path}: {e.Message} in {_landmarks.FilePath}", e);
        }
    }
}

/// <summary>The crops of a folder's photographs by the names that lists have for them. Safe on many threads.</summary>
/// <param name="folder">The photographs.</param>
/// <param name="cropper">Makes the model's crops.</param>
/// <param name="preprocessing">What is done to each crop then.</param>
public sealed class FaceCropSource(ImageFolder folder, FaceCropper cropper, Preprocessing preprocessing = Preprocessing.None)
{
    /// <summary>Size of every crop.</summary>
    public ImageSize Size => cropper.Size;

    /// <summary>The model's crop of a photograph.</summary>
    /// <param name="name">As a list has it.</param>
    /// <exception cref="InputException">
    /// The photograph is missing, is no usable image, has no landmarks, or is a crop of another size.
    /// </exception>
    public FaceImage Load(string name)
    {
        var path = folder.Find(name)
            ?? throw new InputException($"the photograph {name} is not in {folder.Root}; add it or leave its pairs out");
        return preprocessing.Apply(cropper.Crop(path, name));
    }
}
