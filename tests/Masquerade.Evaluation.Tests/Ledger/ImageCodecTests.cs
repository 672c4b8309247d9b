using CsCheck;
using Masquerade.Evaluation.Ledger;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Tests.Ledger;

public class ImageCodecTests
{
    private static readonly ImageSize Size = new(5, 4);
    private static readonly Gen<FaceImage> Clean = Gen.Byte.Array[Size.Values].Select(p => new FaceImage(Size.Width, Size.Height, p));

    private static readonly Gen<float> Values = Gen.OneOf(
        Gen.Float[0, 1], Gen.UInt.Select(BitConverter.UInt32BitsToSingle), Gen.Byte.Select(b => b / 255f),
        Gen.OneOf(0f, -0f, 1f, float.Epsilon, -float.Epsilon, float.NaN, float.PositiveInfinity, 1.17e-38f, 1 - 6e-8f));

    /// <summary>To the last bit, whatever the floats are.</summary>
    [Fact]
    public void Any_floats_come_back()
    {
        Gen.Select(Clean, Values.Array[Size.Values]).Sample((clean, image) => ShouldComeBack(image, clean));
        Gen.Select(Clean, Gen.Byte.Array[Size.Values])
            .Sample((clean, levels) => ShouldComeBack(Array.ConvertAll(levels, l => l / 255f), clean));
    }

    [Fact]
    public void The_clean_image_and_its_neighbours_come_back() => Clean.Sample(clean =>
    {
        var image = new float[Size.Values];
        ImageTensors.WritePlanar(clean, image);
        ShouldComeBack(image, clean);
        ShouldComeBack(Array.ConvertAll(image, v => v == 0 ? -0f : v), clean);
        ShouldComeBack(Array.ConvertAll(image, MathF.BitIncrement), clean);
    });

    [Fact]
    public void Whole_levels_are_stored_as_an_image()
    {
        var clean = new FaceImage(64, 64, new byte[64 * 64 * 3]);
        var random = new Random(1);
        var levels = Enumerable.Range(0, clean.Size.Values).Select(_ => random.Next(4) / 255f).ToArray();
        ImageCodec.Encode(levels, clean).Length.ShouldBeLessThan(levels.Length);
    }

    [Fact]
    public void Damage_is_bad_input()
    {
        var cases = Gen.Select(Clean, Values.Array[Size.Values], Gen.Bool, Gen.Int[0, 1 << 20], Gen.Byte[1, 255]);
        cases.Sample((clean, image, png, at, flip) =>
        {
            if (png) image = Array.ConvertAll(image, v => v is > 0.5f ? 1f : 0f);
            var data = ImageCodec.Encode(image, clean);
            DecodesOrIsRefused(data[..(at % data.Length)], clean);
            DecodesOrIsRefused([.. data, flip], clean);
            data[at % data.Length] ^= flip;
            DecodesOrIsRefused(data, clean);
        });
    }

    [Fact]
    public void Empty_short_foreign_and_overlong_data_is_refused()
    {
        var clean = new FaceImage(Size.Width, Size.Height, new byte[Size.Values]);
        var larger = new FaceImage(Size.Width + 1, Size.Height, new byte[3 * (Size.Width + 1) * Size.Height]);
        var floats = ImageCodec.Encode([.. Enumerable.Repeat(0.3f, Size.Values)], clean);
        var otherSize = ImageCodec.Encode([.. Enumerable.Repeat(0.3f, larger.Size.Values)], larger);
        var otherPng = ImageCodec.Encode(new float[larger.Size.Values], larger);
        foreach (var data in new byte[][] { [], [0], [1], [2], [7, 1, 2], floats[..^5], otherSize, otherPng })
        {
            var message = Should.Throw<InputException>(() => ImageCodec.Decode(data, clean, "run.db: image")).Message;
            message.ShouldStartWith("run.db: image");
            message.ShouldNotContain("\n");
        }
    }

    private static void ShouldComeBack(float[] image, FaceImage clean) =>
        ImageCodec.Decode(ImageCodec.Encode(image, clean), clean, "image").Select(BitConverter.SingleToUInt32Bits)
            .ShouldBe(image.Select(BitConverter.SingleToUInt32Bits));

    private static void DecodesOrIsRefused(byte[] data, FaceImage clean)
    {
        try
        {
            ImageCodec.Decode(data, clean, "image").Length.ShouldBe(Size.Values);
        }
        catch (InputException e)
        {
            e.Message.ShouldStartWith("image");
        }
    }
}
