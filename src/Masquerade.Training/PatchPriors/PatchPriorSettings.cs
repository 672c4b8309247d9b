using Masquerade.Defenses.Restoration;

namespace Masquerade.Training.PatchPriors;

/// <summary>How a patch prior is trained. Two trainings with equal settings, photographs and threads end with equal priors.</summary>
public sealed record PatchPriorSettings
{
    /// <summary>The prior's name.</summary>
    public required string Name { get; init; }

    /// <summary>How many Gaussians, 1 to <see cref="PatchPrior.MostComponents"/>.</summary>
    public int Components { get; init; } = 64;

    /// <summary>Side of a patch in pixels, 2 to <see cref="PatchPrior.MostSide"/>.</summary>
    public int PatchSize { get; init; } = 7;

    /// <summary>Directions of a Gaussian with a variance of their own, at most 3·side² − 3.</summary>
    public int Rank { get; init; } = 32;

    /// <summary>How many patches are learned from.</summary>
    public int Patches { get; init; } = 300_000;

    /// <summary>Steps of expectation maximisation, each over all patches.</summary>
    public int Iterations { get; init; } = 40;

    /// <summary>How many people are kept from training, to judge the prior on.</summary>
    public int ValidationPeople { get; init; } = 100;

    /// <summary>Of the patches and the first components.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads; the prior depends on it in its last digits.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Refuses what cannot be.</summary>
    /// <exception cref="InputException">A setting is impossible.</exception>
    public void Check()
    {
        Require(!string.IsNullOrWhiteSpace(Name) && Name.IndexOfAny(Path.GetInvalidFileNameChars()) < 0 && Name.IndexOfAny(['/', '\\']) < 0,
            $"the name '{Name}' is no file name; give --name");
        Require(Name != "checkpoint", "the name 'checkpoint' is the training's own; give another --name");
        Require(Components is >= 1 and <= PatchPrior.MostComponents,
            $"{Components} components are not possible; 1 to {PatchPrior.MostComponents}");
        Require(PatchSize is >= 2 and <= PatchPrior.MostSide,
            $"patches of {PatchSize} pixels are not possible; 2 to {PatchPrior.MostSide}");
        var values = 3 * PatchSize * PatchSize;
        Require(Rank >= 1 && Rank <= values - 3, $"a rank of {Rank} is not possible for patches of {PatchSize} pixels; 1 to {values - 3}");
        Require((long)Components * values * Rank <= PatchPrior.MostBaseValues,
            $"{Components} components of rank {Rank} for patches of {PatchSize} pixels are too much to write; take less of one");
        var most = int.MaxValue / sizeof(float) / values;
        Require(Patches >= 100 && Patches <= most, $"{Patches} patches of {PatchSize} pixels are not possible; 100 to {most}");
        Require(Iterations is >= 1 and <= 10_000, $"{Iterations} iterations are not possible; 1 to 10000");
        Require(ValidationPeople is >= 2 and <= 1_000_000, $"{ValidationPeople} people to judge on are too few; 2 or more");
        Require(Threads is >= 1 and <= 1024, $"{Threads} threads are not possible; 1 or more");

        static void Require(bool holds, string message)
        {
            if (!holds) throw new InputException(message);
        }
    }
}
