using Masquerade.Defenses;
using Masquerade.Defenses.Filters;
using Masquerade.Evaluation.Datasets.Aligned;
using Masquerade.Evaluation.Datasets.Purified;
using Masquerade.Imaging;
using Masquerade.Testing;
using static TorchSharp.torch;

namespace Masquerade.Evaluation.Tests.Datasets.Purified;

public sealed class PhotographPurifierTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ongoing => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Photographs_of_any_size_keep_their_names_and_are_what_the_purifier_makes_of_them()
    {
        Photographs();
        var summary = new PhotographPurifier(new MedianFilter(5)).WriteFolder(_folder["photos"], _folder["out"], 2, cancellation: Ongoing);
        (summary.Photographs, summary.Kept).ShouldBe((8, 0));
        summary.LeftOut.ShouldBe(
        [
            new LeftOutPhotograph("Bob/broken.jpg", "is not a JPEG, PNG, WebP or BMP image, or its header is damaged"),
            new LeftOutPhotograph("tiny.png", "a window of 5 pixels is too large for images of 2x9; choose a smaller one"),
        ]);
        File.ReadAllText(_folder["out/left-out.csv"]).ShouldBe("image,reason\n"
            + "Bob/broken.jpg,\"is not a JPEG, PNG, WebP or BMP image, or its header is damaged\"\n"
            + "tiny.png,a window of 5 pixels is too large for images of 2x9; choose a smaller one\n");
        foreach (var name in new[] { "a", "Ann/1", "Ann/2", "Ann/deep/3", "Bob/4" }) Purified(name, new MedianFilter(5));
        Directory.GetFiles(_folder["out"], "*", SearchOption.AllDirectories).Length.ShouldBe(8);
    }

    [Fact]
    public void Stopped_it_goes_on_to_the_same()
    {
        for (var i = 0; i < 70; i++) Photograph($"photos/{i:D2}.png", 12 + i % 3, 10, i);
        var purifier = new PhotographPurifier(new AddedNoise(), 4);
        purifier.WriteFolder(_folder["photos"], _folder["whole"], 2, cancellation: Ongoing);
        using var stop = new CancellationTokenSource();
        var seen = new List<(int, int)>();
        Should.Throw<OperationCanceledException>(() => purifier.WriteFolder(_folder["photos"], _folder["part"], 1, (done, total) =>
        {
            seen.Add((done, total));
            stop.Cancel();
        }, stop.Token));
        seen.ShouldHaveSingleItem().Item2.ShouldBe(70);
        var there = Directory.GetFiles(_folder["part"], "*.png").Length;
        there.ShouldBe(seen[0].Item1);
        there.ShouldBeInRange(1, 69);
        var summary = purifier.WriteFolder(_folder["photos"], _folder["part"], 3, (done, _) => seen.Add((done, 0)), Ongoing);
        (summary.Photographs, summary.Kept, summary.LeftOut.Count).ShouldBe((70, there, 0));
        seen[^1].Item1.ShouldBe(70);
        Folders.ShouldBeSame(_folder["part"], _folder["whole"]);
    }

    [Fact]
    public void Draws_depend_on_seed_and_name_alone()
    {
        foreach (var name in new[] { "few/a.png", "few/b.png", "more/0.png", "more/a.png", "more/b.png" }) Photograph(name, 20, 16, 1);
        Write(5, "few");
        Write(5, "more");
        Write(6, "other", "few");
        new PhotographPurifier(new AddedNoise(), 5).WriteFile(_folder["few/a.png"], _folder["alone.png"]);
        Bytes("few.out/a.png").ShouldBe(Bytes("more.out/a.png"));
        Bytes("few.out/a.png").ShouldBe(Bytes("alone.png"));
        Bytes("few.out/a.png").ShouldNotBe(Bytes("few.out/b.png"));
        Bytes("few.out/a.png").ShouldNotBe(Bytes("other.out/a.png"));

        void Write(int seed, string folder, string? from = null) => new PhotographPurifier(new AddedNoise(), seed)
            .WriteFolder(_folder[from ?? folder], _folder[$"{folder}.out"], cancellation: Ongoing);
    }

    [Fact]
    public void Another_defense_does_not_go_on_with_a_folder()
    {
        Photograph("photos/a.png", 20, 16, 1);
        new PhotographPurifier(new AddedNoise(), 1).WriteFolder(_folder["photos"], _folder["out"], cancellation: Ongoing);
        Refusal(new MedianFilter()).ShouldBe($"{_folder["out"]}: holds images that were made with --defense noise:8; "
            + "give the same to go on with them, or name a new folder");
        Refusal(new AddedNoise()).ShouldContain("made with --seed 1; ");

        string Refusal(Purifier purifier) => Should.Throw<InputException>(() =>
            new PhotographPurifier(purifier).WriteFolder(_folder["photos"], _folder["out"], cancellation: Ongoing)).Message;
    }

    [Fact]
    public void Nothing_is_written_over_photographs()
    {
        Photograph("photos/a.png", 20, 16, 1);
        var before = Bytes("photos/a.png");
        var purifier = new PhotographPurifier(new MeanFilter());
        foreach (var path in new[] { "photos", "photos/", "photos/out", "photos/../photos" })
        {
            Should.Throw<InputException>(() => purifier.WriteFolder(_folder["photos"], _folder[path], cancellation: Ongoing))
                .Message.ShouldContain("lies within the photographs' folder");
        }
        Should.Throw<InputException>(() => purifier.WriteFile(_folder["photos/a.png"], _folder["photos/a.png"]))
            .Message.ShouldBe($"{_folder["photos/a.png"]}: is there already; name a new file");
        Should.Throw<InputException>(() => purifier.WriteFile(_folder["photos/a.png"], _folder["a.jpg"]))
            .Message.ShouldContain("end in .png");
        Bytes("photos/a.png").ShouldBe(before);
        Directory.GetFileSystemEntries(_folder["photos"]).Length.ShouldBe(1);
    }

    [Fact]
    public void Strict_ends_at_the_first_that_cannot_be_used()
    {
        Photographs();
        Refusal().ShouldBe($"{_folder["photos/Bob/broken.jpg"]}: is not a JPEG, PNG, WebP or BMP image, or its header is damaged");
        File.Delete(_folder["photos/Bob/broken.jpg"]);
        Refusal().ShouldBe($"{_folder["photos/tiny.png"]}: a window of 5 pixels is too large for images of 2x9; choose a smaller one");
        var alone = new PhotographPurifier(new MedianFilter(5));
        Should.Throw<InputException>(() => alone.WriteFile(_folder["photos/tiny.png"], _folder["t.png"]))
            .Message.ShouldBe($"{_folder["photos/tiny.png"]}: a window of 5 pixels is too large for images of 2x9; choose a smaller one");

        string Refusal() => Should.Throw<InputException>(() => new PhotographPurifier(new MedianFilter(5)) { Strict = true }
            .WriteFolder(_folder["photos"], _folder["out"], cancellation: Ongoing)).Message;
    }

    [Fact]
    public void Two_photographs_of_one_name_are_refused()
    {
        Photograph("photos/a.png", 20, 16, 1);
        _folder.Write("photos/a.jpg", "");
        var purifier = new PhotographPurifier(new MeanFilter());
        Should.Throw<InputException>(() => purifier.WriteFolder(_folder["photos"], _folder["out"], cancellation: Ongoing))
            .Message.ShouldBe($"{_folder["photos"]}: a.jpg and a.png would become one file; rename one of them");
    }

    private void Photographs()
    {
        Photograph("photos/a.png", 31, 20, 1);
        Photograph("photos/Ann/1.png", 20, 31, 2);
        Photograph("photos/Ann/2.png", 31, 20, 3);
        Photograph("photos/Ann/deep/3.png", 31, 20, 4);
        Photograph("photos/Bob/4.png", 40, 40, 5);
        _folder.Write("photos/Bob/5.jpg", ImageFile.EncodeJpeg(Noise.Image(31, 20, 6), 90));
        _folder.Write("photos/Bob/broken.jpg", "not an image");
        Photograph("photos/tiny.png", 2, 9, 7);
    }

    private void Photograph(string name, int width, int height, int seed) =>
        _folder.Write(name, ImageFile.EncodePng(Noise.Image(width, height, seed)));

    private void Purified(string name, Purifier purifier)
    {
        using var scope = NewDisposeScope();
        var before = ImageTensors.ToTensor([ImageFile.Read(_folder[$"photos/{name}.png"])]);
        var after = ImageTensors.ToTensor([ImageFile.Read(_folder[$"out/{name}.png"])]);
        Pictures.Difference(ImageTensors.RoundTo8Bit(purifier.Purify(before)), after).ShouldBe(0, 1e-6, name);
    }

    private byte[] Bytes(string name) => File.ReadAllBytes(_folder[name]);
}
