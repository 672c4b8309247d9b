namespace Masquerade.Training;

/// <summary>Adversarial training: each batch is attacked before it is learned (Madry et al., ICLR 2018).</summary>
/// <param name="Epsilon">Largest L2 norm of the perturbation, over values in [0,1]; above 0.</param>
/// <param name="Steps">Gradient steps of the attack, at least 1.</param>
public sealed record AdversarialSettings(double Epsilon = 1.5, int Steps = 3);

/// <summary>How a verifier is trained. Two trainings with equal settings, photographs and threads end with equal weights.</summary>
public sealed record TrainingSettings
{
    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>How often every photograph is seen, at least 1.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Photographs in a step, at least 2.</summary>
    public int Batch { get; init; } = 128;

    /// <summary>Largest learning rate: reached after the warm-up, then let down to zero along a cosine.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Share of the steps in which the learning rate rises from zero, in [0,1).</summary>
    public double WarmUp { get; init; } = 0.05;

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

    /// <summary>How many people are kept from training, to judge the network on.</summary>
    public int ValidationPeople { get; init; } = 100;

    /// <summary>Ends the training after so many epochs without a better network; 0: never.</summary>
    public int Patience { get; init; }

    /// <summary>Of the first weights, the order, the augmentation and the attack's starts.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads of the network; the weights depend on it in their last digits.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>A checkpoint whose weights are the first; null: random ones.</summary>
    public string? From { get; init; }

    /// <summary>Refuses what cannot be.</summary>
    /// <exception cref="InputException">A setting is impossible.</exception>
    public void Check()
    {
        Require(!string.IsNullOrWhiteSpace(Name) && Name.IndexOfAny(Path.GetInvalidFileNameChars()) < 0 && Name.IndexOfAny(['/', '\\']) < 0,
            $"the name '{Name}' is no file name; give --name");
        Require(Epochs is >= 1 and <= 100_000, $"{Epochs} epochs are not possible; 1 or more");
        Require(Batch is >= 2 and <= 65_536, $"a batch of {Batch} is not possible; 2 or more");
        Require(LearningRate is > 0 and <= 100, $"a learning rate of {LearningRate} is not possible; above 0");
        Require(WarmUp is >= 0 and < 1, $"a warm-up of {WarmUp} of the steps is not possible; 0 to 1");
        Require(WeightDecay is >= 0 and < 1, $"a weight decay of {WeightDecay} is not possible; 0 to 1");
        Require(Momentum is >= 0 and < 1, $"a momentum of {Momentum} is not possible; 0 to 1");
        Require(Margin is >= 0 and < 2, $"a margin of {Margin} is not possible; 0 to 2");
        Require(Scale is > 0 and <= 1000, $"a scale of {Scale} is not possible; above 0");
        Require(Adversarial is null or { Epsilon: > 0 and <= 1000, Steps: >= 1 and <= 1000 },
            "an adversarial training needs an epsilon above 0 and at least one step");
        Require(ValidationPeople is >= 2 and <= 1_000_000, $"{ValidationPeople} people to judge on are too few; 2 or more");
        Require(Patience >= 0, $"a patience of {Patience} is not possible; 0 or more");
        Require(Threads is >= 1 and <= 1024, $"{Threads} threads are not possible; 1 or more");

        static void Require(bool holds, string message)
        {
            if (!holds) throw new InputException(message);
        }
    }
}
