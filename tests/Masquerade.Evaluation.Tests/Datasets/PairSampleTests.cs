using Masquerade.Evaluation.Datasets;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Tests.Datasets;

/// <summary>Draws that NumPy makes, bit for bit.</summary>
public sealed class PairSampleTests
{
    [Fact]
    public void The_generator_is_MT19937()
    {
        // The authors' reference output for their default seed, and what C++ demands of std::mt19937.
        var random = new MersenneTwister(5489);
        uint[] first = [random.Next(), random.Next(), random.Next(), random.Next(), random.Next()];
        first.ShouldBe([3499211612u, 581869302u, 3890346734u, 3586334585u, 545404204u]);
        for (var i = 6; i < 10_000; i++) random.Next();
        random.Next().ShouldBe(4123659995u);
        new MersenneTwister(0).Next().ShouldBe(2357136044u);
    }

    [Fact]
    public void A_shuffle_is_numpy_s()
    {
        // numpy.random.seed(0); numpy.random.permutation(10)
        PairSample.Indices(10, 10, 0).ShouldBe([2, 8, 4, 9, 1, 6, 7, 3, 0, 5]);
        // numpy.random.seed(42); numpy.random.permutation(10)
        PairSample.Indices(10, 3, 42).ShouldBe([8, 1, 5]);
        PairSample.Indices(1, 1, 7).ShouldBe([0]);
        PairSample.Indices(1000, 1000, PairSample.MostSeed).Order().ShouldBe(Enumerable.Range(0, 1000));
    }

    [Fact]
    public void The_study_s_pairs_come_out_of_LFW_s_list()
    {
        var lines = File.ReadAllLines(Shared.Path("data", "lfw", "seed-pairs.csv"));
        var list = PairListReader.Read(Shared.Path("data", "lfw", "pairs.txt"));
        PairSample.Indices(6000, 100, 0).ShouldBe(lines.Skip(1).Select(l => int.Parse(l.Split(',')[1], null)));
        var drawn = PairSample.Draw(list, 100, 0).Pairs;
        drawn.Select((p, i) => $"{i},{p.Probe}.jpg,{p.Reference}.jpg,{(p.SamePerson ? 1 : 0)}").ShouldBe(
            lines.Skip(1).Select(l => l.Split(',')).Select(f => $"{f[0]},{f[2]},{f[3]},{f[4]}"));
        drawn.Take(50).Count(p => p.SamePerson).ShouldBe(26);
    }

    [Fact]
    public void More_than_there_are_cannot_be_drawn()
    {
        var list = new PairList("pairs.csv", PairListFormat.Csv, [new VerificationPair("a|b", "a", "b", true, 0)], 1);
        Should.Throw<InputException>(() => PairSample.Draw(list, 2, 0)).Message
            .ShouldBe("pairs.csv: has 1 pairs, of which 2 cannot be drawn; lower the sample");
        PairSample.Draw(list, 1, 5).Pairs.ShouldBe(list.Pairs);
    }
}
