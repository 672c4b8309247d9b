using CsCheck;
using Masquerade.Imaging;
using static TorchSharp.torch;

namespace Masquerade.Tests.Imaging;

public class ImageTensorsTests
{
    [Fact]
    public void Every_image_comes_back_from_floats() =>
        ImageFileTests.AnyImage.Sample(image =>
        {
            var planar = new float[image.Size.Values];
            ImageTensors.WritePlanar(image, planar);
            return planar.All(v => v is >= 0 and <= 1)
                && ImageTensors.FromPlanar(planar, image.Size).Pixels.AsSpan().SequenceEqual(image.Pixels);
        }, iter: 200);

    [Fact]
    public void Planes_are_red_green_and_blue()
    {
        var planar = new float[6];
        ImageTensors.WritePlanar(new FaceImage(2, 1, [0, 51, 102, 153, 204, 255]), planar);
        planar.ShouldBe([0f, 0.6f, 0.2f, 0.8f, 0.4f, 1f]);
    }

    [Fact]
    public void Every_level_survives_both_roundings()
    {
        using var scope = NewDisposeScope();
        var levels = Enumerable.Range(0, 256).Select(v => (byte)v).ToArray();
        var image = new FaceImage(256, 1, [.. levels.SelectMany(v => new[] { v, v, v })]);
        var images = ImageTensors.ToTensor([image]);
        images.shape.ShouldBe([1, 3, 1, 256]);
        ImageTensors.RoundTo8Bit(images).data<float>().ToArray().ShouldBe(images.data<float>().ToArray());
    }

    [Fact]
    public void Both_roundings_agree_everywhere()
    {
        using var scope = NewDisposeScope();
        // Each half between two levels and its neighbours, and an even sweep beyond both ends.
        float[] halves = [.. Enumerable.Range(0, 255).Select(k => (k + 0.5f) / 255f)];
        float[] values = [.. halves, .. halves.Select(float.BitIncrement), .. halves.Select(float.BitDecrement),
            .. Enumerable.Range(0, 3000).Select(k => k / 3000f)];
        var size = new ImageSize(values.Length / 3, 1);
        var rounded = ImageTensors.RoundTo8Bit(tensor(values)).data<float>().ToArray();
        var image = ImageTensors.FromPlanar(values, size);
        var back = new float[values.Length];
        ImageTensors.WritePlanar(image, back);
        back.ShouldBe(rounded);
    }

    [Fact]
    public void A_half_goes_to_the_even_level_and_what_is_outside_is_clipped()
    {
        float[] values = [0.5f / 255f, 1.5f / 255f, 2.5f / 255f, -1f, 2f, float.PositiveInfinity];
        var levels = Array.ConvertAll(values, v => ImageTensors.FromPlanar([v, v, v], new ImageSize(1, 1)).Pixels[0]);
        // The first three are halves in float, too.
        values[..3].Select(v => v * 255f).ShouldBe([0.5f, 1.5f, 2.5f]);
        levels.ShouldBe([(byte)0, (byte)2, (byte)2, (byte)0, (byte)255, (byte)255]);
    }

    [Fact]
    public void Not_a_number_becomes_black() =>
        ImageTensors.FromPlanar([float.NaN, float.NaN, float.NaN], new ImageSize(1, 1)).Pixels.ShouldBe([0, 0, 0]);

    [Fact]
    public void Sizes_must_agree()
    {
        var small = new FaceImage(1, 1, [1, 2, 3]);
        Should.Throw<ArgumentException>(() => ImageTensors.ToTensor([small, new FaceImage(2, 1, new byte[6])]));
        Should.Throw<ArgumentException>(() => ImageTensors.ToTensor([]));
        Should.Throw<ArgumentException>(() => ImageTensors.WritePlanar(small, new float[4]));
        Should.Throw<ArgumentException>(() => ImageTensors.FromPlanar(new float[4], small.Size));
        Should.Throw<ArgumentException>(() => new FaceImage(2, 2, new byte[3]));
    }
}
