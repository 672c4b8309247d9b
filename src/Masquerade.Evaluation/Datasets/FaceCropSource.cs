using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Datasets;

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
