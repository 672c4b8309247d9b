namespace Masquerade.Evaluation.Datasets;

/// <summary>
/// MT19937 (Matsumoto and Nishimura, ACM TOMACS 1998), seeded by one number: the generator behind <c>numpy.random.seed</c>. Only for draws
/// that others published.
/// </summary>
internal sealed class MersenneTwister
{
    private const int Length = 624, Middle = 397;

    private readonly uint[] _state = new uint[Length];
    private int _next = Length;

    public MersenneTwister(uint seed)
    {
        _state[0] = seed;
        for (var i = 1; i < Length; i++) _state[i] = 1812433253 * (_state[i - 1] ^ (_state[i - 1] >> 30)) + (uint)i;
    }

    /// <summary>The next 32 bits.</summary>
    public uint Next()
    {
        if (_next == Length) Twist();
        var y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680;
        y ^= (y << 15) & 0xefc60000;
        return y ^ (y >> 18);
    }

    /// <summary>A number of 0 to <paramref name="most"/>: low bits of draws until they are not beyond it; for 0 none.</summary>
    public uint UpTo(uint most)
    {
        if (most == 0) return 0;
        var mask = uint.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount(most);
        while (true)
        {
            var drawn = Next() & mask;
            if (drawn <= most) return drawn;
        }
    }

    private void Twist()
    {
        for (var i = 0; i < Length; i++)
        {
            var y = (_state[i] & 0x80000000) | (_state[(i + 1) % Length] & 0x7fffffff);
            _state[i] = _state[(i + Middle) % Length] ^ (y >> 1) ^ (y % 2 == 0 ? 0 : 0x9908b0df);
        }
        _next = 0;
    }
}
