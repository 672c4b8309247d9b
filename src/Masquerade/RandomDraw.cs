namespace Masquerade;

/// <summary>One random draw: a generator, and which draw of it.</summary>
/// <param name="Random">The generator.</param>
/// <param name="Level">Which draw.</param>
public readonly record struct RandomDraw(CounterRandom Random, int Level)
{
    /// <summary>A draw of a random defense that no attack has seen, to judge an image by.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="pair">Id of the pair.</param>
    /// <param name="draw">Which of the fresh draws, from 0.</param>
    internal static RandomDraw Fresh(long seed, string pair, int draw) => new(new CounterRandom(seed, "fresh draws", pair), draw);

    /// <summary>One of several draws that are made in this one's place, all different from each other.</summary>
    /// <param name="part">Which, from 0.</param>
    /// <param name="parts">How many there are.</param>
    public RandomDraw Part(int part, int parts) => this with { Level = checked(Level * parts + part) };
}
