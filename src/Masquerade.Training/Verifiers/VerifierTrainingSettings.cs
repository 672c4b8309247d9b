namespace Masquerade.Training.Verifiers;

/// <summary>A training against attacks: each batch is attacked before it is learned (Madry et al., ICLR 2018).</summary>
/// <param name="Epsilon">Largest L2 norm of the perturbation, over values in [0,1]; above 0.</param>
/// <param name="Steps">Gradient steps of the attack, at least 1.</param>
public sealed record AdversarialSettings(double Epsilon = 1.5, int Steps = 3)
{
    internal void Check() => TrainingSettings.Require(Epsilon is > 0 and <= 1000 && Steps is >= 1 and <= 1000,
        "an adversarial training needs an epsilon above 0 and at least one step");
}

/// <summary>How a verifier is trained.</summary>
public sealed record VerifierTrainingSettings : TrainingSettings
{
    /// <summary>Share of a weight taken off it at each step, times the learning rate.</summary>
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Of stochastic gradient descent (Nesterov's), in [0,1).</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>The loss.</summary>
    public MarginLoss Loss { get; init; } = MarginLoss.CosFace;

    /// <summary>The loss's margin; it grows from zero over the first fifth of the steps.</summary>
    public double Margin { get; init; } = 0.3;

    /// <summary>The loss's scale of cosines.</summary>
    public double Scale { get; init; } = 24;

    /// <summary>Settings of adversarial training; null: none.</summary>
    public AdversarialSettings? Adversarial { get; init; }

    /// <summary>A checkpoint whose weights are the first; null: random ones.</summary>
    public string? From { get; init; }

    /// <inheritdoc/>
    public override void Check()
    {
        base.Check();
        Require(WeightDecay is >= 0 and < 1, $"a weight decay of {WeightDecay} is not possible; 0 to 1");
        Require(Momentum is >= 0 and < 1, $"a momentum of {Momentum} is not possible; 0 to 1");
        Require(Margin is >= 0 and < 2, $"a margin of {Margin} is not possible; 0 to 2");
        Require(Scale is > 0 and <= 1000, $"a scale of {Scale} is not possible; above 0");
        Adversarial?.Check();
    }
}
