using CsCheck;
using Masquerade.Imaging;
using SkiaSharp;

namespace Masquerade.Tests.Imaging;

public class ImageFileTests
{
    /// <summary>16×16, left rgb(10,200,90), right rgb(250,30,140), as Adobe's inverted YCCK.</summary>
    private const string CmykJpeg = """
        /9j/7gAOQWRvYmUAZAAAAAAC/9sAQwABAQEBAQEBAQEBAQEBAQECAQEBAQECAQEBAgICAgICAgICAwMEAwMDAwMCAgMEAwMEBAQEBAIDBQUEBAUEBAQE/9sA
        QwEBAQEBAQEBAQECAQECBAMCAwQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE/8AAFAgAEAAQBAERAAIRAQMRAQQRAP/E
        ABUAAQEAAAAAAAAAAAAAAAAAAAkK/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/EABcBAAMBAAAAAAAAAAAAAAAAAAgJCwr/xAAUEQEAAAAAAAAAAAAAAAAAAAAA
        /9oADgQBAAIRAxEEAAA/AC/HQ24KQDgFDoq5kAfm8LVAbzgFDoq5kH//2Q==
        """;

    internal static readonly Gen<FaceImage> AnyImage =
        from width in Gen.Int[1, 40]
        from height in Gen.Int[1, 40]
        from pixels in Gen.Byte.Array[3 * width * height]
        select new FaceImage(width, height, pixels);

    [Fact]
    public void Png_gives_back_every_size_and_colour() => AnyImage.Sample(image =>
    {
        var decoded = ImageFile.Decode(ImageFile.EncodePng(image), "image.png");
        return decoded.Size == image.Size && decoded.Pixels.AsSpan().SequenceEqual(image.Pixels);
    }, iter: 200);

    [Theory]
    [InlineData(SKEncodedImageFormat.Webp)]
    [InlineData(SKEncodedImageFormat.Png)]
    public void A_lossless_file_of_any_other_writer_is_read_exactly(SKEncodedImageFormat format)
    {
        using var bitmap = Picture(33, 17);
        ShouldBe(ImageFile.Decode(Encode(bitmap, format), "image"), bitmap);
    }

    [Fact]
    public void Bmp_is_read_bottom_row_first()
    {
        // Two rows of two pixels, blue-green-red, padded to four bytes.
        byte[] bmp = [.. "BM"u8, 70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0, 0,
            16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 8, 7, 6, 5, 4, 0, 0, 3, 2, 1, 60, 50, 40, 0, 0];
        ImageFile.Decode(bmp, "image.bmp").Pixels.ShouldBe([1, 2, 3, 40, 50, 60, 7, 8, 9, 4, 5, 6]);
    }

    [Fact]
    public void Jpeg_holds_the_stored_values_whatever_the_profile_says()
    {
        using var plain = Picture(40, 24);
        using var wide = WithProfile(plain, SKColorSpace.CreateRgb(SKColorSpaceTransferFn.Srgb, SKColorSpaceXyz.DisplayP3));
        var withoutProfile = ImageFile.Decode(Encode(plain, SKEncodedImageFormat.Jpeg), "plain.jpg");
        var file = Encode(wide, SKEncodedImageFormat.Jpeg);
        using var codec = SKCodec.Create(new MemoryStream(file));
        codec.Info.ColorSpace.IsSrgb.ShouldBeFalse("the test's file has a profile");
        ImageFile.Decode(file, "wide.jpg").Pixels.ShouldBe(withoutProfile.Pixels);
    }

    [Fact]
    public void Png_holds_the_stored_values_whatever_its_profile_and_gamma_say()
    {
        using var plain = Picture(9, 7);
        using var wide = WithProfile(plain, SKColorSpace.CreateRgb(SKColorSpaceTransferFn.Linear, SKColorSpaceXyz.AdobeRgb));
        ShouldBe(ImageFile.Decode(Encode(wide, SKEncodedImageFormat.Png), "wide.png"), plain);
        var gamma = TestPng.Write(1, 1, 8, TestPng.Rgb, [10, 100, 200], ("gAMA", [0, 1, 0x86, 0xA0]));
        ImageFile.Decode(gamma, "gamma.png").Pixels.ShouldBe([10, 100, 200]);
    }

    [Fact]
    public void Sixteen_bit_samples_keep_their_high_byte()
    {
        byte[] samples = [0x80, 0x80, 0x80, 0xFF, 0x7F, 0x01, 0x00, 0xFF, 0x01, 0x00, 0xFF, 0xFE];
        ImageFile.Decode(TestPng.Write(2, 1, 16, TestPng.Rgb, samples), "rgb16.png").Pixels.ShouldBe([0x80, 0x80, 0x7F, 0x00, 0x01, 0xFF]);
        ImageFile.Decode(TestPng.Write(2, 1, 16, TestPng.Grey, [0x12, 0xFF, 0xFE, 0x01]), "grey16.png").Pixels
            .ShouldBe([0x12, 0x12, 0x12, 0xFE, 0xFE, 0xFE]);
    }

    [Theory]
    [InlineData(1, 0b1010_0000, new byte[] { 255, 0, 255 })]
    [InlineData(2, 0b1101_0000, new byte[] { 255, 85, 0 })]
    [InlineData(8, 0b0101_0101, new byte[] { 85, 85, 85 })]
    public void Grey_becomes_equal_red_green_and_blue(byte depth, byte packed, byte[] levels)
    {
        var samples = depth == 8 ? [packed, packed, packed] : new[] { packed };
        ImageFile.Decode(TestPng.Write(3, 1, depth, TestPng.Grey, samples), "grey.png").Pixels
            .ShouldBe(levels.SelectMany(v => new[] { v, v, v }));
    }

    [Fact]
    public void Grey_jpeg_becomes_equal_red_green_and_blue()
    {
        using var bitmap = new SKBitmap(new SKImageInfo(16, 16, SKColorType.Gray8));
        bitmap.GetPixelSpan().Fill(77);
        ImageFile.Decode(Encode(bitmap, SKEncodedImageFormat.Jpeg), "grey.jpg").Pixels.ShouldAllBe(v => v == 77);
    }

    [Fact]
    public void Palette_and_its_transparency_are_resolved()
    {
        var palette = ("PLTE", new byte[] { 1, 2, 3, 40, 50, 60, 200, 100, 0 });
        var file = TestPng.Write(3, 1, 8, TestPng.Palette, [2, 0, 1], palette, ("tRNS", [255, 0, 255]));
        ImageFile.Decode(file, "palette.png").Pixels.ShouldBe([200, 100, 0, 1, 2, 3, 0, 0, 0]);
    }

    [Fact]
    public void Transparent_pixels_are_laid_over_black()
    {
        var file = TestPng.Write(3, 1, 8, TestPng.Rgba, [200, 100, 50, 255, 200, 100, 50, 0, 200, 100, 50, 51]);
        ImageFile.Decode(file, "alpha.png").Pixels.ShouldBe([200, 100, 50, 0, 0, 0, 40, 20, 10]);
        ImageFile.Decode(TestPng.Write(2, 1, 8, TestPng.GreyAlpha, [200, 255, 200, 51]), "grey-alpha.png").Pixels
            .ShouldBe([200, 200, 200, 40, 40, 40]);
    }

    [Fact]
    public void Cmyk_jpeg_is_multiplied_out()
    {
        var image = ImageFile.Decode(Convert.FromBase64String(CmykJpeg), "cmyk.jpg");
        image.Size.ShouldBe(new ImageSize(16, 16));
        for (var i = 0; i < 256; i++)
        {
            var expected = i % 16 < 8 ? new[] { 10, 200, 90 } : [250, 30, 140];
            for (var c = 0; c < 3; c++) ((int)image.Pixels[3 * i + c]).ShouldBeInRange(expected[c] - 2, expected[c] + 2);
        }
    }

    [Fact]
    public void Extensions_are_known_in_any_case()
    {
        ImageFile.HasImageExtension("a/b.JPG").ShouldBeTrue();
        ImageFile.HasImageExtension("Dr._No_0001").ShouldBeFalse();
    }

    /// <summary>A bitmap in which every pixel differs from its neighbours.</summary>
    internal static SKBitmap Picture(int width, int height)
    {
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++) bitmap.SetPixel(x, y, new SKColor((byte)(7 * x), (byte)(11 * y), (byte)(5 * (x + y))));
        }
        return bitmap;
    }

    /// <summary>Encodes without loss where the format can.</summary>
    internal static byte[] Encode(SKBitmap bitmap, SKEncodedImageFormat format)
    {
        using var pixmap = bitmap.PeekPixels();
        using var data = format == SKEncodedImageFormat.Webp
            ? pixmap.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 50)) : pixmap.Encode(format, 90);
        return data.ShouldNotBeNull().ToArray();
    }

    private static SKBitmap WithProfile(SKBitmap bitmap, SKColorSpace profile)
    {
        var copy = new SKBitmap(bitmap.Info.WithColorSpace(profile));
        bitmap.Bytes.CopyTo(copy.GetPixelSpan());
        return copy;
    }

    private static void ShouldBe(FaceImage image, SKBitmap bitmap)
    {
        image.Size.ShouldBe(new ImageSize(bitmap.Width, bitmap.Height));
        image.Pixels.ShouldBe(bitmap.Pixels.SelectMany(p => new[] { p.Red, p.Green, p.Blue }));
    }
}
