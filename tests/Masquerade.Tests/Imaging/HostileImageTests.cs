using CsCheck;
using Masquerade.Imaging;
using SkiaSharp;

namespace Masquerade.Tests.Imaging;

public class HostileImageTests
{
    [Fact]
    public void A_png_that_claims_60000_by_60000_is_refused_before_memory_is_taken()
    {
        var file = TestPng.Write(60_000, 60_000, 8, TestPng.Rgb, []);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Refusal(() => ImageFile.Decode(file, "huge.png")).ShouldContain("claims 60000x60000");
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1_000_000);
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void A_file_that_is_cut_off_is_refused(SKEncodedImageFormat format)
    {
        // Noise: nearly all of the file is pixels.
        using var bitmap = ImageFileTests.Picture(120, 90);
        new Random(1).NextBytes(bitmap.GetPixelSpan());
        var file = ImageFileTests.Encode(bitmap, format);
        for (var percent = 0; percent < 100; percent += 5)
            Refusal(() => ImageFile.Decode(file[..(file.Length * percent / 100)], "cut")).ShouldStartWith("cut: ");
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void Damage_is_refused_or_decoded_but_never_escapes(SKEncodedImageFormat format)
    {
        using var bitmap = ImageFileTests.Picture(30, 20);
        var file = ImageFileTests.Encode(bitmap, format);
        Gen.Select(Gen.Int[0, file.Length - 1], Gen.Byte, Gen.Int[0, file.Length - 1], Gen.Byte).Sample((at, value, at2, value2) =>
        {
            var damaged = file.ToArray();
            (damaged[at], damaged[at2]) = (value, value2);
            try
            {
                var image = ImageFile.Decode(damaged, "damaged");
                return image.Pixels.Length == 3L * image.Width * image.Height;
            }
            catch (InputException e)
            {
                return e.Message.StartsWith("damaged: ", StringComparison.Ordinal);
            }
        }, iter: 1000);
    }

    [Fact]
    public void What_is_no_image_file_is_named()
    {
        using var folder = new TemporaryFolder();
        Refusal(() => ImageFile.Read(folder.Write("text.jpg", "This is no photograph."))).ShouldContain("is not a JPEG, PNG, WebP or BMP");
        Refusal(() => ImageFile.Read(folder.Write("empty.jpg", ""))).ShouldContain("empty");
        Refusal(() => ImageFile.Read(folder["missing.jpg"])).ShouldContain("missing.jpg: no such file");
        Refusal(() => ImageFile.Read(folder.Root)).ShouldContain("is a folder");
        Refusal(() => ImageFile.Read("")).ShouldContain("no file is named");
        Refusal(() => ImageFile.Read("a\0b.jpg")).ShouldContain("no such file");
        byte[] gif = [.. "GIF89a"u8, 1, 0, 1, 0, 128, 0, 0, 1, 2, 3, 4, 5, 6,
            (byte)',', 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 68, 1, 0, (byte)';'];
        Refusal(() => ImageFile.Read(folder.Write("picture.gif", gif))).ShouldContain("picture.gif: is ");
    }

    [Fact]
    public void A_file_that_cannot_be_opened_is_named()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("locked.png", ImageFile.EncodePng(new FaceImage(1, 1, [1, 2, 3])));
        using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Refusal(() => ImageFile.Read(path)).ShouldContain("locked.png: cannot be read");
    }

    [Fact]
    public void Writing_replaces_whole_files_and_leaves_nothing_beside_them()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("face.png", "something else");
        ImageFile.WritePng(path, new FaceImage(1, 1, [1, 2, 3]));
        ImageFile.Read(path).Pixels.ShouldBe([1, 2, 3]);
        var image = new FaceImage(1, 1, [1, 2, 3]);
        Refusal(() => ImageFile.WritePng(folder["no/such/folder/face.png"], image)).ShouldContain("cannot be written");
        Directory.CreateDirectory(folder["taken.png"]);
        Refusal(() => ImageFile.WritePng(folder["taken.png"], image)).ShouldContain("taken.png: is a folder");
        Directory.GetFileSystemEntries(folder.Root).Length.ShouldBe(2);
    }

    private static string Refusal(Action action)
    {
        var message = Should.Throw<InputException>(action).Message;
        message.ShouldNotContain("\n");
        return message;
    }
}
