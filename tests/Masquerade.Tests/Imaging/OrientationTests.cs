using Masquerade.Imaging;
using SkiaSharp;

namespace Masquerade.Tests.Imaging;

public class OrientationTests
{
    private const int Width = 24, Height = 16;

    /// <summary>The stored pixel that is seen at (x, y), by EXIF's table of where the stored first row and column are seen.</summary>
    private static readonly Func<int, int, (int X, int Y)>[] StoredAt =
    [
        (x, y) => (x, y),                              // 1: row at the top, column on the left
        (x, y) => (Width - 1 - x, y),                  // 2: top, right
        (x, y) => (Width - 1 - x, Height - 1 - y),     // 3: bottom, right
        (x, y) => (x, Height - 1 - y),                 // 4: bottom, left
        (x, y) => (y, x),                              // 5: left, top
        (x, y) => (y, Height - 1 - x),                 // 6: right, top
        (x, y) => (Width - 1 - y, Height - 1 - x),     // 7: right, bottom
        (x, y) => (Width - 1 - y, x),                  // 8: left, bottom
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_photograph_is_seen_upright(int orientation)
    {
        using var bitmap = ImageFileTests.Picture(Width, Height);
        var jpeg = ImageFileTests.Encode(bitmap, SKEncodedImageFormat.Jpeg);
        var stored = ImageFile.Decode(jpeg, "stored.jpg");
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0"u8, .. BigEndian(orientation)];
        Check(ImageFile.Decode([.. jpeg[..2], .. exif, .. jpeg[2..]], "seen.jpg"), stored, orientation);

        Check(ImageFile.Decode(Png(stored, ("eXIf", BigEndian(orientation))), "seen.png"), stored, orientation);
        Check(ImageFile.Decode(Png(stored, ("eXIf", LittleEndian(orientation))), "seen.png"), stored, orientation);
    }

    [Fact]
    public void A_damaged_orientation_in_a_png_is_passed_over()
    {
        var image = new FaceImage(2, 1, [1, 2, 3, 4, 5, 6]);
        byte[][] damaged = [[], [.. "MM\0*"u8], [.. "MM\0*"u8, 255, 255, 255, 255], BigEndian(9), BigEndian(0), BigEndian(6)[..12],
            [.. "XX\0*"u8, .. BigEndian(6)[4..]]];
        foreach (var exif in damaged) ImageFile.Decode(Png(image, ("eXIf", exif)), "image.png").Pixels.ShouldBe(image.Pixels);
    }

    /// <summary>A TIFF header and one entry, 0x0112, a short.</summary>
    private static byte[] BigEndian(int orientation) =>
        [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];

    private static byte[] LittleEndian(int orientation) =>
        [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0];

    private static byte[] Png(FaceImage image, (string, byte[]) chunk) =>
        TestPng.Write(image.Width, image.Height, 8, TestPng.Rgb, image.Pixels, chunk);

    private static void Check(FaceImage seen, FaceImage stored, int orientation)
    {
        seen.Size.ShouldBe(orientation < 5 ? new ImageSize(Width, Height) : new ImageSize(Height, Width));
        for (var y = 0; y < seen.Height; y++)
        {
            for (var x = 0; x < seen.Width; x++)
            {
                var from = StoredAt[orientation - 1](x, y);
                Pixel(seen, x, y).ShouldBe(Pixel(stored, from.X, from.Y), $"({x}, {y})");
            }
        }
    }

    private static (byte, byte, byte) Pixel(FaceImage image, int x, int y)
    {
        var at = 3 * (y * image.Width + x);
        return (image.Pixels[at], image.Pixels[at + 1], image.Pixels[at + 2]);
    }
}
