namespace Masquerade;

/// <summary>Random numbers from a counter (SplitMix64; Steele, Lea and Flood, OOPSLA 2014). Not for several threads at once.</summary>
internal sealed class SplitMix(ulong state)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    /// <summary>A stream of its own for each key: what one draws does not depend on what others drew.</summary>
    public static SplitMix For(params ReadOnlySpan<ulong> key)
    {
        var state = 0ul;
        foreach (var part in key) state = Mix(state + Step + Mix(part + Step));
        return new SplitMix(state);
    }

    /// <summary>64 random bits.</summary>
    public ulong Next() => Mix(state += Step);

    /// <summary>An even draw from 0 up to <paramref name="bound"/>: the upper half of a product, with no bias that matters.</summary>
    public long Below(long bound) => (long)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>An even draw from an interval.</summary>
    public float Between(float low, float high) => low + (high - low) * ((Next() >> 40) * (1f / (1 << 24)));

    /// <summary>A draw around a mean, bell-shaped (three even draws added), never further from it than <paramref name="reach"/>.</summary>
    public float Around(float mean, float reach) => mean + reach * (Between(-1, 1) + Between(-1, 1) + Between(-1, 1)) / 3;

    /// <summary>True in this share of the draws.</summary>
    public bool Chance(float share) => Between(0, 1) < share;

    /// <summary>One of some, each as likely.</summary>
    public T Pick<T>(params ReadOnlySpan<T> choices) => choices[(int)Below(choices.Length)];

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
