using Masquerade.Evaluation.Datasets;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Tests.Datasets;

public class PairListReaderTests
{
    [Fact]
    public void Folds_of_pairs_are_read_in_their_order()
    {
        var list = Read("2\t1", "Ann\t1\t2", "Ann\t3\tBob\t12", "Bob Lee\t7\t7", "Cid\t1\tDan\t10000");
        list.Format.ShouldBe(PairListFormat.LfwFolds);
        list.FoldCount.ShouldBe(2);
        list.Pairs.ShouldBe([
            new("Ann_0001|Ann_0002", "Ann_0001", "Ann_0002", true, 0),
            new("Ann_0003|Bob_0012", "Ann_0003", "Bob_0012", false, 0),
            new("Bob Lee_0007|Bob Lee_0007", "Bob Lee_0007", "Bob Lee_0007", true, 1),
            new("Cid_0001|Dan_10000", "Cid_0001", "Dan_10000", false, 1)]);
    }

    [Fact]
    public void A_list_without_folds_is_read()
    {
        var list = Read("2", "Ann 1 2", "Bob 1 2", "Ann 3 Bob 12", "Ann 3 Bob 12", "");
        (list.Format, list.FoldCount).ShouldBe((PairListFormat.LfwDevelopment, 1));
        list.Pairs.Select(p => (p.Id, p.SamePerson, p.Fold)).ShouldBe([("Ann_0001|Ann_0002", true, 0), ("Bob_0001|Bob_0002", true, 0),
            ("Ann_0003|Bob_0012", false, 0), ("Ann_0003|Bob_0012#2", false, 0)]);
    }

    [Theory]
    [InlineData("1\t1\nAnn\t1\nAnn\t1\tBob\t2", "line 2: 'Ann 1' is not a same-person pair 'name n1 n2'")]
    [InlineData("1\t1\nAnn\t1\tBob\t2\nAnn\t1\t2", "line 2: 'Ann 1 Bob 2' is not a same-person pair")]
    [InlineData("1\t1\nAnn\t1\t2\nAnn\t1\tBob\tx", "line 3: 'Ann 1 Bob x' is not a different-person pair 'name1 n1 name2 n2'")]
    [InlineData("1\t1\nAnn\t1\t2\nAnn\t1\tAnn\t2", "line 3: 'Ann 1 Ann 2' is not a different-person pair")]
    [InlineData("1\t1\nAnn\t0\t2\nAnn\t1\tBob\t2", "line 2: 'Ann 0 2' is not")]
    [InlineData("1\t1\nAnn\t-1\t2\nAnn\t1\tBob\t2", "line 2: 'Ann -1 2' is not")]
    [InlineData("1\t1\nAnn\t99999999999\t2\nAnn\t1\tBob\t2", "line 2: ")]
    [InlineData("1\t1\n\nAnn\t1\t2\nAnn\t1\tBob\t2", "line 2: '' is not a same-person pair")]
    [InlineData("1\t1\nAnn\t1\t2", "line 3: the list ends after 1 pairs; its header '1 1' promises 2")]
    [InlineData("1\t1\nAnn\t1\t2\nAnn\t1\tBob\t2\nAnn\t1\t2", "line 4: the header '1 1' promises no more pairs, but 'Ann 1 2' follows")]
    [InlineData("2000000000\t2000000000\nAnn\t1\t2", "promises 8000000000000000000")]
    [InlineData("0\t300\nAnn\t1\t2", "line 1: '0 300' begins no list of pairs")]
    [InlineData("Ann\t1\t2", "line 1: 'Ann 1 2' begins no list of pairs")]
    [InlineData("hello", "line 1: 'hello' begins no list of pairs")]
    [InlineData("", "the file is empty")]
    [InlineData("\n\n", "lists no pairs")]
    [InlineData("PK\u0003\u0000\u0000", "is not a text file")]
    [InlineData("probe,reference,same_person", "lists no pairs")]
    [InlineData("probe,reference,same\na,b,1", "line 1: the column 'same_person' is missing; the header has: probe, reference, same")]
    [InlineData("probe,reference,same_person\na,b,yes", "line 2: same_person is 'yes'; write 1, 0, true or false")]
    [InlineData("probe,reference,same_person\na,b,1\na,b", "line 3: 2 fields, but the header has 3")]
    [InlineData("probe,reference,same_person\na,,1", "line 2: a photograph has no name")]
    [InlineData("probe,reference,same_person\na,b,1\n\na,b,0", "line 4: a and b are said to be different people, on line 2")]
    public void A_bad_list_is_refused_with_the_place(string text, string message)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("pairs.txt", text);
        var refusal = Should.Throw<InputException>(() => PairListReader.Read(path)).Message;
        refusal.ShouldStartWith(path);
        refusal.ShouldContain(message);
        refusal.ShouldNotContain("\n");
    }

    [Fact]
    public void A_csv_list_may_have_other_columns_quotes_and_windows_lines()
    {
        var list = Read("\uFEFForder,same_person,Probe,reference\r", "0,1,\"Lee, Ann/1.jpg\",\"Lee, Ann/2.jpg\"\r",
            "1,FALSE,a.b.png,c\r", "2,true,x/a.jpg,y/b.jpg\r", "3,0,a.jpg,b.jpg");
        (list.Format, list.FoldCount).ShouldBe((PairListFormat.Csv, 1));
        list.Pairs.ShouldBe([
            new("1|2", "Lee, Ann/1.jpg", "Lee, Ann/2.jpg", true),
            new("a.b|c", "a.b.png", "c", false),
            new("a|b", "x/a.jpg", "y/b.jpg", true),
            new("a|b#2", "a.jpg", "b.jpg", false)]);
    }

    [Fact]
    public void A_file_that_is_missing_is_named() =>
        Should.Throw<InputException>(() => PairListReader.Read("no-such-list.txt")).Message.ShouldContain("no-such-list.txt: no such file");

    [Fact]
    public void The_lists_of_LFW_are_read_whole()
    {
        var view2 = PairListReader.Read(Shared.Path("data", "lfw", "pairs.txt"));
        (view2.FoldCount, view2.Pairs.Count).ShouldBe((10, 6000));
        foreach (var fold in view2.Pairs.GroupBy(p => p.Fold))
        {
            fold.Count(p => p.SamePerson).ShouldBe(300);
            fold.Count(p => !p.SamePerson).ShouldBe(300);
        }
        view2.Pairs.Select(p => p.Id).Distinct().Count().ShouldBe(6000);
        view2.Pairs.ShouldNotContain(p => p.Id.Contains('#'));
        PairListReader.Read(Shared.Path("data", "lfw", "pairsDevTrain.txt")).Pairs.Count(p => p.SamePerson).ShouldBe(1100);
        PairListReader.Read(Shared.Path("data", "lfw", "pairsDevTest.txt")).Pairs.Count.ShouldBe(1000);
    }

    [Fact]
    public void The_studys_pairs_are_in_view_2_where_they_say()
    {
        var study = PairListReader.Read(Shared.Path("data", "lfw", "seed-pairs.csv"));
        study.Pairs.Count.ShouldBe(100);
        study.Pairs.Take(50).Count(p => p.SamePerson).ShouldBe(26);
        var view2 = PairListReader.Read(Shared.Path("data", "lfw", "pairs.txt")).Pairs;
        var rows = File.ReadLines(Shared.Path("data", "lfw", "seed-pairs.csv")).Skip(1).Select(line => int.Parse(line.Split(',')[1]));
        foreach (var (pair, row) in study.Pairs.Zip(rows)) (pair.Id, pair.SamePerson).ShouldBe((view2[row].Id, view2[row].SamePerson));
    }

    private static PairList Read(params string[] lines)
    {
        using var folder = new TemporaryFolder();
        return PairListReader.Read(folder.Write("pairs", string.Join('\n', lines)));
    }
}
