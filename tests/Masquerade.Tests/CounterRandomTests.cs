using System.Runtime.Intrinsics;

namespace Masquerade.Tests;

public class CounterRandomTests
{
    /// <summary>Philox4x32-10 written out one counter at a time, straight from the paper.</summary>
    private static uint[] Reference(uint[] counter, uint key0, uint key1)
    {
        var c = (uint[])counter.Clone();
        for (var round = 0; round < 10; round++)
        {
            var first = 0xD2511F53ul * c[0];
            var second = 0xCD9E8D57ul * c[2];
            c = [(uint)(second >> 32) ^ c[1] ^ key0, (uint)second, (uint)(first >> 32) ^ c[3] ^ key1, (uint)first];
            key0 += 0x9E3779B9;
            key1 += 0xBB67AE85;
        }
        return c;
    }

    /// <summary>Known answer of the authors' test vectors (Random123, kat_vectors): counter and key zero.</summary>
    [Fact]
    public void Reference_gives_the_published_answer() =>
        Reference([0, 0, 0, 0], 0, 0).ShouldBe([0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u]);

    [Theory]
    [InlineData(0, 0, 0u, 0u)]
    [InlineData(4711, 999, 0xdeadbeefu, 0x12345678u)]
    public void Eight_lanes_are_eight_counters(int block, int level, uint key0, uint key1)
    {
        var (a, b, c, d) = new CounterRandom(key0, key1).Philox(block, level);
        for (var lane = 0; lane < 8; lane++)
            new[] { a[lane], b[lane], c[lane], d[lane] }.ShouldBe(Reference([(uint)(block + lane), (uint)level, 0, 0], key0, key1));
    }

    [Fact]
    public void Uniform_and_gaussian_have_their_moments()
    {
        var values = new float[1_000_003];
        new CounterRandom(1, "a", "b").Uniform(values, 1);
        values.ShouldAllBe(v => v >= -1 && v < 1);
        Moment(values, 1).ShouldBe(0, 0.003);
        Moment(values, 2).ShouldBe(1 / 3.0, 0.003);
        Moment(values, 4).ShouldBe(1 / 5.0, 0.003);

        new CounterRandom(1, "a", "b").Gaussian(values, 1);
        values.ShouldAllBe(v => float.IsFinite(v));
        Moment(values, 1).ShouldBe(0, 0.005);
        Moment(values, 2).ShouldBe(1, 0.006);
        Moment(values, 3).ShouldBe(0, 0.02);
        Moment(values, 4).ShouldBe(3, 0.05);
    }

    [Fact]
    public void Draws_depend_on_seed_attack_pair_and_level_alone()
    {
        float[] Draw(long seed, string attack, string pair, int level, int length)
        {
            var values = new float[length];
            new CounterRandom(seed, attack, pair).Gaussian(values, level);
            return values;
        }

        var first = Draw(1, "uniform", "p", 1, 100);
        Draw(1, "uniform", "p", 1, 100).ShouldBe(first);
        Draw(1, "uniform", "p", 1, 37).ShouldBe(first[..37]);
        Draw(2, "uniform", "p", 1, 100).ShouldNotBe(first);
        Draw(1, "gaussian", "p", 1, 100).ShouldNotBe(first);
        Draw(1, "uniform", "q", 1, 100).ShouldNotBe(first);
        Draw(1, "uniform", "p", 2, 100).ShouldNotBe(first);
    }

    private static double Moment(float[] values, int order) => values.Average(v => Math.Pow(v, order));
}
