using Masquerade.Defenses;
using Masquerade.Defenses.Filters;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses;

public class RandomPurifierTests
{
    [Theory]
    [InlineData("noise")]
    [InlineData("resize-pad:0.5")]
    [InlineData("median+noise")]
    [InlineData("noise+resize-pad:0.5+jpeg")]
    public void What_comes_out_depends_on_the_images_draw_alone(string name)
    {
        using var scope = NewDisposeScope();
        using var purifier = PurifierRegistry.Open(name);
        (purifier.IsRandom, purifier.Samples).ShouldBe((true, Purifier.UsualSamples));
        var same = Pictures.Faces(1).expand(4, -1, -1, -1);
        var draws = Pictures.Draws(4);
        var purified = purifier.Purify(same, draws);
        for (var i = 1; i < 4; i++) Pictures.Distance(purified[0], purified[i]).ShouldBeGreaterThan(0.5);
        Pictures.Difference(purifier.Purify(same, [.. draws.Reverse()]).flip(0), purified).ShouldBeLessThan(1e-5);
        Pictures.Difference(purifier.PurifyForGradient(same, draws), purified).ShouldBeLessThan(1e-5);
        Pictures.Distance(purifier.Purify(same, Pictures.Draws(4, 1)), purified).ShouldBeGreaterThan(0.5);
        Should.Throw<ArgumentException>(() => purifier.Purify(same)).Message.ShouldContain("0 draws for 4 images");
    }

    [Fact]
    public void Noise_has_its_deviation_and_images_do_not_share_it()
    {
        using var scope = NewDisposeScope();
        var noise = new AddedNoise(8).Purify(Pictures.Flat(2, 112, 112, 0.5), Pictures.Draws(2)).Minus(0.5).Times(255.0);
        noise.mean().item<float>().ShouldBe(0f, 0.1);
        noise.std().item<float>().ShouldBe(8f, 0.1);
        (noise[0] * noise[1]).mean().item<float>().ShouldBe(0f, 1);
    }

    [Fact]
    public void Parts_of_a_chain_draw_on_their_own()
    {
        using var scope = NewDisposeScope();
        using var purifier = PurifierRegistry.Open("noise:8+noise:8");
        var noise = purifier.Purify(Pictures.Flat(1, 112, 112, 0.5), Pictures.Draws(1)).Minus(0.5).Times(255.0);
        // The same noise twice would have twice the deviation.
        noise.std().item<float>().ShouldBe(8 * MathF.Sqrt(2), 0.2);
    }

    [Fact]
    public void Resized_images_lie_anywhere_on_black()
    {
        using var scope = NewDisposeScope();
        var (heights, tops, lefts) = (new SortedSet<long>(), new SortedSet<long>(), new SortedSet<long>());
        for (var level = 0; level < 300; level++)
        {
            using var one = NewDisposeScope();
            var placed = new ResizeAndPad(0.8).Purify(ones(1, 3, 40, 20), Pictures.Draws(1, level))[0, 0];
            var (rows, columns) = (placed.sum([1L]).nonzero().flatten(), placed.sum([0L]).nonzero().flatten());
            var (height, width) = (rows.shape[0], columns.shape[0]);
            placed.sum().item<float>().ShouldBe((float)(height * width), 1e-3);
            width.ShouldBe((long)Math.Round(height / 2.0));
            heights.Add(height);
            tops.Add(rows[0].item<long>());
            lefts.Add(columns[0].item<long>());
            (rows[-1].item<long>() - rows[0].item<long>()).ShouldBe(height - 1);
        }
        heights.ShouldBe([32, 33, 34, 35, 36, 37, 38, 39, 40]);
        tops.ShouldBe([0, 1, 2, 3, 4, 5, 6, 7, 8]);
        lefts.ShouldBe([0, 1, 2, 3, 4]);
    }

    [Fact]
    public void A_resized_image_is_the_image()
    {
        using var scope = NewDisposeScope();
        // A ramp stays one.
        var ramp = tensor([.. Enumerable.Range(0, 40).Select(i => i / 40f)]).view(1, 1, 1, 40).expand(1, 3, 40, 40);
        var placed = new ResizeAndPad(0.5).Purify(ramp, Pictures.Draws(1))[0, 0];
        var columns = placed.sum([0L]).nonzero().flatten();
        var (left, width) = (columns[0].item<long>(), columns.shape[0]);
        width.ShouldBeLessThan(40);
        var row = placed[placed.sum([1L]).nonzero().flatten()[0].item<long>()].narrow(0, left, width);
        for (var i = 1; i < width - 1; i++) row[i].item<float>().ShouldBe((float)(((i + 0.5) * 40 / width - 0.5) / 40), 1e-5);
        Pictures.Difference(new ResizeAndPad(1).Purify(ramp, Pictures.Draws(1)), ramp).ShouldBe(0);
    }
}
