using Masquerade.Alignment;
using Masquerade.Evaluation.Datasets;
using Masquerade.Evaluation.Datasets.People;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Imaging;
using Masquerade.Verification;

namespace Masquerade.Evaluation.Tests.Datasets.Synthetic;

public sealed class SyntheticFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_reads_back_whole()
    {
        var reports = new System.Collections.Concurrent.ConcurrentBag<int>();
        new SyntheticFolder(7, 3, 2).Write(
            _folder["new"], 2, (done, total) => reports.Add(done * 100 + total), TestContext.Current.CancellationToken);
        reports.Order().ShouldBe(Enumerable.Range(1, 21).Select(done => done * 100 + 21));
        var images = new ImageFolder(_folder["new/images"]);
        var list = PairListReader.Read(_folder["new/pairs.txt"]);
        (list.Format, list.FoldCount).ShouldBe((PairListFormat.LfwFolds, 3));
        PairAvailability.Of(list, images).Missing.ShouldBeEmpty();
        list.Pairs.Count(p => p.SamePerson).ShouldBe(list.Pairs.Count / 2);
        list.Pairs.Select(p => string.Join('|', new[] { p.Probe, p.Reference }.Order())).ShouldBeUnique();
        list.Pairs.ShouldAllBe(p => p.Probe != p.Reference);
        // Nobody is in two folds.
        var folds = list.Pairs.SelectMany(p => new[] { (p.Probe[..11], p.Fold), (p.Reference[..11], p.Fold) }).Distinct().ToList();
        folds.Select(f => f.Item1).ShouldBeUnique();

        var landmarks = LandmarkFile.Read(_folder["new/landmarks.csv"]);
        landmarks.Count.ShouldBe(21);
        var people = FolderOfPeople.Read(_folder["new/images"]).People;
        people.Select(p => p.Photographs.Count).ShouldBe(Enumerable.Repeat(3, 7));
        var cropper = new FaceCropper(AlignmentKind.ArcFace112x112, new ImageSize(112, 112), landmarks, aligned: false);
        var crops = new FaceCropSource(images, cropper);
        foreach (var name in people.SelectMany(p => p.Photographs)) crops.Load(name).Width.ShouldBe(112);
        File.ReadAllBytes(_folder["new/images/Person_0005/Person_0005_0003.jpg"]).ShouldBe(new SyntheticFaces(2).Photograph(4, 2).Jpeg);
        landmarks.Find("Person_0005_0003.jpg")!.Landmarks.Nose.X.ShouldBe(new SyntheticFaces(2).Photograph(4, 2).Landmarks.Nose.X, 1e-3);
    }

    [Fact]
    public void The_number_of_threads_changes_nothing()
    {
        var folder = new SyntheticFolder(4, 3, 9);
        folder.Write(_folder["one"], 1, cancellation: TestContext.Current.CancellationToken);
        folder.Write(_folder["four"], 4, cancellation: TestContext.Current.CancellationToken);
        var files = Directory.GetFiles(_folder["one"], "*", SearchOption.AllDirectories);
        files.Length.ShouldBe(15);
        foreach (var file in files)
        {
            var other = Path.Combine(_folder["four"], Path.GetRelativePath(_folder["one"], file));
            File.ReadAllBytes(other).ShouldBe(File.ReadAllBytes(file), file);
        }
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(21, 2)]
    [InlineData(4, 9)]
    public void There_are_pairs_however_few_people(int people, int captures)
    {
        new SyntheticFolder(people, captures, 1).Write(_folder["few"], 2, cancellation: TestContext.Current.CancellationToken);
        var list = PairListReader.Read(_folder["few/pairs.txt"]);
        list.Pairs.Count(p => p.SamePerson).ShouldBe(list.Pairs.Count / 2);
        PairAvailability.Of(list, new ImageFolder(_folder["few/images"])).Missing.ShouldBeEmpty();
    }

    [Fact]
    public void What_cannot_be_is_refused_in_one_line()
    {
        Refusal(() => new SyntheticFolder(1, 2, 0)).ShouldContain("1 people are not possible; ask for 2 to 9999");
        Refusal(() => new SyntheticFolder(2, 1, 0)).ShouldContain("1 photographs of a person are not possible");
        Refusal(() => new SyntheticFolder(10_000, 2, 0)).ShouldContain("10000 people");
        var file = _folder.Write("full/file.txt", "here");
        var folder = new SyntheticFolder(2, 2, 0);
        Refusal(() => folder.Write(_folder["full"])).ShouldContain("full: is not empty (file.txt); name a new or an empty folder");
        Refusal(() => folder.Write(file)).ShouldContain("is a file");
        Refusal(() => folder.Write(Path.Combine(file, "below"))).ShouldContain("cannot be written");
        Refusal(() => folder.Write(" ")).ShouldContain("an empty path");
        Directory.GetFileSystemEntries(_folder["full"]).Length.ShouldBe(1);
    }

    [Fact]
    public void A_sheet_has_a_row_a_person()
    {
        var sheet = ContactSheet.Draw(new SyntheticFaces(0), 2, 3, side: 50);
        (sheet.Width, sheet.Height).ShouldBe((3 * 54 - 4, 2 * 54 - 4));
    }

    private static string Refusal(Action action)
    {
        var message = Should.Throw<InputException>(action).Message;
        message.ShouldNotContain("\n");
        return message;
    }
}
