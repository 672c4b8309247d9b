using Masquerade.Evaluation.Datasets.People;
using Masquerade.Imaging;
using Masquerade.Training;

namespace Masquerade.Evaluation.Tests.Datasets.People;

public sealed class TrainingDataTests : IDisposable
{
    private static readonly string[] Everybody = ["Ann", "Ben_Two", "Cat", "Dan"];

    private readonly TemporaryFolder _folder = new();

    public TrainingDataTests()
    {
        // One photograph of everybody, two of Cat: each of a grey of its own.
        for (var person = 0; person < Everybody.Length; person++)
        {
            for (var number = 1; number <= (person == 2 ? 2 : 1); number++)
            {
                Directory.CreateDirectory(_folder[$"people/{Everybody[person]}"]);
                var pixels = new byte[3 * 112 * 112];
                Array.Fill(pixels, (byte)(10 * person + number));
                ImageFile.WritePng(_folder[$"people/{Everybody[person]}/{Everybody[person]}_000{number}.png"], new FaceImage(112, 112, pixels));
            }
        }
    }

    public void Dispose() => _folder.Dispose();

    private TrainingData Data => new() { Images = _folder["people"], Aligned = true };

    [Fact]
    public void One_photograph_a_person_is_enough_where_nobody_is_recognised()
    {
        var faces = Load(Data);
        faces.Names.ShouldBe(Everybody);
        Enumerable.Range(0, faces.Count).Select(i => (faces.Person(i), (int)faces.Crop(i).Pixels[0])).ShouldBe([(0, 1), (1, 11), (2, 21), (2, 22), (3, 31)]);
        var (training, kept) = faces.Split(2);
        training.Names.ShouldBe(["Ann", "Ben_Two"]);
        kept.Names.ShouldBe(["Cat", "Dan"]);
        Enumerable.Range(0, kept.Count).Select(i => (kept.Person(i), (int)kept.Crop(i).Pixels[0])).ShouldBe([(0, 21), (0, 22), (1, 31)]);
        Refused("has 4 people, and 3 are kept to judge on", () => faces.Split(3));

        var pairsOnly = Load(Data, least: 2);
        (pairsOnly.Names.Single(), pairsOnly.TooFew).ShouldBe(("Cat", 3));
        TrainingPeople.Paint(3, 1, seed: 5, threads: 1, cancellation: Token).Count.ShouldBe(3);
    }

    [Fact]
    public void Nobody_with_a_usable_photograph_is_said()
    {
        _folder.Write("text/a/1.jpg", "no picture");
        Refused("nobody has a usable photograph (1 cannot be used:", () => Load(Data with { Images = _folder["text"] }));
    }

    [Fact]
    public void A_list_chooses_people()
    {
        var list = _folder.Write("list.txt", "\nDan\n Ann \r\nDan\n");
        Load(Data with { PeopleList = list }).Names.ShouldBe(["Ann", "Dan"]);
        Refused("list.txt: 5 of its 6 people have no photographs in", "(Bob, Eve, Fay, …); correct the list",
            Data with { PeopleList = _folder.Write("list.txt", "Ann\nBob\nEve\nFay\nGil\nHal") });
        Refused("list.txt: lists nobody", "", Data with { PeopleList = _folder.Write("list.txt", " \n\n") });
        Refused("none.txt: no such file", "", Data with { PeopleList = _folder["none.txt"] });
    }

    [Theory]
    [InlineData("1\nCat\t1\t2\nDan\t1\tSomebody\t3\n", "2 of its 4 people", "(Cat, Dan)")]
    [InlineData("probe,reference,same_person\nx/Ann/1.jpg,Ben_Two_0007,0\nEve/9.png,cat_0001.png,0\n", "3 of its 4 people", "(Ann, Ben_Two, Cat)")]
    [InlineData("probe,reference,same_person\nAnn\\1.jpg,Ben_Two/1.jpg,0\nDan_0001,Cat_0001,0\n", "4 of its 4 people", "(Ann, Ben_Two, Cat, …)")]
    [InlineData("probe,reference,same_person\nEve_0001,portrait.jpg,0\n", "'portrait.jpg' does not tell whom it shows", "--allow-overlap")]
    public void People_who_are_evaluated_are_refused(string pairs, string message, string names)
    {
        var data = Data with { Pairs = _folder.Write("pairs.txt", pairs) };
        Refused(message, names, data);
        Load(data with { AllowOverlap = true }).Names.ShouldBe(Everybody);
    }

    [Fact]
    public void Others_may_be_evaluated()
    {
        var data = Data with { Pairs = _folder.Write("pairs.txt", "1\nCat\t1\t2\nDan\t1\tSomebody\t3\n") };
        Load(data with { PeopleList = _folder.Write("list.txt", "Ann\nBen_Two\n") }).Names.ShouldBe(["Ann", "Ben_Two"]);
    }

    [Fact]
    public void The_fingerprint_tells_other_crops_and_other_people()
    {
        var all = Load(Data).Fingerprint();
        Load(Data).Fingerprint().ShouldBe(all);
        Load(Data with { PeopleList = _folder.Write("list.txt", "Ann\nBen_Two\nCat\n") }).Fingerprint().ShouldNotBe(all);
        Directory.Move(_folder["people/Dan/Dan_0001.png"], _folder["people/Cat/Dan_0001.png"]);
        Load(Data).Fingerprint().ShouldNotBe(all);
    }

    private static TrainingFaces Load(TrainingData data, int least = 1) => data.Load(least, 2, strict: false, null, Token);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static void Refused(string message, string also, TrainingData data)
    {
        Refused(message, () => Load(data));
        Should.Throw<InputException>(() => Load(data)).Message.ShouldContain(also);
    }

    private static void Refused(string message, Action act)
    {
        var error = Should.Throw<InputException>(act);
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain("\n");
    }
}
