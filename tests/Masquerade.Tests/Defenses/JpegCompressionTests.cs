using Masquerade.Defenses.Filters;
using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses;

public class JpegCompressionTests
{
    [Fact]
    public void It_is_what_a_JPEG_file_would_hold()
    {
        using var scope = NewDisposeScope();
        var image = Noise.Image(45, 38, 4);
        var file = ImageFile.EncodeJpeg(image, 60);
        var purified = new JpegCompression(60).Purify(ImageTensors.ToTensor([image]));
        Pictures.Difference(purified, ImageTensors.ToTensor([ImageFile.Decode(file, "a file")])).ShouldBe(0);
        // Between two levels the nearer one is stored.
        var between = ImageTensors.ToTensor([image]).Plus(0.3 / 255).Clipped();
        Pictures.Difference(new JpegCompression(60).Purify(between), purified).ShouldBe(0);
    }

    [Fact]
    public void Chroma_is_stored_at_half_the_size()
    {
        var file = ImageFile.EncodeJpeg(Noise.Image(48, 48, 4), 90);
        // Start of a baseline frame: length, 8 bits, height, width, components, then for each its number, sampling and table.
        var frame = file.AsSpan()[file.AsSpan().IndexOf<byte>([0xFF, 0xC0])..];
        (frame[9], frame[11], frame[14], frame[17]).ShouldBe(((byte)3, (byte)0x22, (byte)0x11, (byte)0x11));
    }

    [Fact]
    public void More_quality_takes_more_bytes()
    {
        var image = Noise.Image(64, 64, 4);
        ImageFile.EncodeJpeg(image, 30).Length.ShouldBeLessThan(ImageFile.EncodeJpeg(image, 75).Length);
        ImageFile.EncodeJpeg(image, 75).Length.ShouldBeLessThan(ImageFile.EncodeJpeg(image, 95).Length);
    }

    [Fact]
    public void What_is_too_large_for_the_format_is_refused()
    {
        using var scope = NewDisposeScope();
        Should.Throw<InputException>(() => new JpegCompression().Purify(zeros(1, 3, 1, 66_000)))
            .Message.ShouldBe("a 66000x1 image is too large for JPEG; scale it down");
    }
}
