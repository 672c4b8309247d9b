using Masquerade.Attacks;
using Masquerade.Detection;

namespace Masquerade.Training.Detectors;

/// <summary>An attack under its name.</summary>
/// <param name="Name">As <c>minimal/fgsm</c>.</param>
/// <param name="Attack">The attack.</param>
public sealed record NamedAttack(string Name, Attack Attack);

/// <summary>How a detector is made. Equal settings, photographs and threads make equal detectors.</summary>
public sealed record DetectorTrainingSettings
{
    /// <summary>What it looks at.</summary>
    public required DetectorKind Kind { get; init; }

    /// <summary>The attacks that it learns from, at least one but for <see cref="DetectorKind.Squeeze"/>.</summary>
    public required IReadOnlyList<NamedAttack> Attacks { get; init; }

    /// <summary>Attacks that it does not learn from, and is judged by all the same.</summary>
    public IReadOnlyList<NamedAttack> Unseen { get; init; } = [];

    /// <summary>The purifiers that it uses; none for the usual ones.</summary>
    public IReadOnlyList<string> Purifiers { get; init; } = [];

    /// <summary>The recogniser's activations that it uses; none for the usual ones.</summary>
    public IReadOnlyList<string> Layers { get; init; } = [];

    /// <summary>Most faces to learn from; each is attacked by every attack.</summary>
    public int Faces { get; init; } = 2000;

    /// <summary>How many people are kept from learning, to calibrate and judge on.</summary>
    public int ValidationPeople { get; init; } = 200;

    /// <summary>Most faces of those people.</summary>
    public int ValidationFaces { get; init; } = 500;

    /// <summary>Shares of clean faces that are refused, each in (0,1).</summary>
    public IReadOnlyList<double> FalseAlarms { get; init; } = [0.01, 0.05];

    /// <summary>Of a network: how often as many images as there are clean faces are seen.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>Of a network: images in a step, half of them clean.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Of a network: the largest learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Of whom is attacked how, and of all that is drawn.</summary>
    public long Seed { get; init; }

    /// <summary>Threads to use.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>
    /// Where attacked faces are kept; null for the training's own folder. Trainings for one model on the same photographs use what is there of
    /// an attack.
    /// </summary>
    public string? AttackedFolder { get; init; }

    /// <summary>Ends at the first photograph that cannot be used.</summary>
    public bool Strict { get; init; }

    /// <summary>Refuses what cannot be.</summary>
    /// <exception cref="InputException">A setting is impossible.</exception>
    public void Check()
    {
        TrainingSettings.Require(Attacks.Count > 0 || Kind == DetectorKind.Squeeze, "a detector that learns from attacks needs one; name it with --attacks");
        TrainingSettings.Require(Faces is >= 20 and <= 1_000_000, $"{Faces} faces are not possible; 20 or more");
        TrainingSettings.Require(ValidationPeople is >= 2 and <= 1_000_000, $"{ValidationPeople} people to judge on are too few; 2 or more");
        TrainingSettings.Require(ValidationFaces is >= 20 and <= 1_000_000, $"{ValidationFaces} faces to judge on are too few; 20 or more");
        TrainingSettings.Require(FalseAlarms.Count > 0 && FalseAlarms.All(f => f is > 0 and < 1), "false alarms are shares between 0 and 1; give at least one");
        TrainingSettings.Require(Epochs is >= 1 and <= 10_000, $"{Epochs} epochs are not possible; 1 or more");
        TrainingSettings.Require(Batch is >= 4 and <= 4096 && Batch % 2 == 0, $"a batch of {Batch} is not possible; an even number from 4 on");
        TrainingSettings.Require(LearningRate is > 0 and <= 1, $"a learning rate of {LearningRate} is not possible; above 0 and up to 1");
        TrainingSettings.Require(Threads is >= 1 and <= 1024, $"{Threads} threads are not possible; 1 or more");
        if (Attacks.Concat(Unseen).FirstOrDefault(a => !a.Attack.SearchesUnder8Bit) is { } floats)
            throw new InputException($"{floats.Name} makes float images only, and detectors see images of 8 bits; choose another attack");
        if (Attacks.Concat(Unseen).GroupBy(a => a.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InputException($"the attack {twice.Key} is named twice, learned from or unseen; name it once");
    }
}
