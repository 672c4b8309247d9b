using Masquerade.Defenses.Restoration;
using static TorchSharp.torch;

namespace Masquerade.Tests.Defenses.Restoration;

public sealed class PatchGridTests
{
    [Theory]
    [InlineData(7, 7, 7, 2, 1, 0, 1)]
    [InlineData(8, 7, 7, 2, 1, 0, 2)]     // both borders, nothing between
    [InlineData(20, 13, 5, 2, 0, 1, 9 * 6)]
    [InlineData(20, 13, 5, 2, 1, 1, 9 * 6)]
    [InlineData(12, 31, 4, 3, 2, 1, 4 * 11)]
    [InlineData(9, 9, 3, 1, 0, 0, 49)]
    public void Patches_cover_the_image_and_their_mean_is_the_image(
        int height, int width, int side, int stride, int down, int across, int patches)
    {
        using var scope = NewDisposeScope();
        using var grid = new PatchGrid(height, width, side, stride, down, across);
        var image = tensor(Enumerable.Range(0, 3 * height * width).Select(i => (float)i).ToArray());
        var cut = grid.Cut(image);
        cut.shape.ShouldBe([patches, 3 * side * side]);
        (grid.Average(cut) - image).abs().max().item<float>().ShouldBeLessThan(1e-3f);
    }

    [Fact]
    public void A_patch_is_the_pixels_of_a_square()
    {
        using var scope = NewDisposeScope();
        using var grid = new PatchGrid(5, 6, 2, 2, 1, 0);
        var image = rand(3, 5, 6);
        var cut = grid.Cut(image.view(-1));
        // Rows 0, 1 and 3; columns 0, 2 and 4.
        (cut[0] - image.narrow(1, 0, 2).narrow(2, 0, 2).reshape(-1)).abs().max().item<float>().ShouldBe(0);
        (cut[5] - image.narrow(1, 1, 2).narrow(2, 4, 2).reshape(-1)).abs().max().item<float>().ShouldBe(0);
        (cut[7] - image.narrow(1, 3, 2).narrow(2, 2, 2).reshape(-1)).abs().max().item<float>().ShouldBe(0);
    }

    [Fact]
    public void Overlapping_patches_are_averaged()
    {
        using var scope = NewDisposeScope();
        using var grid = new PatchGrid(2, 3, 2, 1, 0, 0); // two patches that share the middle column
        var averaged = grid.Average(stack([zeros(12), ones(12)]));
        averaged.data<float>().ToArray().ShouldBe([.. Enumerable.Repeat(new[] { 0f, 0.5f, 1f }, 6).SelectMany(v => v)]);
    }
}
