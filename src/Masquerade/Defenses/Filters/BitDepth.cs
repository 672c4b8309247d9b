using System.Globalization;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>Rounds each value to fewer bits (feature squeezing; Xu, Evans and Qi, NDSS 2018).</summary>
/// <param name="Bits">Bits of a value, 1 to 8.</param>
public sealed record BitDepth(int Bits = 4) : Purifier
{
    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"bits:{Bits}");

    /// <inheritdoc/>
    public override PurifierGradient Gradient => PurifierGradient.StraightThrough;

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        var levels = (1 << Bits) - 1;
        using var rounded = images.Times((double)levels).round_();
        return rounded.Over((double)levels);
    }
}
