using Masquerade.Evaluation.Assets;
using Masquerade.Imaging;
using Masquerade.Models;

namespace Masquerade.Cli.Tests;

/// <summary>What a command line left behind.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record MasqResult(int Code, string Output, string Error);

/// <summary>A folder with a tiny model and photographs of five people, and <c>masq</c> run on it within the test's process.</summary>
internal sealed class MasqRun : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("masquerade-cli-");

    public MasqRun()
    {
        Directory.CreateDirectory(this["images"]);
        Model = TinyModel.Write(_folder.FullName);
        Assets = new AssetStore(new AssetCatalog([]), this["home"]);
        for (var person = 0; person < 5; person++)
        {
            for (var photograph = 1; photograph <= 4; photograph++) WritePhotograph(person, photograph);
        }
    }

    /// <summary>A path in the folder.</summary>
    public string this[string name] => Path.Combine(_folder.FullName, name);

    /// <summary>The model's descriptor.</summary>
    public string Model { get; }

    /// <summary>The assets that go by name; none but where a test has its own.</summary>
    public AssetStore Assets { get; set; }

    /// <summary>How they are downloaded.</summary>
    public FetchSettings Fetching { get; set; } = new() { Clock = new HurriedClock(), StallTimeout = HurriedClock.Stall };

    /// <summary>Who answers a question; nobody but where a test does.</summary>
    public Func<string, CancellationToken, Task<bool>>? Ask { get; set; }

    /// <summary>Makes the tiny model one that ships with the program, under a name.</summary>
    public void Bundle(string name) => Write($"models/{name}.model.json", File.ReadAllText(Model)
        .Replace("\"tiny.onnx\"", "\"../tiny.onnx\"", StringComparison.Ordinal)
        .Replace("\"Tiny\"", $"\"{name}\"", StringComparison.Ordinal));

    /// <summary>A person's photograph.</summary>
    public string Photograph(int person, int number) => this[$"images/{Name(person)}_{number:D4}.png"];

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text);
        return this[name];
    }

    /// <summary>Writes an LFW list of five folds, each one person's own pairs and pairs with the next person.</summary>
    public string WriteFolds(int foldsWithPhotographs = 5)
    {
        var lines = new List<string> { "5\t3" };
        for (var fold = 0; fold < 5; fold++)
        {
            var (person, next) = (Name(fold), Name((fold + 1) % foldsWithPhotographs));
            if (fold >= foldsWithPhotographs) person = "Nobody";
            lines.AddRange([$"{person}\t1\t2", $"{person}\t1\t3", $"{person}\t2\t4"]);
            lines.AddRange([$"{person}\t1\t{next}\t2", $"{person}\t2\t{next}\t3", $"{person}\t3\t{next}\t4"]);
        }
        return Write("pairs.txt", string.Join('\n', lines) + "\n");
    }

    /// <summary>The usual command line, and what a test adds to it.</summary>
    public Task<MasqResult> EvaluateAsync(string pairs, params string[] more) =>
        RunAsync(["evaluate", "--model", Model, "--images", this["images"], "--pairs", pairs, .. more]);

    /// <summary>Runs a command line. In what it prints the folder's path is replaced.</summary>
    public async Task<MasqResult> RunAsync(string[] args, CancellationToken? cancellation = null, Action<string>? said = null)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return await RunAsync(args, output, cancellation, said);
    }

    /// <summary>The same, with a standard output of the test's own.</summary>
    public async Task<MasqResult> RunAsync(
        string[] args, TextWriter output, CancellationToken? cancellation = null, Action<string>? said = null)
    {
        using var error = new HeardWriter(said) { NewLine = "\n" };
        var host = CommandHost.Piped(output, error, new StoppedClock()) with
        {
            Models = new NamedModels(this["models"], Assets),
            Assets = Assets,
            Fetching = Fetching,
            Ask = Ask,
            RunFolder = this["runs/demo"],
        };
        var code = await MasqApp.RunAsync(args, host, cancellation ?? TestContext.Current.CancellationToken);
        return new MasqResult(code, Clean(output), Clean(error));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Name(int person) => new[] { "Ada", "Bob", "Cid", "Dee", "Eve" }[person];

    private string Clean(TextWriter writer) => writer.ToString()!.Replace(_folder.FullName, "{folder}", StringComparison.Ordinal);

    /// <summary>A picture whose waves are the person's, with a little noise that is the photograph's.</summary>
    private void WritePhotograph(int person, int number)
    {
        const int side = TinyModel.Side;
        var pixels = new byte[3 * side * side];
        var noise = new Random(100 * person + number);
        for (var i = 0; i < pixels.Length; i++)
        {
            var (x, y, c) = (i / 3 % side, i / 3 / side, i % 3);
            var wave = Math.Sin((person + 1) * (0.35 * x + 0.2 * (c + 1) * y)) * Math.Cos((person * 0.7 + c) * 0.5 * y);
            pixels[i] = (byte)Math.Clamp(128 + 100 * wave + 70 * (noise.NextDouble() - 0.5), 0, 255);
        }
        ImageFile.WritePng(Photograph(person, number), new FaceImage(side, side, pixels));
    }

    /// <summary>Tells of every line that is written.</summary>
    private sealed class HeardWriter(Action<string>? said) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            said?.Invoke(value ?? "");
        }
    }

    /// <summary>Time stands still: what depends on it prints the same everywhere.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
