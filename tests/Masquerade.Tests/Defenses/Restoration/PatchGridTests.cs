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
        var image = tensor(Enumerable.Range(0, 3 * height * width).Select(i => (float)i).ToArray());
        foreach (var most in new[] { 1000, 7, 1 })
        {
            using var grid = new PatchGrid(height, width, side, stride, down, across, most);
            grid.Count.ShouldBe(patches);
            var (pieces, whole) = Cut(grid, image);
            (whole - image).abs().max().item<float>().ShouldBeLessThan(1e-3f);
            cat(pieces, 0).shape.ShouldBe([patches, 3 * side * side]);
            pieces.Count.ShouldBe((patches + most - 1) / most);
        }
    }

    [Fact]
    public void A_patch_is_the_pixels_of_a_square()
    {
        using var scope = NewDisposeScope();
        using var grid = new PatchGrid(5, 6, 2, 2, 1, 0);
        var image = rand(3, 5, 6);
        var cut = Cut(grid, image.view(-1)).Pieces[0];
        // Rows 0, 1 and 3; columns 0, 2 and 4.
        (cut[0] - image.narrow(1, 0, 2).narrow(2, 0, 2).reshape(-1)).abs().max().item<float>().ShouldBe(0);
        (cut[5] - image.narrow(1, 1, 2).narrow(2, 4, 2).reshape(-1)).abs().max().item<float>().ShouldBe(0);
        (cut[7] - image.narrow(1, 3, 2).narrow(2, 2, 2).reshape(-1)).abs().max().item<float>().ShouldBe(0);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public void Overlapping_patches_are_averaged(int most)
    {
        using var scope = NewDisposeScope();
        using var grid = new PatchGrid(2, 3, 2, 1, 0, 0, most); // two patches that share the middle column
        var given = stack([zeros(12), ones(12)]);
        var next = 0;
        var averaged = grid.Map(zeros(18), patches => given.narrow(0, next++, patches.shape[0]));
        averaged.data<float>().ToArray().ShouldBe([.. Enumerable.Repeat(new[] { 0f, 0.5f, 1f }, 6).SelectMany(v => v)]);
    }

    [Fact]
    public void Piece_by_piece_gradients_are_the_same()
    {
        using var scope = NewDisposeScope();
        var image = rand(3 * 11 * 14).requires_grad_(true);
        Tensor[] gradients = [.. new[] { 1000, 5 }.Select(most =>
        {
            using var grid = new PatchGrid(11, 14, 4, 2, 1, 1, most);
            return autograd.grad([grid.Map(image, patches => patches.Squared()).Squared().sum()], [image])[0];
        })];
        (gradients[0] - gradients[1]).abs().max().item<float>().ShouldBeLessThan(1e-5f);
        gradients[0].abs().min().item<float>().ShouldBeGreaterThan(0);
    }

    private static (List<Tensor> Pieces, Tensor Whole) Cut(PatchGrid grid, Tensor image)
    {
        var pieces = new List<Tensor>();
        var whole = grid.Map(image, patches =>
        {
            pieces.Add(patches.clone().DetachFromDisposeScope());
            return patches;
        });
        return (pieces, whole);
    }
}
