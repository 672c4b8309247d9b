using System.Globalization;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>
/// Shrinks the details of an image by what noise would add to them, channel by channel: soft thresholds σ²/σₓ in each band of an
/// orthonormal wavelet transform, σₓ the deviation of the band without its noise (BayesShrink; Chang, Yu and Vetterli, IEEE TIP 2000). The
/// noise σ is read off the image: the median absolute value of the finest diagonal details (the mean of the middle tenth) over 0.6745.
/// Symlets of eight taps, up to four levels; the border is mirrored at each, the edge not repeated.
/// </summary>
/// <param name="Strength">Multiplies the thresholds.</param>
public sealed record WaveletShrinkage(double Strength = 1) : Purifier
{
    private const int Levels = 4, Taps = 8;

    // A band that is nothing but noise has no deviation of its own: its threshold is far beyond all its values.
    private const double LeastVariance = 1e-12;

    /// <summary>
    /// The low-pass filter of the symlet with four vanishing moments (Daubechies, Ten Lectures on Wavelets, 1992, table 6.3).
    /// </summary>
    internal static IReadOnlyList<double> Symlet { get; } =
    [
        -0.07576571478927333, -0.02963552764599851, 0.49761866763201545, 0.8037387518059161,
        0.29785779560527736, -0.09921954357684722, -0.012603967262037833, 0.0322231006040427,
    ];

    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"wavelet:{Strength}");

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        var (height, width) = (images.shape[2], images.shape[3]);
        if (Math.Min(height, width) < Taps)
            throw new InputException($"{Name}: images of {width}x{height} are too small, it takes {Taps}x{Taps} at least");
        return ImageSlices.Through(images, slice =>
        {
            using var scope = NewDisposeScope();
            var planes = slice.reshape(-1, 1, height, width);
            return Shrunk(planes, Bank().to(slice.dtype), null, 1).view(slice.shape).MoveToOuterDisposeScope();
        });
    }

    private Tensor Shrunk(Tensor planes, Tensor bank, Tensor? noise, int level)
    {
        var (height, width) = (planes.shape[2], planes.shape[3]);
        // Every coefficient that a pixel inside is made of.
        long[] padding = [Taps - 2, Taps - 2 + width % 2, Taps - 2, Taps - 2 + height % 2];
        var bands = nn.functional.conv2d(nn.functional.pad(planes, padding, TorchSharp.PaddingModes.Reflect), bank, strides: [2, 2]);
        noise ??= NoiseVariance(bands.narrow(1, 3, 1));
        var (coarse, details) = (bands.narrow(1, 0, 1), bands.narrow(1, 1, 3));
        var own = (details.Squared().mean([2, 3], keepdim: true) - noise).AtLeast(LeastVariance).sqrt();
        var threshold = noise.Times(Strength) / own;
        var shrunk = (details - threshold).relu() - (details.neg() - threshold).relu();
        if (level < Levels && Math.Min(coarse.shape[2], coarse.shape[3]) >= Taps) coarse = Shrunk(coarse, bank, noise, level + 1);
        return nn.functional.conv_transpose2d(cat([coarse, shrunk], 1), bank, strides: [2, 2])
            .narrow(2, Taps - 2, height).narrow(3, Taps - 2, width);
    }

    /// <summary>[planes,1,1,1], from the finest diagonal details.</summary>
    private static Tensor NoiseVariance(Tensor diagonal)
    {
        var sizes = diagonal.flatten(1).abs().sort(1).Values;
        // A single value's gradient would hold for the smallest of steps only, which attackers do not take.
        var middle = Math.Max(1, sizes.shape[1] / 10);
        return sizes.narrow(1, (sizes.shape[1] - middle) / 2, middle).mean([1]).Over(0.6745).Squared().view(-1, 1, 1, 1);
    }

    /// <summary>The four filters of a level, [4,1,8,8]: coarse, and details along rows, along columns and diagonal.</summary>
    private static Tensor Bank()
    {
        double[][] filters = [[.. Symlet], [.. Enumerable.Range(0, Taps).Select(k => (k % 2 == 0 ? 1 : -1) * Symlet[Taps - 1 - k])]];
        var values = from down in filters from right in filters from y in down from x in right select (float)(y * x);
        return tensor(values.ToArray(), [4, 1, Taps, Taps]);
    }
}
