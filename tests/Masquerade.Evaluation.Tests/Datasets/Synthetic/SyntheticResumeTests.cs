using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Imaging;

namespace Masquerade.Evaluation.Tests.Datasets.Synthetic;

/// <summary>A folder of synthetic faces that was begun, and what the next one to write there makes of it.</summary>
public sealed class SyntheticResumeTests : IDisposable
{
    private const string First = "images/Person_0001/Person_0001_0001.jpg";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_stopped_is_gone_on_with_to_the_same_files()
    {
        var folder = new SyntheticFolder(10, 6, 4);
        folder.Write(_folder["whole"], cancellation: Cancellation).ShouldBe(0);
        var painted = Stop(folder, "part", after: 7);
        painted.ShouldBeInRange(7, 20);
        new[] { "pairs.txt", "landmarks.csv" }.ShouldAllBe(list => !File.Exists(_folder[$"part/{list}"]));
        folder.Write(_folder["part"], 2, cancellation: Cancellation).ShouldBe(painted);
        ShouldBeSame("part", "whole");
    }

    [Fact]
    public void A_whole_folder_stays_as_it_is()
    {
        var folder = new SyntheticFolder(2, 3, 4);
        folder.Write(_folder["whole"], cancellation: Cancellation);
        var before = File.GetLastWriteTimeUtc(_folder[$"whole/{First}"]);
        folder.Write(_folder["again"], cancellation: Cancellation);
        folder.Write(_folder["whole"], cancellation: Cancellation).ShouldBe(6);
        ShouldBeSame("whole", "again");
        File.GetLastWriteTimeUtc(_folder[$"whole/{First}"]).ShouldBe(before);
    }

    [Theory]
    [InlineData("cut off", 5)]
    [InlineData("empty", 5)]
    [InlineData("another picture", 5)]
    [InlineData("gone", 5)]
    [InlineData("half-written files", 6)]
    [InlineData("gone with its folder", 3)]
    [InlineData("lists gone", 6)]
    public void What_is_not_whole_is_painted_anew(string what, int kept)
    {
        var folder = new SyntheticFolder(2, 3, 4);
        folder.Write(_folder["whole"], cancellation: Cancellation);
        folder.Write(_folder["part"], cancellation: Cancellation);
        var file = _folder[$"part/{First}"];
        switch (what)
        {
            case "cut off":
                File.WriteAllBytes(file, File.ReadAllBytes(file)[..^400]);
                break;
            case "empty":
                File.WriteAllBytes(file, []);
                break;
            case "another picture":
                ImageFile.WritePng(file, new FaceImage(9, 9, new byte[243]));
                break;
            case "gone":
                File.Delete(file);
                break;
            case "half-written files":
                foreach (var name in new[] { First, "pairs.txt", "synthetic.json" })
                    _folder.Write($"part/{name}.{Guid.NewGuid():N}.tmp", "half");
                break;
            case "gone with its folder":
                Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
                break;
            default:
                foreach (var name in new[] { "pairs.txt", "landmarks.csv" }) File.Delete(_folder[$"part/{name}"]);
                break;
        }
        folder.Write(_folder["part"], cancellation: Cancellation).ShouldBe(kept);
        ShouldBeSame("part", "whole");
    }

    [Fact]
    public void A_mark_half_written_is_begun_anew()
    {
        _folder.Write($"part/synthetic.json.{Guid.NewGuid():N}.tmp", "half");
        var folder = new SyntheticFolder(2, 2, 4);
        folder.Write(_folder["part"], cancellation: Cancellation).ShouldBe(0);
        folder.Write(_folder["whole"], cancellation: Cancellation);
        ShouldBeSame("part", "whole");
    }

    [Theory]
    [InlineData("notes.txt", "part: holds what masq synthesize does not write (notes.txt); name a new or an empty folder")]
    [InlineData("images/notes.txt", "images: holds what masq synthesize does not write (notes.txt)")]
    [InlineData("images/Person_0003/Person_0003_0001.jpg", "(Person_0003)")]
    [InlineData("images/Person_1/Person_0001_0001.jpg", "(Person_1)")]
    [InlineData("images/Person_0001/Person_0001_0003.jpg", "(Person_0001_0003.jpg)")]
    [InlineData("images/Person_0001/Person_0002_0001.jpg", "(Person_0002_0001.jpg)")]
    [InlineData("images/Person_0001/Person_0001_0001.png", "(Person_0001_0001.png)")]
    [InlineData("images/Person_0001/Person_0001_0001.jpg.tmp", "(Person_0001_0001.jpg.tmp)")]
    [InlineData("images/Person_0001/mine.0123456789abcdef0123456789abcdef.tmp", "(mine.0123456789abcdef0123456789abcdef.tmp)")]
    public void Anything_foreign_is_refused_and_stays(string file, string refusal)
    {
        var folder = new SyntheticFolder(2, 2, 4);
        Stop(folder, "part", after: 1);
        _folder.Write($"part/{file}", "mine");
        Refused(folder, refusal);
        File.ReadAllText(_folder[$"part/{file}"]).ShouldBe("mine");
    }

    [Theory]
    [InlineData("""{"generator": 2, "people": 2, "captures": 3, "seed": 4, "folds": 1, "pairsOfAKind": 300}""",
        "part: holds faces of --people 2 --captures 3 --seed 4; give the same to go on with them, or name a new folder")]
    [InlineData("""{"generator": 2, "people": 2, "captures": 2, "seed": 18446744073709551615, "folds": 1, "pairsOfAKind": 300}""",
        "--seed 18446744073709551615;")]
    [InlineData("""{"generator": 9, "people": 2, "captures": 2, "seed": 4, "folds": 1, "pairsOfAKind": 300}""",
        "holds faces of version 9 of the generator, this is version 2")]
    [InlineData("""{"generator": 2, "people": 2, "captures": 2}""", "synthetic.json: is not what was written there")]
    [InlineData("""{"generator": 2, "people": 2, "captures": 2, "seed": 4, "folds": 1, "pairsOfAKind": 300, "more": 1}""",
        "synthetic.json: is not what was written there")]
    [InlineData("""{"generator": 2, "people": 2, "captures": 2, "seed": 4, "folds": 1, "pairsOfAKind": 9}""",
        "part: holds these faces with another list of pairs; name a new folder")]
    [InlineData("null", "synthetic.json: is not what was written there")]
    [InlineData("{", "synthetic.json: is not what was written there")]
    [InlineData("", "synthetic.json: the file is empty")]
    public void Other_settings_are_refused(string mark, string refusal)
    {
        var folder = new SyntheticFolder(2, 2, 4);
        Stop(folder, "part", after: 1);
        _folder.Write("part/synthetic.json", mark);
        Refused(folder, refusal);
    }

    [Fact]
    public void Two_do_not_write_at_once()
    {
        var folder = new SyntheticFolder(2, 2, 4);
        folder.Write(_folder["part"], 1, (_, _) => Refused(folder, "used by another process"), Cancellation);
        folder.Write(_folder["part"], cancellation: Cancellation).ShouldBe(4);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Stops after some photographs; how many were painted.</summary>
    private int Stop(SyntheticFolder folder, string name, int after)
    {
        using var stop = new CancellationTokenSource();
        Should.Throw<OperationCanceledException>(() => folder.Write(_folder[name], 2, (done, _) => Stop(done), stop.Token));
        return Directory.GetFiles(_folder[name], "*.jpg", SearchOption.AllDirectories).Length;

        void Stop(int done)
        {
            if (done >= after) stop.Cancel();
        }
    }

    private void Refused(SyntheticFolder folder, string refusal)
    {
        var message = Should.Throw<InputException>(() => folder.Write(_folder["part"], cancellation: Cancellation)).Message;
        message.ShouldContain(refusal);
        message.ShouldNotContain("\n");
    }

    private void ShouldBeSame(string folder, string other) => Folders.ShouldBeSame(_folder[folder], _folder[other]);
}
