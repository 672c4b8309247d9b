using System.Globalization;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>
/// The mean of the 11×11 pixels around each, where those count most whose surroundings of 5×5 pixels look like its own: exp(−d²/h²), d² the
/// mean squared difference of the surroundings' values (Buades, Coll and Morel, CVPR 2005). The border is mirrored, the edge not repeated.
/// </summary>
/// <param name="H">How unlike surroundings may be, in levels of 255.</param>
public sealed record NonLocalMeans(double H = 10) : Purifier
{
    private const int Patch = 5, Reach = 5;

    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"nlm:{H}");

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        var h = H / 255;
        return AlikeNeighbours.Mean(images, Reach, Patch, (distance, _, _) => distance.Times(-1 / (3 * h * h)).exp_());
    }
}
