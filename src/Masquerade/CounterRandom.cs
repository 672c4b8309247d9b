using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using System.Text;

namespace Masquerade;

/// <summary>
/// Random values that depend only on a seed, what they are for, whom they are for and which draw it is; in an attack on (seed, attack, pair,
/// level). Philox4x32-10, a counter-based generator (Salmon et al., SC 2011): any level can be drawn at any time, by any thread, with the
/// same result.
/// </summary>
public readonly struct CounterRandom : IEquatable<CounterRandom>
{
    private const int Lanes = 8;
    private const int Group = 4 * Lanes; // values made at once: four words of eight counters

    private readonly uint _key0;
    private readonly uint _key1;

    /// <param name="seed">The run's seed.</param>
    /// <param name="purpose">What for, as the name of an attack.</param>
    /// <param name="item">Whom for, as the id of a pair.</param>
    public CounterRandom(long seed, string purpose, string item)
    {
        var text = Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{seed}\0{purpose}\0{item}"));
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        _key0 = BinaryPrimitives.ReadUInt32LittleEndian(hash);
        _key1 = BinaryPrimitives.ReadUInt32LittleEndian(hash[4..]);
    }

    internal CounterRandom(uint key0, uint key1) => (_key0, _key1) = (key0, key1);

    /// <summary>Fills a span with values uniform in [-1,1).</summary>
    /// <param name="values">Any length.</param>
    /// <param name="level">Which draw.</param>
    public void Uniform(Span<float> values, int level)
    {
        Span<float> tail = stackalloc float[Group];
        for (int at = 0, block = 0; at < values.Length; at += Group, block += Lanes)
        {
            var whole = values.Length - at >= Group;
            var into = whole ? values.Slice(at, Group) : tail;
            var (a, b, c, d) = Philox(block, level);
            Signed(a).CopyTo(into);
            Signed(b).CopyTo(into[Lanes..]);
            Signed(c).CopyTo(into[(2 * Lanes)..]);
            Signed(d).CopyTo(into[(3 * Lanes)..]);
            if (!whole) tail[..(values.Length - at)].CopyTo(values[at..]);
        }
    }

    /// <summary>Fills a span with standard normal values (Box–Muller).</summary>
    /// <param name="values">Any length.</param>
    /// <param name="level">Which draw.</param>
    public void Gaussian(Span<float> values, int level)
    {
        Span<float> tail = stackalloc float[Group];
        for (int at = 0, block = 0; at < values.Length; at += Group, block += Lanes)
        {
            var whole = values.Length - at >= Group;
            var into = whole ? values.Slice(at, Group) : tail;
            var (a, b, c, d) = Philox(block, level);
            BoxMuller(a, b, into);
            BoxMuller(c, d, into[(2 * Lanes)..]);
            if (!whole) tail[..(values.Length - at)].CopyTo(values[at..]);
        }
    }

    private static void BoxMuller(Vector256<uint> first, Vector256<uint> second, Span<float> into)
    {
        // In (0,1]: the logarithm is finite.
        var u = (Fraction(first) + Vector256.Create(1f)) * Vector256.Create(1f / (1 << 24));
        var radius = Vector256.Sqrt(Vector256.Create(-2f) * Vector256.Log(u));
        var (sin, cos) = Vector256.SinCos(Fraction(second) * Vector256.Create(2f * MathF.PI / (1 << 24)));
        (radius * cos).CopyTo(into);
        (radius * sin).CopyTo(into[Lanes..]);
    }

    /// <summary>The upper 24 bits as a float in [0, 2²⁴).</summary>
    private static Vector256<float> Fraction(Vector256<uint> bits) => Vector256.ConvertToSingle((bits >>> 8).AsInt32());

    private static Vector256<float> Signed(Vector256<uint> bits) =>
        Fraction(bits) * Vector256.Create(2f / (1 << 24)) - Vector256.Create(1f);

    /// <summary>Four words for each of eight consecutive counters (block…block+7, level, 0, 0).</summary>
    internal (Vector256<uint> A, Vector256<uint> B, Vector256<uint> C, Vector256<uint> D) Philox(int block, int level)
    {
        var c0 = Vector256.Create((uint)block) + Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7);
        var c1 = Vector256.Create((uint)level);
        var c2 = Vector256<uint>.Zero;
        var c3 = Vector256<uint>.Zero;
        var (k0, k1) = (_key0, _key1);
        for (var round = 0; round < 10; round++)
        {
            var (high0, low0) = Multiply(c0, 0xD2511F53);
            var (high1, low1) = Multiply(c2, 0xCD9E8D57);
            (c0, c1, c2, c3) = (high1 ^ c1 ^ Vector256.Create(k0), low1, high0 ^ c3 ^ Vector256.Create(k1), low0);
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        return (c0, c1, c2, c3);
    }

    private static (Vector256<uint> High, Vector256<uint> Low) Multiply(Vector256<uint> x, uint factor)
    {
        var low = x * Vector256.Create(factor);
        if (Avx2.IsSupported)
        {
            var m = Vector256.Create(factor);
            var even = Avx2.Multiply(x, m).AsUInt32();                          // products of lanes 0, 2, 4, 6
            var odd = Avx2.Multiply((x.AsUInt64() >>> 32).AsUInt32(), m).AsUInt32();
            var high = Avx2.Blend((even.AsUInt64() >>> 32).AsUInt32(), odd, 0b10101010);
            return (high, low);
        }
        var values = Vector256<uint>.Zero;
        for (var i = 0; i < Lanes; i++) values = values.WithElement(i, (uint)(((ulong)x[i] * factor) >> 32));
        return (values, low);
    }

    /// <inheritdoc/>
    public bool Equals(CounterRandom other) => _key0 == other._key0 && _key1 == other._key1;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is CounterRandom other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_key0, _key1);

    /// <summary>Whether two generators draw the same values.</summary>
    public static bool operator ==(CounterRandom left, CounterRandom right) => left.Equals(right);

    /// <summary>Whether two generators draw different values.</summary>
    public static bool operator !=(CounterRandom left, CounterRandom right) => !left.Equals(right);
}
