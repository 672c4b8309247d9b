using System.Globalization;
using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>
/// Rounds images to 8 bits, compresses them to JPEG with a real encoder (baseline; chroma at half the width and height, 4:2:0) and decodes
/// them (Dziugaite, Ghahramani and Roy, 2016).
/// </summary>
/// <param name="Quality">The encoder's quality, 1 to 100.</param>
public sealed record JpegCompression(int Quality = 75) : Purifier
{
    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"jpeg:{Quality}");

    /// <inheritdoc/>
    public override PurifierGradient Gradient => PurifierGradient.StraightThrough;

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        var size = new ImageSize((int)images.shape[3], (int)images.shape[2]);
        return ImageMemory.Map(images, (_, from, to) =>
        {
            var jpeg = ImageFile.EncodeJpeg(ImageTensors.FromPlanar(from, size), Quality);
            ImageTensors.WritePlanar(ImageFile.Decode(jpeg, Name), to);
        });
    }
}
