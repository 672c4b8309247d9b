using System.Text.Json;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Imaging;

namespace Masquerade.Cli.Tests;

/// <summary>From photographs to crops and answers, with a detector for which a bright square is a face.</summary>
public sealed class AlignTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public AlignTests() => MadeUpMtcnn.Write(_masq["weights"]);

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task Faces_are_cut_out_and_the_rest_is_listed()
    {
        Photographs();
        var result = await _masq.RunAsync(Command("aligned", "--json", _masq["result.json"]));
        result.Code.ShouldBe(0, result.Error);
        result.Output.ShouldBe("2 of 4 photographs are aligned; crops and faces.csv are in {folder}/aligned\n");
        result.Error.ShouldBe("note: 2 photographs are left out: broken.jpg, dark.png; {folder}/aligned/left-out.csv says why\n");
        ImageFile.Read(_masq["aligned/Ann/1.png"]).Size.ShouldBe(new ImageSize(160, 160));
        using var json = JsonDocument.Parse(File.ReadAllText(_masq["result.json"]));
        (Number("photographs"), Number("kept"), Number("aligned"), Number("crops")).ShouldBe((4, 0, 2, 2));
        json.RootElement.GetProperty("leftOut")[1].GetProperty("image").GetString().ShouldBe("dark.png");

        var again = await _masq.RunAsync(Command("aligned"));
        again.ShouldBe(new MasqResult(0, "2 of 4 photographs are aligned; crops and faces.csv are in {folder}/aligned\n",
            "note: 2 photographs were done already\nnote: 2 photographs are left out: broken.jpg, dark.png; {folder}/aligned/left-out.csv says why\n"));
        var other = await _masq.RunAsync(Command("aligned", "--all-faces"));
        other.ShouldBe(new MasqResult(2, "", "error: {folder}/aligned: holds crops that were made without --all-faces; "
            + "give the same to go on with them, or name a new folder\n"));

        int Number(string name) => json.RootElement.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task Given_landmarks_no_detector_is_needed()
    {
        new SyntheticFolder(2, 2, 1).Write(_masq["people"], cancellation: TestContext.Current.CancellationToken);
        var result = await _masq.RunAsync(["align", _masq["people/images"], _masq["crops"], "--as", "arcface-112x96", "--landmarks",
            _masq["people/landmarks.csv"]]);
        result.ShouldBe(new MasqResult(0, "4 of 4 photographs are aligned; crops and faces.csv are in {folder}/crops\n", ""));
        ImageFile.Read(_masq["crops/Person_0002/Person_0002_0001.png"]).Size.ShouldBe(new ImageSize(96, 112));
    }

    [Theory]
    [InlineData("--as is 'arcface'; give one of arcface-112x112, arcface-112x96, facenet-160x160", "--as", "arcface")]
    [InlineData("--fallback is 'middle'; give none or center", "--as", "arcface-112x112", "--fallback", "middle")]
    [InlineData("--min-face is '3'; give a whole number from 12 to 10000", "--as", "arcface-112x112", "--min-face", "3")]
    [InlineData("--all-faces is for faces that are looked for: leave it out beside --landmarks", "--as", "arcface-112x112", "--all-faces",
        "--landmarks", "l.csv")]
    [InlineData("'--as' is required")]
    [InlineData("nothing: no such folder; name the folder of MTCNN's weights", "--as", "arcface-112x112", "--detector", "nothing")]
    [InlineData("the alignment arcface-112x112 has to know where the faces are", "--as", "arcface-112x112")]
    public async Task Bad_arguments_are_one_line(string message, params string[] args)
    {
        Photographs();
        var result = await _masq.RunAsync(["align", _masq["photos"], _masq["aligned"], .. args]);
        result.Code.ShouldBe(2);
        result.Error.ShouldContain(message);
        result.Error.Trim().ShouldNotContain("\n");
        Directory.Exists(_masq["aligned"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_folder_without_photographs_and_strictness_are_one_line()
    {
        Directory.CreateDirectory(_masq["photos"]);
        (await _masq.RunAsync(Command("aligned"))).ShouldBe(
            new MasqResult(2, "", "error: {folder}/photos: has no photographs (.jpg, .jpeg, .png, .webp, .bmp)\n"));
        Photographs();
        File.Delete(_masq["photos/broken.jpg"]);
        (await _masq.RunAsync(Command("aligned", "--strict"))).ShouldBe(new MasqResult(2, "", "error: {folder}/photos/dark.png: "
            + "no face is found in it; leave it out, give its landmarks, or take its middle with --fallback center\n"));
    }

    [Fact]
    public async Task Killed_it_goes_on_with_the_same_command()
    {
        for (var i = 0; i < 120; i++) Bright($"photos/{i:D3}.png");
        var written = new TaskCompletionSource();
        Directory.CreateDirectory(_masq["killed"]);
        using (var watcher = new FileSystemWatcher(_masq["killed"], "04*.png") { EnableRaisingEvents = true })
        {
            watcher.Renamed += (_, _) => written.TrySetResult();
            using var process = MasqProcess.Start([.. Command("killed"), "--threads", "1"]);
            var exited = process.WaitForExitAsync(TestContext.Current.CancellationToken);
            (await Task.WhenAny(written.Task, exited)).ShouldBe(written.Task);
            process.Kill(entireProcessTree: true);
            await exited;
        }
        var result = await _masq.RunAsync([.. Command("killed"), "--threads", "1"]);
        result.Code.ShouldBe(0, result.Error);
        result.Error.ShouldMatch(@"^note: \d+ photographs were done already\n$");
        (await _masq.RunAsync(Command("whole"))).Code.ShouldBe(0);
        foreach (var leftover in Directory.GetFiles(_masq["killed"], "*.tmp")) File.Delete(leftover);
        Folders.ShouldBeSame(_masq["killed"], _masq["whole"]);
    }

    [Fact]
    public async Task A_full_disk_is_one_line_and_with_more_space_it_goes_on()
    {
        for (var i = 0; i < 40; i++) Bright($"photos/{i:D3}.png");
        await MountedDisk.RunAsync(_masq[""], "96k", """
            align() { masq align "$KEEP/photos" "$DISK/aligned" --as facenet-160x160 --detector "$KEEP/weights" --fallback center; }
            code=0; align > "$KEEP/out.txt" 2> "$KEEP/full.txt" || code=$?
            echo $code > "$KEEP/code.txt"
            mount -o remount,size=16m "$DISK"
            align > "$KEEP/out.txt" 2> "$KEEP/more.txt"
            """);
        File.ReadAllText(_masq["code.txt"]).ShouldBe("2\n");
        File.ReadLines(_masq["full.txt"]).Last().ShouldMatch(@"^error: \S+/aligned/\S+: cannot be written \(No space left on device[^\n]*\); ");
        File.ReadAllText(_masq["out.txt"]).ShouldStartWith("40 of 40 photographs are aligned");
    }

    [Fact]
    public async Task Photographs_are_verified_without_landmarks()
    {
        Photographs();
        var model = Model();
        var verify = await _masq.RunAsync(["verify", _masq["photos/Ann/1.png"], _masq["photos/Ann/2.png"], "--model", model, "--detector",
            _masq["weights"]]);
        (verify.Code, verify.Error).ShouldBe((0, ""));
        verify.Output.ShouldContain("distance   0.");
        var dark = await _masq.RunAsync(["verify", _masq["photos/Ann/1.png"], _masq["photos/dark.png"], "--model", model, "--detector",
            _masq["weights"]]);
        dark.ShouldBe(new MasqResult(2, "", "error: {folder}/photos/dark.png: no face is found in it; leave it out, give its landmarks, "
            + "or take its middle with --fallback center\n"));
        var middle = await _masq.RunAsync(["verify", _masq["photos/Ann/1.png"], _masq["photos/dark.png"], "--model", model, "--detector",
            _masq["weights"], "--fallback", "center"]);
        (middle.Code, middle.Error).ShouldBe((0, ""));
        var nothing = await _masq.RunAsync(["verify", _masq["photos/Ann/1.png"], _masq["photos/dark.png"], "--model", model]);
        nothing.Code.ShouldBe(2);
        nothing.Error.ShouldStartWith("error: the alignment arcface-112x112 has to know where the faces are: give --landmarks FILE, or --aligned "
            + "if photographs already are crops, or let a detector look; ");
        var both = await _masq.RunAsync(["verify", "a.png", "b.png", "--model", model, "--aligned", "--fallback", "center"]);
        both.ShouldBe(new MasqResult(2, "", "error: --fallback is for photographs whose faces are looked for: leave it out beside --aligned; "
            + "see 'masq verify --help'\n"));
    }

    [Fact]
    public async Task A_verifier_is_evaluated_on_raw_photographs_as_on_their_crops()
    {
        for (var i = 0; i < 8; i++) Bright($"photos/{i}.png", shade: 30 * i);
        Dark("photos/dark.png");
        var pairs = _masq.Write("some.csv", "probe,reference,same_person\n0.png,1.png,1\n2.png,3.png,1\n4.png,5.png,0\n6.png,dark.png,0\n");
        string[] usual = ["--model", Model(), "--pairs", pairs];
        var raw = await _masq.RunAsync(["evaluate", "--images", _masq["photos"], .. usual, "--detector", _masq["weights"]]);
        raw.Code.ShouldBe(0, raw.Error);
        raw.Output.ShouldContain("dark.png");
        (await _masq.RunAsync(["align", _masq["photos"], _masq["crops"], "--as", "arcface-112x112", "--detector", _masq["weights"]])).Code.ShouldBe(0);
        var crops = await _masq.RunAsync(["evaluate", "--images", _masq["crops"], .. usual, "--aligned"]);
        Figures(crops).ShouldBe(Figures(raw));

        static string Figures(MasqResult result) =>
            string.Join('\n', result.Output.Split('\n').Where(l => l.StartsWith("  ", StringComparison.Ordinal) && !l.Contains("dark", StringComparison.Ordinal)));
    }

    private string[] Command(string folder, params string[] more) =>
        ["align", _masq["photos"], _masq[folder], "--as", "facenet-160x160", "--detector", _masq["weights"], .. more];

    private void Photographs()
    {
        Bright("photos/Ann/1.png");
        Bright("photos/Ann/2.png", shade: 40);
        Dark("photos/dark.png");
        _masq.Write("photos/broken.jpg", "not an image");
    }

    private void Bright(string name, int shade = 0) => Square(name, 60, shade);

    private void Dark(string name) => Square(name, 0, 0);

    private void Square(string name, int side, int shade)
    {
        const int Width = 110;
        var pixels = new byte[3 * Width * Width];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (x, y) = (i / 3 % Width, i / 3 / Width);
            if (x >= 30 && x < 30 + side && y >= 20 && y < 20 + side) pixels[i] = (byte)(255 - (x + 2 * y * (1 + shade)) % 50);
        }
        Directory.CreateDirectory(Path.GetDirectoryName(_masq[name])!);
        ImageFile.WritePng(_masq[name], new FaceImage(Width, Width, pixels));
    }

    private string Model()
    {
        TinyModel.WriteAligned(_masq["models"], "aligned", threshold: 0.5);
        return "aligned";
    }
}
