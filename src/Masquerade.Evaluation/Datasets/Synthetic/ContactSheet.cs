using Masquerade.Imaging;
using SkiaSharp;

namespace Masquerade.Evaluation.Datasets.Synthetic;

/// <summary>Photographs beside each other on one picture: a row a person.</summary>
public static class ContactSheet
{
    private const int Gap = 4;

    /// <summary>Paints the first people of a seed.</summary>
    /// <param name="faces">The people.</param>
    /// <param name="people">How many rows, at least 1.</param>
    /// <param name="captures">How many photographs in a row, at least 1.</param>
    /// <param name="side">Width and height of each, in pixels.</param>
    /// <returns>The picture.</returns>
    public static FaceImage Draw(SyntheticFaces faces, int people, int captures, int side = 125)
    {
        ArgumentNullException.ThrowIfNull(faces);
        var step = side + Gap;
        using var bitmap = new SKBitmap(new SKImageInfo(captures * step - Gap, people * step - Gap, SKColorType.Rgba8888,
            SKAlphaType.Opaque, null));
        using var canvas = new SKCanvas(bitmap);
        canvas.Clear(SKColors.White);
        for (var i = 0; i < people * captures; i++)
        {
            var (column, row) = (i % captures, i / captures);
            using var photograph = SKImage.FromEncodedData(faces.Photograph(row, column).Jpeg);
            canvas.DrawImage(photograph, SKRect.Create(column * step, row * step, side, side), new SKSamplingOptions(SKFilterMode.Linear,
                SKMipmapMode.Linear));
        }
        canvas.Flush();
        return SyntheticFaces.Opaque(bitmap);
    }
}
