using Masquerade.Imaging;

namespace Masquerade.Cli.Tests;

public sealed class PurifyTests : IDisposable
{
    private readonly MasqRun _masq = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task A_photograph_becomes_a_new_file()
    {
        var result = await _masq.RunAsync(["purify", _masq.Photograph(0, 1), _masq["clean.png"], "--defense", "median+jpeg:60"]);
        result.ShouldBe(new MasqResult(0, "{folder}/clean.png is {folder}/images/Ada_0001.png purified with median:3+jpeg:60\n", ""));
        var (before, after) = (ImageFile.Read(_masq.Photograph(0, 1)), ImageFile.Read(_masq["clean.png"]));
        after.Size.ShouldBe(before.Size);
        after.Pixels.ShouldNotBe(before.Pixels);
        var again = await _masq.RunAsync(["purify", _masq.Photograph(0, 1), _masq["clean.png"], "--defense", "median"]);
        again.ShouldBe(new MasqResult(2, "", "error: {folder}/clean.png: is there already; name a new file\n"));
    }

    [Fact]
    public async Task A_folder_is_purified_and_the_rest_is_listed()
    {
        _masq.Write("images/Zoe/broken.jpg", "not an image");
        var result = await _masq.RunAsync(Command("out"));
        result.ShouldBe(new MasqResult(0, "20 of 21 photographs, purified with noise:8, are in {folder}/out\n",
            "note: 1 photographs are left out: Zoe/broken.jpg; {folder}/out/left-out.csv says why\n"));
        Directory.GetFiles(_masq["out"], "*.png").Length.ShouldBe(20);

        File.Delete(_masq["images/Zoe/broken.jpg"]);
        var again = await _masq.RunAsync(Command("out"));
        again.ShouldBe(new MasqResult(0, "20 of 20 photographs, purified with noise:8, are in {folder}/out\n",
            "note: 20 photographs were done already\n"));
        File.Exists(_masq["out/left-out.csv"]).ShouldBeFalse();
        var other = await _masq.RunAsync(Command("out", "--seed", "4"));
        other.ShouldBe(new MasqResult(2, "", "error: {folder}/out: holds images that were made with --seed 3; "
            + "give the same to go on with them, or name a new folder\n"));
    }

    [Fact]
    public async Task Ctrl_C_ends_it_in_good_order_and_the_same_command_goes_on()
    {
        for (var i = 0; i < 200; i++) File.Copy(_masq.Photograph(0, 1), _masq[$"images/Many_{i:D4}.png"]);
        using var stop = new CancellationTokenSource();
        Directory.CreateDirectory(_masq["part"]);
        using var watcher = new FileSystemWatcher(_masq["part"], "*.png") { EnableRaisingEvents = true };
        watcher.Renamed += (_, _) => stop.Cancel();
        var result = await _masq.RunAsync(Command("part", "--threads", "1"), stop.Token);
        result.ShouldBe(new MasqResult(130, "", "stopped; what is written is kept. Go on with the same command\nerror: interrupted\n"));
        watcher.EnableRaisingEvents = false;
        var there = Directory.GetFiles(_masq["part"], "*.png").Length;
        there.ShouldBeInRange(1, 219);
        (await _masq.RunAsync(Command("part"))).ShouldBe(new MasqResult(0,
            "220 of 220 photographs, purified with noise:8, are in {folder}/part\n", $"note: {there} photographs were done already\n"));
        (await _masq.RunAsync(Command("whole"))).Code.ShouldBe(0);
        Folders.ShouldBeSame(_masq["part"], _masq["whole"]);
    }

    [Theory]
    [InlineData("an unknown name", "error: no defense 'medain'; did you mean median?; known are mean, ",
        "images", "out", "--defense", "medain")]
    [InlineData("out of range", "error: defense 'median:4': size '4' is not possible; an odd number from 3 to 15 (median[:SIZE])\n",
        "images", "out", "--defense", "median:4")]
    [InlineData("no defense", "error: Option '--defense' is required; see 'masq purify --help'\n", "images", "out")]
    [InlineData("nothing there", "error: {folder}/nowhere: no such file or folder; name a photograph or a folder of photographs\n",
        "nowhere", "out", "--defense", "mean")]
    [InlineData("over itself", "error: {folder}/images: lies within the photographs' folder, ", "images", "images", "--defense", "mean")]
    [InlineData("no PNG", "error: {folder}/out.jpg: what is written is PNG; let its name end in .png\n",
        "images/Ada_0001.png", "out.jpg", "--defense", "mean")]
    [InlineData("no folder", "error: {folder}/no/out.png: cannot be written, there is no folder ",
        "images/Ada_0001.png", "no/out.png", "--defense", "mean")]
    public async Task Bad_arguments_are_one_line(string what, string message, string source, string target, params string[] more)
    {
        var result = await _masq.RunAsync(["purify", _masq[source], _masq[target], .. more]);
        (result.Code, result.Output).ShouldBe((2, ""), what);
        result.Error.ShouldStartWith(message);
        result.Error.Trim().ShouldNotContain("\n");
        Directory.Exists(_masq["out"]).ShouldBeFalse();
    }

    [Fact]
    public async Task Strict_ends_at_a_damaged_photograph()
    {
        _masq.Write("images/broken.jpg", "not an image");
        var result = await _masq.RunAsync(Command("out", "--strict"));
        result.ShouldBe(new MasqResult(2, "",
            "error: {folder}/images/broken.jpg: is not a JPEG, PNG, WebP or BMP image, or its header is damaged\n"));
    }

    private string[] Command(string folder, params string[] more) => more.Contains("--seed")
        ? ["purify", _masq["images"], _masq[folder], "--defense", "noise", .. more]
        : ["purify", _masq["images"], _masq[folder], "--defense", "noise", "--seed", "3", .. more];
}
