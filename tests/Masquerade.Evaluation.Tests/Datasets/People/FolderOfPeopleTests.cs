using CsCheck;
using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets.People;

namespace Masquerade.Evaluation.Tests.Datasets.People;

public class FolderOfPeopleTests
{
    [Fact]
    public void People_and_photographs_are_in_ordinal_order()
    {
        using var folder = People(("bob", 2), ("Ann", 1));
        folder.Write("bob/notes.txt", "x");
        folder.Write("bob/.hidden.jpg", "x");
        folder.Write(".cache/a.jpg", "x");
        folder.Write("empty/readme", "x");
        folder.Write("loose.jpg", "x");
        var people = FolderOfPeople.Read(folder.Root).People;
        people.Select(p => (p.Name, string.Join(' ', p.Photographs))).ShouldBe([("Ann", "Ann/0.jpg"), ("bob", "bob/0.jpg bob/1.jpg")]);
    }

    [Fact]
    public void All_pairs_are_true_and_different() => Gen.Int[1, 5].Array[2, 6].Where(counts => counts.Max() > 1).Sample(counts =>
    {
        using var folder = People([.. counts.Select((n, i) => ($"p{i}", n))]);
        var list = FolderOfPeople.Read(folder.Root).Pairs(seed: 3);
        var same = counts.Sum(n => n * (n - 1) / 2);
        var different = counts.Sum() * (counts.Sum() - 1) / 2 - same;
        return list.Pairs.Count(p => p.SamePerson) == same
            && list.Pairs.Count(p => !p.SamePerson) == Math.Min(same, different)
            && list.Pairs.All(p => p.SamePerson == (Person(p.Probe) == Person(p.Reference)) && p.Probe != p.Reference)
            && list.Pairs.Select(p => string.Join('|', new[] { p.Probe, p.Reference }.Order())).Distinct().Count() == list.Pairs.Count
            && list.Pairs.Select(p => p.Id).Distinct().Count() == list.Pairs.Count;

        static string Person(string name) => name.Split('/')[0];
    }, iter: 40, threads: 1);

    [Fact]
    public void Some_pairs_are_drawn_evenly()
    {
        // 6 + 1 same-person pairs and 8 different-person ones; two of each in each of 3000 lists.
        using var folder = People(("a", 4), ("b", 2));
        var people = FolderOfPeople.Read(folder.Root);
        var seen = new Dictionary<(bool, string, string), int>();
        for (var seed = 0UL; seed < 3000; seed++)
        {
            var pairs = people.Pairs(2, seed).Pairs;
            pairs.Select(p => p.SamePerson).ShouldBe([true, false, true, false]);
            foreach (var key in pairs.Select(p => (p.SamePerson, p.Probe, p.Reference))) seen[key] = seen.GetValueOrDefault(key) + 1;
        }
        seen.Count.ShouldBe(7 + 8);
        // Six standard deviations of a binomial count.
        foreach (var (pair, count) in seen) ((double)count).ShouldBe(pair.Item1 ? 6000.0 / 7 : 6000.0 / 8, 160);
    }

    [Fact]
    public void A_seed_gives_one_list_and_another_seed_another()
    {
        using var folder = People(("a", 9), ("b", 9), ("c", 9));
        var people = FolderOfPeople.Read(folder.Root);
        people.Pairs(20, 7).Pairs.ShouldBe(FolderOfPeople.Read(folder.Root).Pairs(20, 7).Pairs);
        people.Pairs(20, 8).Pairs.ShouldNotBe(people.Pairs(20, 7).Pairs);
        people.Pairs(20, 7).Pairs.Count.ShouldBe(40);
    }

    [Fact]
    public void Folders_that_make_no_pairs_are_refused()
    {
        using var empty = new TemporaryFolder();
        Should.Throw<InputException>(() => FolderOfPeople.Read(empty.Root)).Message.ShouldContain("no folders of people");
        Should.Throw<InputException>(() => FolderOfPeople.Read(empty["missing"])).Message.ShouldContain("no such folder");
        using var loners = People(("a", 1), ("b", 1));
        Should.Throw<InputException>(() => FolderOfPeople.Read(loners.Root).Pairs()).Message.ShouldContain("two people");
        using var alone = People(("a", 5));
        Should.Throw<InputException>(() => FolderOfPeople.Read(alone.Root).Pairs()).Message.ShouldContain("two people");
    }

    private static TemporaryFolder People(params (string Name, int Photographs)[] people)
    {
        var folder = new TemporaryFolder();
        foreach (var (name, photographs) in people)
        {
            for (var i = 0; i < photographs; i++) folder.Write($"{name}/{i}.jpg", "x");
        }
        return folder;
    }
}
