using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Masquerade.Alignment;
using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Datasets.Synthetic;
using Masquerade.Imaging;
using Masquerade.Networks.Onnx;

namespace Masquerade.Cli.Tests;

/// <summary>Every command that a page shows is run, in the page's order, in a folder that has the files the pages speak of.</summary>
public sealed partial class DocsCommandsTests : IDisposable
{
    private const string FromSource = "dotnet run -c Release --project src/Masquerade.Cli --";
    private const string Usual = "--model arcface.model.json --images lfw --pairs pairs.csv --landmarks landmarks.csv";

    // What others run. CI's script runs the first line as written, or it stands for what is shown elsewhere; AssetTests runs the other on a
    // stand-in.
    private static readonly string[] RunByOthers =
    [
        "masq run", "masq", "masq doctor", "masq train", "masq train patch-prior", "masq run --dry-run", "masq evaluate --model mini",
        "masq fetch arcface-r50 --accept-licenses",
        // ServiceTransferTests asks a stand-in of the service, and plays back what it said.
        "masq transfer runs/first --to rekognition --paste --max-calls 500 --record cassettes",
        "masq transfer runs/first --to rekognition --paste --replay cassettes",
    ];

    /// <summary>The same with less work.</summary>
    private static readonly (Regex Pattern, string Smaller)[] Shrunk =
    [
        (TrainOnPainted(), "$1--people 8 --captures 3 --epochs 1 --batch 4 --validation-people 3"),
        (TrainOnFolder(), "$1--epochs 1 --batch 4 --validation-people 2"),
        (TrainPriorOnPainted(), "$1--people 4 --patches 500 --components 2 --iterations 1 --validation-people 2"),
        (TrainPriorOnFolder(), "$1--patches 500 --components 2 --iterations 1 --validation-people 2"),
        (DetectorOnPainted(), "$1--people 8 --validation-people 3"),
        (DetectorOnFolder(), "$1--validation-people 2"),
        (DetectorNetworks(), "$0 --epochs 1"),
        (Painted(), "$1--people 4 --captures 2"),
        (Taken(), "--take 2"),
        (Study(), "$0 --sample 2 --take 2"),
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("masquerade-docs-");

    public void Dispose() => _folder.Delete(recursive: true);

    public static TheoryData<string> Pages =>
        [.. Directory.GetFiles(Path.Combine(Root(), "docs"), "*.md").Append(Path.Combine(Root(), "README.md"))
            .Where(page => Commands(page).Any()).Select(page => Path.GetRelativePath(Root(), page)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Every_command_of_a_page_works(string page)
    {
        WriteFiles();
        var number = 0;
        foreach (var shown in Commands(Path.Combine(Root(), page)))
        {
            if (RunByOthers.Contains(shown, StringComparer.Ordinal)) continue;
            var line = Runnable(shown, ++number);
            var (command, file) = line.Split(" > ") is [var left, var right] ? (left, right) : (line, null);
            var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "masq.dll"), .. command.Split(' ').Skip(1)])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = _folder.FullName,
                Environment = { ["MASQ_HOME"] = Path.Combine(_folder.FullName, "home") },
            };
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            // A check that does not hold is an answer, too.
            var allowed = line.Contains("--max-success", StringComparison.Ordinal) ? 1 : 0;
            process.ExitCode.ShouldBeInRange(0, allowed, $"{page}: {shown}\nas {line}\n{output}{await error}");
            // Fetching what is there puts its descriptors right.
            if (command.StartsWith("masq fetch", StringComparison.Ordinal)) WriteAssets();
            if (file is not null) File.WriteAllText(Path.Combine(_folder.FullName, file), output);
        }
        number.ShouldBeGreaterThan(0);
    }

    /// <summary>Indented and fenced lines, and code within a line, that begin with the tool's name.</summary>
    private static IEnumerable<string> Commands(string page)
    {
        foreach (var line in File.ReadLines(page))
        {
            var text = line.Trim().Replace(FromSource, "masq", StringComparison.Ordinal);
            if (line.StartsWith("    ", StringComparison.Ordinal) && IsCommand(text)) yield return text;
            else foreach (Match code in InlineCode().Matches(line)) if (IsCommand(code.Groups[1].Value)) yield return code.Groups[1].Value;
        }
    }

    // A page may name a command, as in "`masq synthesize` paints": what can be run has an argument, or is named above.
    private static bool IsCommand(string text) => text.StartsWith("masq ", StringComparison.Ordinal)
        && (text.Contains('-', StringComparison.Ordinal) || text.StartsWith("masq report ", StringComparison.Ordinal)
            || text.StartsWith("masq inspect ", StringComparison.Ordinal));

    private static string Runnable(string shown, int number)
    {
        var line = shown.Replace("…", Usual + " --take 2", StringComparison.Ordinal)
            .Replace("PROBE", "lfw/Person_0001/Person_0001_0001.jpg", StringComparison.Ordinal)
            .Replace("REFERENCE", "lfw/Person_0001/Person_0001_0002.jpg", StringComparison.Ordinal)
            .Replace("FOLDER", "runs/first", StringComparison.Ordinal);
        foreach (var (pattern, smaller) in Shrunk) line = pattern.Replace(line, smaller);
        line += Less(line);
        var complete = !line.StartsWith("masq run", StringComparison.Ordinal)
            || new[] { "--out", "--resume", "--dry-run", "--preset" }.Any(o => line.Contains(o, StringComparison.Ordinal));
        return complete ? line : string.Create(CultureInfo.InvariantCulture, $"{line} --out runs/number{number}");
    }

    /// <summary>
    /// Options that make a run small which names neither attacks nor a number of pairs; what it does by itself is proved where demos and
    /// presets are.
    /// </summary>
    private static string Less(string line)
    {
        if (!line.StartsWith("masq run", StringComparison.Ordinal) || Names("--resume", "--preset", "--spec", "--dry-run", "--print-spec")) return "";
        return (Names("--attacks") ? "" : " --attacks minimal/fgsm") + (Names("--images", "--data", "--take") ? "" : " --take 2");

        bool Names(params string[] options) => options.Any(o => line.Contains(o, StringComparison.Ordinal));
    }

    private void WriteFiles()
    {
        var root = _folder.FullName;
        new SyntheticFolder(6, 4, 3).Write(Path.Combine(root, "painted"), threads: 2, cancellation: TestContext.Current.CancellationToken);
        Directory.Move(Path.Combine(root, "painted", "images"), Path.Combine(root, "lfw"));
        foreach (var file in new[] { "pairs.txt", "landmarks.csv" }) File.Move(Path.Combine(root, "painted", file), Path.Combine(root, file));
        File.WriteAllText(Path.Combine(root, "pairs.csv"),
            "probe,reference,same_person\nPerson_0001_0001.jpg,Person_0001_0002.jpg,1\nPerson_0002_0001.jpg,Person_0003_0001.jpg,0\n");
        File.WriteAllText(Path.Combine(root, "evaluated.csv"),
            "probe,reference,same_person\nPerson_0001_0001.jpg,Person_0001_0002.jpg,1\n");
        File.WriteAllText(Path.Combine(root, "people.txt"), "Person_0002\nPerson_0003\nPerson_0004\nPerson_0005\nPerson_0006\n");

        Directory.CreateDirectory(Path.Combine(root, "crops"));
        var faces = new SyntheticFaces(3);
        foreach (var (name, person, capture) in new[] { ("a", 0, 0), ("b", 0, 1), ("c", 1, 0) })
        {
            var photograph = faces.Photograph(person, capture);
            var crop = FaceAligner.Align(photograph.Decode(), photograph.Landmarks, AlignmentKind.ArcFace112x112);
            ImageFile.WritePng(Path.Combine(root, "crops", $"{name}.png"), crop);
        }
        File.WriteAllText(Path.Combine(root, "crops.csv"), "probe,reference,same_person\na.png,b.png,1\na.png,c.png,0\n");

        File.WriteAllBytes(Path.Combine(root, "network.onnx"), Network());
        foreach (var name in new[] { "arcface", "small" })
        {
            File.WriteAllText(Path.Combine(root, $"{name}.model.json"), """
                {
                  "name": "A network", "file": "network.onnx", "format": "onnx",
                  "input": { "width": 112, "height": 112, "mean": 127.5, "std": 128 },
                  "alignment": "arcface-112x112", "threshold": 0.5, "embeddingSize": 8
                }
                """);
        }
        File.WriteAllText(Path.Combine(root, "experiment.yaml"),
            "models: [arcface.model.json]\nimages: lfw\npairs: pairs.csv\nlandmarks: landmarks.csv\nattacks: [minimal/fgsm]\n");
        WriteAssets();
        MadeUpMtcnn.Write(Path.Combine(root, "weights"), everywhere: true);
        // Photographs of which nobody has cut out anything.
        foreach (var photograph in Directory.GetFiles(Path.Combine(root, "lfw"), "*", SearchOption.AllDirectories))
        {
            var copy = photograph.Replace(Path.Combine(root, "lfw"), Path.Combine(root, "photos"));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(photograph, copy);
        }
    }

    /// <summary>Lays stand-ins where fetched assets are: the published files are far away, and large.</summary>
    private void WriteAssets()
    {
        var home = Path.Combine(_folder.FullName, "home", "assets");
        foreach (var name in new[] { "facenet-vggface2", "mtcnn", "lfw", "lfw-pairs" })
        {
            var folder = Directory.CreateDirectory(Path.Combine(home, name)).FullName;
            var asset = AssetCatalog.BuiltIn.Require(name);
            foreach (var model in asset.Models)
            {
                File.Copy(Path.Combine(_folder.FullName, "network.onnx"), Path.Combine(folder, "network.onnx"), overwrite: true);
                var descriptor = File.ReadAllText(Path.Combine(_folder.FullName, "arcface.model.json")).Replace("arcface-112x112", "none");
                File.WriteAllText(Path.Combine(folder, $"{model.Name}.model.json"), descriptor);
            }
            if (name == "mtcnn") MadeUpMtcnn.Write(folder, everywhere: true);
            if (name == "lfw-pairs") File.WriteAllText(Path.Combine(folder, "pairs.txt"), "1\t1\nAda\t1\t2\nAda\t1\tBob\t1\n");
            if (name == "lfw")
            {
                var photographs = Directory.CreateDirectory(Path.Combine(folder, "lfw")).FullName;
                foreach (var (crop, photograph) in new[] { ("a", "Ada_0001"), ("b", "Ada_0002"), ("c", "Bob_0001") })
                {
                    var from = Path.Combine(_folder.FullName, "crops", $"{crop}.png");
                    File.Copy(from, Path.Combine(photographs, $"{photograph}.png"), overwrite: true);
                }
            }
            new AssetReceipt(name, new Dictionary<string, long>(), [], [.. asset.Downloads.Select(d => d.Sha256)]).Write(folder);
        }
    }

    /// <summary>A convolution and a mean over the picture.</summary>
    private static byte[] Network()
    {
        var weights = Enumerable.Range(0, 8 * 27).Select(i => MathF.Sin(1.7f * i * i + 0.3f)).ToArray();
        return new OnnxModelBuilder(17, -1, 3, 112, 112)
            .Constant("weights", [8, 3, 3, 3], weights)
            .Node("Conv", ["x", "weights"], ["features"], ("strides", new long[] { 4, 4 }))
            .Node("Relu", ["features"], ["rectified"])
            .Node("GlobalAveragePool", ["rectified"], ["mean"])
            .Node("Flatten", ["mean"])
            .Build(shape: [-1, 8]).ToByteArray();
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"^(masq train (?:verifier|denoiser) .*?)--people \d+")]
    private static partial Regex TrainOnPainted();

    [GeneratedRegex(@"^(masq train (?:verifier|denoiser) .*?)--validation-people \d\d+")]
    private static partial Regex TrainOnFolder();

    [GeneratedRegex(@"^(masq train patch-prior .*?)--people \d+")]
    private static partial Regex TrainPriorOnPainted();

    [GeneratedRegex(@"^(masq train patch-prior .*?)--validation-people \d\d+")]
    private static partial Regex TrainPriorOnFolder();

    [GeneratedRegex(@"^(masq train detector .*?)--people \d+")]
    private static partial Regex DetectorOnPainted();

    [GeneratedRegex(@"^(masq train detector .*?)--validation-people \d\d+")]
    private static partial Regex DetectorOnFolder();

    [GeneratedRegex("^masq train detector --kind (?:cnn|residual)")]
    private static partial Regex DetectorNetworks();

    [GeneratedRegex(@"^(masq synthesize .*?)--people \d+ --captures \d+")]
    private static partial Regex Painted();

    [GeneratedRegex("^masq run --preset study-2019")]
    private static partial Regex Study();

    [GeneratedRegex(@"--take \d+")]
    private static partial Regex Taken();
}
