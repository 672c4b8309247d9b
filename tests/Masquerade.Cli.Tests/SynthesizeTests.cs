using Masquerade.Evaluation.Datasets;
using Masquerade.Imaging;

namespace Masquerade.Cli.Tests;

public sealed class SynthesizeTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task It_writes_people_and_a_sheet()
    {
        var result = await _masq.RunAsync(["synthesize", "--people", "3", "--captures", "2", "--out", _masq["faces"], "--seed", "5",
            "--sheet", _masq["sheet.png"]]);
        result.Code.ShouldBe(0, result.Error);
        result.Output.ShouldBe("6 photographs of 3 people, pairs.txt and landmarks.csv are in {folder}/faces\n");
        PairAvailability.Of(PairListReader.Read(_masq["faces/pairs.txt"]), new ImageFolder(_masq["faces/images"])).Missing.ShouldBeEmpty();
        ImageFile.Read(_masq["sheet.png"]).Width.ShouldBe(2 * 129 - 4);

        var again = await _masq.RunAsync(["synthesize", "--people", "3", "--captures", "2", "--out", _masq["faces"]]);
        again.ShouldBe(new MasqResult(2, "", "error: {folder}/faces: holds faces of --people 3 --captures 2 --seed 5; "
            + "give the same to go on with them, or name a new folder\n"));
    }

    [Theory]
    [InlineData("--people '1'", "--people is '1'; give a whole number from 2 to 9999", "--people", "1", "--captures", "2")]
    [InlineData("one capture", "--captures is '1'; give a whole number from 2 to 9999", "--people", "2", "--captures", "1")]
    [InlineData("no people", "--people", "--captures", "2")]
    [InlineData("seed", "-1", "--people", "2", "--captures", "2", "--seed", "-1")]
    [InlineData("sheet", "no folder", "--people", "2", "--captures", "2", "--sheet", "nowhere/at/all.png")]
    public async Task Bad_arguments_are_one_line(string what, string message, params string[] args)
    {
        var result = await _masq.RunAsync(["synthesize", "--out", _masq["faces"], .. args]);
        result.Code.ShouldBe(2, what);
        result.Error.ShouldContain(message);
        result.Error.Trim().ShouldNotContain("\n");
        Directory.Exists(_masq["faces"]).ShouldBeFalse();
    }

    [Fact]
    public async Task Ctrl_C_ends_it_in_good_order_and_the_same_command_goes_on()
    {
        using var stop = new CancellationTokenSource();
        using var watcher = WatchThirdPhotographs("part", stop.Cancel);
        var result = await _masq.RunAsync(Command("part"), stop.Token);
        result.ShouldBe(new MasqResult(130, "", "stopped; what is painted is kept. Go on with the same command\nerror: interrupted\n"));
        watcher.EnableRaisingEvents = false;
        await GoesOn("part");
    }

    [Fact]
    public async Task Killed_it_goes_on_with_the_same_command()
    {
        var painted = new TaskCompletionSource();
        using (var watcher = WatchThirdPhotographs("killed", () => painted.TrySetResult()))
        using (var process = MasqProcess.Start([.. Command("killed"), "--threads", "1"]))
        {
            var exited = process.WaitForExitAsync(TestContext.Current.CancellationToken);
            (await Task.WhenAny(painted.Task, exited)).ShouldBe(painted.Task);
            process.HasExited.ShouldBeFalse();
            process.Kill(entireProcessTree: true);
            await exited;
        }
        await GoesOn("killed");
    }

    [Fact]
    public async Task A_full_disk_is_one_line_leaves_nothing_half_written_and_with_more_space_it_goes_on()
    {
        await MountedDisk.RunAsync(_masq[""], "384k", """
            code=0; masq synthesize --people 20 --captures 5 --out "$DISK/faces" > "$KEEP/out.txt" 2> "$KEEP/full.txt" || code=$?
            echo $code > "$KEEP/code.txt"
            cp -r "$DISK/faces" "$KEEP/full"
            mount -o remount,size=16m "$DISK"
            masq synthesize --people 20 --captures 5 --out "$DISK/faces" 2> "$KEEP/more.txt"
            cp -r "$DISK/faces" "$KEEP/more"
            """);
        File.ReadAllText(_masq["code.txt"]).ShouldBe("2\n");
        File.ReadAllText(_masq["out.txt"]).ShouldBe("");
        Last("full.txt").ShouldMatch(@"^error: \S+/faces/images/Person_\d+/Person_\d+_\d+\.jpg: cannot be written \(No space left on device[^\n]*\); "
            + "free space or choose another place$");
        (await _masq.RunAsync(Command("whole"))).Code.ShouldBe(0);
        var written = Directory.GetFiles(_masq["full"], "*", SearchOption.AllDirectories);
        written.Length.ShouldBeInRange(2, 100);
        foreach (var file in written)
            File.ReadAllBytes(file).ShouldBe(File.ReadAllBytes(file.Replace(_masq["full"], _masq["whole"], StringComparison.Ordinal)), file);
        Last("more.txt").ShouldBe($"note: {written.Length - 1} photographs were there already");
        Folders.ShouldBeSame(_masq["more"], _masq["whole"]);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_one_line()
    {
        await MountedDisk.RunAsync(_masq[""], "384k", """
            masq synthesize --people 2 --captures 2 --out "$DISK/faces" > "$KEEP/out.txt"
            mount -o remount,ro "$DISK"
            for folder in faces new; do
                code=0; masq synthesize --people 2 --captures 2 --out "$DISK/$folder" 2> "$KEEP/$folder.txt" || code=$?
                echo $code >> "$KEEP/$folder.txt"
            done
            """);
        foreach (var folder in new[] { "faces", "new" })
        {
            File.ReadAllText(_masq[$"{folder}.txt"]).ShouldMatch(
                $@"^error: \S+/{folder}: cannot be written \([^\n]*(Read-only file system|denied)[^\n]*\); choose another place\n2\n$");
        }
    }

    [Fact]
    public async Task A_sheet_that_cannot_be_written_is_one_line()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full here");
        var result = await _masq.RunAsync(["synthesize", "--people", "2", "--captures", "2", "--out", _masq["faces"], "--sheet", "/dev/full"]);
        result.Code.ShouldBe(2);
        result.Error.ShouldMatch(@"^error: /dev/full: cannot be written \(No space left on device[^\n]*\n$");
        File.Exists(_masq["faces/pairs.txt"]).ShouldBeTrue();
    }

    /// <summary>The last line of a file; before it may be lines of progress.</summary>
    private string Last(string file) => File.ReadLines(_masq[file]).Last();

    private string[] Command(string folder) => ["synthesize", "--people", "20", "--captures", "5", "--out", _masq[folder]];

    /// <summary>The lists are not there yet; after the same command everything is as if nothing had happened.</summary>
    private async Task GoesOn(string folder)
    {
        File.Exists(_masq[$"{folder}/landmarks.csv"]).ShouldBeFalse();
        File.Exists(_masq[$"{folder}/pairs.txt"]).ShouldBeFalse();
        var result = await _masq.RunAsync(Command(folder));
        result.Code.ShouldBe(0, result.Error);
        result.Error.ShouldMatch(@"^note: \d+ photographs were there already\n$");
        (await _masq.RunAsync(Command("whole"))).Error.ShouldBe("");
        Folders.ShouldBeSame(_masq[folder], _masq["whole"]);
    }

    /// <summary>Tells when anybody's third photograph is whole.</summary>
    private FileSystemWatcher WatchThirdPhotographs(string folder, Action whole)
    {
        var watcher = new FileSystemWatcher(Directory.CreateDirectory(_masq[folder]).FullName, "*_0003.jpg")
        {
            IncludeSubdirectories = true,
            EnableRaisingEvents = true,
        };
        watcher.Renamed += (_, _) => whole();
        return watcher;
    }
}
