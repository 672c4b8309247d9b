using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Tests.Datasets.Synthetic;

public sealed class UnseenPeopleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 2)]
    [InlineData(6, 6)]
    [InlineData(7, 8)]
    public void Pairs_to_attack_are_of_both_kinds_and_share_nobody(int asked, int pairs)
    {
        UnseenPeople.ToAttack(asked).Write(_folder["faces"], cancellation: TestContext.Current.CancellationToken);
        var list = PairListReader.Read(SyntheticFolder.PairsIn(_folder["faces"]));
        PairAvailability.Of(list, new ImageFolder(SyntheticFolder.ImagesIn(_folder["faces"]))).Missing.ShouldBeEmpty();
        list.Pairs.Select(p => p.SamePerson).ShouldBe(Enumerable.Range(0, pairs).Select(i => i % 2 == 0));
        foreach (var two in list.Pairs.Chunk(2))
        {
            var people = People(two);
            people.Count.ShouldBe(2);
            people.ShouldBe(People([two[1]]), ignoreOrder: true);
            People(list.Pairs.Except(two)).ShouldNotContain(p => people.Contains(p));
        }
        var first = Path.Combine(SyntheticFolder.ImagesIn(_folder["faces"]), "Person_0001", "Person_0001_0001.jpg");
        File.ReadAllBytes(first).ShouldBe(new SyntheticFaces(UnseenPeople.Seed).Photograph(0, 0).Jpeg);

        static List<string> People(IEnumerable<VerificationPair> pairs) =>
            [.. pairs.SelectMany(p => new[] { p.Probe[..11], p.Reference[..11] }).Distinct()];
    }

    [Fact]
    public void Six_hundred_people_are_six_thousand_pairs_to_evaluate()
    {
        UnseenPeople.ToEvaluate(600).Photographs.ShouldBe(2400);
        UnseenPeople.ToEvaluate(20).Write(_folder["few"], cancellation: TestContext.Current.CancellationToken);
        var list = PairListReader.Read(SyntheticFolder.PairsIn(_folder["few"]));
        // Of two people with four photographs: six pairs of each, and as many of both.
        (list.FoldCount, list.Pairs.Count).ShouldBe((10, 240));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9999)]
    public void Impossible_numbers_of_pairs_are_refused(int pairs) =>
        Should.Throw<InputException>(() => UnseenPeople.ToAttack(pairs)).Message
            .ShouldBe($"{pairs} pairs of synthetic people are not possible; take 1 to 9998");

    [Theory]
    [InlineData(19)]
    [InlineData(10_000)]
    public void Impossible_numbers_of_people_are_refused(int people) =>
        Should.Throw<InputException>(() => UnseenPeople.ToEvaluate(people)).Message.ShouldStartWith($"{people} people are ");
}
