using System.Globalization;
using Masquerade.Training.Verifiers;

namespace Masquerade.Training.Denoisers;

/// <summary>Standard deviations of Gaussian noise, in levels of 255; each image has one of its own, evenly drawn between two.</summary>
/// <param name="Least">The smallest, 0 or more.</param>
/// <param name="Most">The largest, above 0.</param>
public sealed record NoiseLevels(double Least, double Most)
{
    /// <summary>Values of a channel.</summary>
    internal const double White = 255;

    /// <summary>As <c>25</c> or <c>0:30</c>.</summary>
    public override string ToString() => Least == Most ? Most.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Least}:{Most}");
}

/// <summary>Adversarial images of a model, made for every step anew.</summary>
/// <param name="Model">The model's descriptor.</param>
/// <param name="Attack">How it is attacked.</param>
public sealed record AdversarialNoise(string Model, AdversarialSettings Attack);

/// <summary>How a denoiser is trained: on Gaussian noise or on adversarial images, one of the two.</summary>
public sealed record DenoiserTrainingSettings : TrainingSettings
{
    private const int LargestLevel = 255;

    /// <summary>Settings as they usually are.</summary>
    public DenoiserTrainingSettings() => (Epochs, Batch, LearningRate) = (40, 32, 1e-3);

    /// <summary>Gaussian noise; null for none.</summary>
    public NoiseLevels? Noise { get; init; }

    /// <summary>Adversarial images; null for none.</summary>
    public AdversarialNoise? Adversarial { get; init; }

    /// <summary>Side of the windows that Gaussian noise is learned on, in pixels; adversarial images are whole crops.</summary>
    public int Window { get; init; } = 56;

    /// <inheritdoc/>
    public override void Check()
    {
        base.Check();
        Require(Noise is null != Adversarial is null, "a denoiser learns from Gaussian noise or from adversarial images: one of the two");
        Require(Noise is null or { Least: >= 0, Most: > 0 and <= LargestLevel } && !(Noise?.Least > Noise?.Most),
            $"noise of {Noise} is not possible; a standard deviation above 0 and up to {LargestLevel}, or two, the smaller first");
        Adversarial?.Attack.Check();
        var widest = TrainingFaces.CropSize.Width;
        Require(Window >= 16 && Window <= widest, $"windows of {Window} pixels are not possible; 16 to {widest}");
    }
}
