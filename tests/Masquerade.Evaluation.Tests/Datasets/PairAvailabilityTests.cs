using Masquerade.Evaluation.Datasets;

namespace Masquerade.Evaluation.Tests.Datasets;

public class PairAvailabilityTests
{
    [Fact]
    public void Missing_photographs_are_listed_with_their_pairs()
    {
        using var temporary = new TemporaryFolder();
        temporary.Write("Ann/Ann_0001.jpg", "x");
        temporary.Write("Bob/Bob_0001.jpg", "x");
        var list = PairListReader.Read(temporary.Write("pairs.csv",
            "probe,reference,same_person\nAnn_0001,Bob_0001,0\nAnn_0001,Cid_0001,0\nCid_0001,Cid_0001,1\nDan_0001,Cid_0001,0\n"
            + "Ann_0001,Ann_0001,1\n"));
        var found = PairAvailability.Of(list, new ImageFolder(temporary.Root));
        found.Present.Select(p => p.Id).ShouldBe(["Ann_0001|Bob_0001", "Ann_0001|Ann_0001"]);
        found.Missing.Select(m => (m.Pair.Id, string.Join('+', m.Names)))
            .ShouldBe([("Ann_0001|Cid_0001", "Cid_0001"), ("Cid_0001|Cid_0001", "Cid_0001"), ("Dan_0001|Cid_0001", "Dan_0001+Cid_0001")]);
        found.MissingNames.ShouldBe(["Cid_0001", "Dan_0001"]);
    }

    [Fact]
    public void A_list_that_leads_out_of_the_folder_is_refused()
    {
        using var temporary = new TemporaryFolder();
        var list = PairListReader.Read(temporary.Write("pairs.csv", "probe,reference,same_person\n../a.jpg,b.jpg,0"));
        Should.Throw<InputException>(() => PairAvailability.Of(list, new ImageFolder(temporary.Root))).Message.ShouldContain("'../a.jpg'");
    }

    [Fact]
    public void Folds_1_to_8_of_LFW_are_here()
    {
        var list = PairListReader.Read(Shared.Path("data", "lfw", "pairs.txt"));
        var found = PairAvailability.Of(list, new ImageFolder(Shared.Path("data", "lfw", "images")));
        found.Present.Count(p => p.Fold < 8).ShouldBe(4800);
        (found.Present.Count + found.Missing.Count).ShouldBe(6000);
        found.Missing.ShouldNotBeEmpty();
        found.Missing.ShouldAllBe(m => m.Names.Count > 0 && m.Pair.Fold >= 8);
    }
}
