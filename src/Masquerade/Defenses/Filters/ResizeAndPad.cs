using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>
/// Shrinks each image by a random amount and lays it at a random place on black (Xie et al., ICLR 2018). Resizing is bilinear; of the
/// heights that are possible each is as likely, and the width follows.
/// </summary>
/// <param name="Smallest">The smallest side, as a share of the image's.</param>
public sealed record ResizeAndPad(double Smallest = 0.85) : Purifier
{
    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"resize-pad:{Smallest}");

    /// <inheritdoc/>
    public override bool IsRandom => true;

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(draws);
        using var scope = NewDisposeScope();
        return cat([.. draws.Select((draw, i) => Resized(images.narrow(0, i, 1), draw))]).MoveToOuterDisposeScope();
    }

    private Tensor Resized(Tensor image, RandomDraw draw)
    {
        using var scope = NewDisposeScope();
        var (height, width) = ((int)image.shape[2], (int)image.shape[3]);
        Span<float> drawn = stackalloc float[3];
        draw.Random.Uniform(drawn, draw.Level);
        var newHeight = Pick(Math.Clamp((int)Math.Ceiling(Smallest * height), 1, height), height, drawn[0]);
        var newWidth = Math.Clamp((int)Math.Round((double)width * newHeight / height), 1, width);
        var (top, left) = (Pick(0, height - newHeight, drawn[1]), Pick(0, width - newWidth, drawn[2]));
        var resized = nn.functional.interpolate(image, [newHeight, newWidth], mode: InterpolationMode.Bilinear, align_corners: false);
        return nn.functional.pad(resized, [left, width - newWidth - left, top, height - newHeight - top]).MoveToOuterDisposeScope();
    }

    /// <summary>One of the whole numbers from the least to the most.</summary>
    /// <param name="least">The least.</param>
    /// <param name="most">The most.</param>
    /// <param name="drawn">Uniform in [−1,1).</param>
    private static int Pick(int least, int most, float drawn) => least + (int)((drawn + 1.0) / 2 * (most - least + 1));
}
