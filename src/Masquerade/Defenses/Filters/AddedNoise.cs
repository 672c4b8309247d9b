using System.Globalization;
using static TorchSharp.torch;

namespace Masquerade.Defenses.Filters;

/// <summary>Adds Gaussian noise, other noise to every image.</summary>
/// <param name="Sigma">Standard deviation of a value, in levels of 255.</param>
public sealed record AddedNoise(double Sigma = 8) : Purifier
{
    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"noise:{Sigma}");

    /// <inheritdoc/>
    public override bool IsRandom => true;

    /// <inheritdoc/>
    protected override Tensor Apply(Tensor images, IReadOnlyList<RandomDraw> draws)
    {
        using var noise = ImageMemory.Map(images, (i, _, to) => draws[i].Random.Gaussian(to, draws[i].Level));
        return images.Plus(noise, Sigma / 255);
    }
}
