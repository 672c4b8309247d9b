namespace Masquerade.Training;

/// <summary>
/// How a network is trained, whatever it is for. Two trainings with equal settings, photographs and threads end with equal weights.
/// </summary>
public abstract record TrainingSettings
{
    /// <summary>The network's name.</summary>
    public required string Name { get; init; }

    /// <summary>How often every photograph is seen, at least 1.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Photographs in a step, at least 2.</summary>
    public int Batch { get; init; } = 128;

    /// <summary>Largest learning rate: reached after the warm-up, then let down to zero along a cosine.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>Share of the steps in which the learning rate rises from zero, in [0,1).</summary>
    public double WarmUp { get; init; } = 0.05;

    /// <summary>How many people are kept from training, to judge the network on.</summary>
    public int ValidationPeople { get; init; } = 100;

    /// <summary>Ends the training after so many epochs without a better network; 0: never.</summary>
    public int Patience { get; init; }

    /// <summary>Of the first weights, the order and all that is drawn.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads of the network; the weights depend on it in their last digits.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Refuses what cannot be.</summary>
    /// <exception cref="InputException">A setting is impossible.</exception>
    public virtual void Check()
    {
        Require(!string.IsNullOrWhiteSpace(Name) && Name.IndexOfAny(Path.GetInvalidFileNameChars()) < 0 && Name.IndexOfAny(['/', '\\']) < 0,
            $"the name '{Name}' is no file name; give --name");
        Require(Epochs is >= 1 and <= 100_000, $"{Epochs} epochs are not possible; 1 or more");
        Require(Batch is >= 2 and <= 65_536, $"a batch of {Batch} is not possible; 2 or more");
        Require(LearningRate is > 0 and <= 100, $"a learning rate of {LearningRate} is not possible; above 0");
        Require(WarmUp is >= 0 and < 1, $"a warm-up of {WarmUp} of the steps is not possible; 0 to 1");
        Require(ValidationPeople is >= 2 and <= 1_000_000, $"{ValidationPeople} people to judge on are too few; 2 or more");
        Require(Patience >= 0, $"a patience of {Patience} is not possible; 0 or more");
        Require(Threads is >= 1 and <= 1024, $"{Threads} threads are not possible; 1 or more");
    }

    /// <summary>The learning rate's course: up in a line, down along a cosine (Loshchilov and Hutter, ICLR 2017).</summary>
    /// <param name="share">Share of the steps that are done.</param>
    internal double RateAt(double share) => LearningRate * (share < WarmUp
        ? (share + 1e-3) / (WarmUp + 1e-3)
        : (1 + Math.Cos(Math.PI * (share - WarmUp) / (1 - WarmUp))) / 2);

    internal static void Require(bool holds, string message)
    {
        if (!holds) throw new InputException(message);
    }
}
