using System.IO.Compression;
using System.Text.Json;
using Masquerade.Cli.Output;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Assets;

namespace Masquerade.Cli.Tests;

/// <summary>Models and data by name, from a server of this machine that has small stand-ins for the published files.</summary>
public sealed class AssetTests : IDisposable
{
    private const string Known = "known are facenet-vggface2, arcface-r50, mtcnn, lfw, lfw-pairs";

    private readonly MasqRun _masq = new();
    private readonly LocalServer _server = new();
    private readonly Dictionary<string, byte[]> _files = [];

    public AssetTests()
    {
        var network = File.ReadAllBytes(_masq["tiny.onnx"]);
        var descriptor = File.ReadAllText(_masq.Model);
        string Named(string name, string file) => descriptor.Replace("\"Tiny\"", $"\"{name}\"", StringComparison.Ordinal)
            .Replace("tiny.onnx", file, StringComparison.Ordinal);
        var weights = new[] { "pnet.pt", "rnet.pt", "onet.pt" };
        for (var i = 0; i < weights.Length; i++) _files[$"/mtcnn/{weights[i]}"] = StandIn.Bytes(100 + i, i);
        var mtcnn = StandIn.Asset("mtcnn",
            [.. weights.Select(w => StandIn.File(w, _files[$"/mtcnn/{w}"], $"{_server.Url}/mtcnn/{w}"))]);
        var assets = new[]
        {
            Publish("facenet-vggface2", "facenet.pt", network) with
            {
                Kind = AssetKind.Model,
                Models =
                [
                    new("facenet-vggface2", Named("facenet-vggface2", "facenet.pt")),
                    new("facenet-vggface2-study-2019", Named("facenet-vggface2-study-2019", "facenet.pt")),
                ],
            },
            Publish("arcface-r50", "pack.zip", Pack(network), d => d with { Members = [StandIn.Member("w600k_r50.onnx", network)] }) with
            {
                Kind = AssetKind.Model,
                License = "research only",
                NonCommercial = true,
                Models = [new("arcface-r50", Named("arcface-r50", "w600k_r50.onnx"))],
            },
            mtcnn,
            Publish("lfw", "lfw.tgz", Photographs(), d => d with { Unpack = new(10_000_000, 100) }) with
            {
                Place = "lfw",
                Companions = ["lfw-pairs"],
            },
            Publish("lfw-pairs", "pairs.txt", File.ReadAllBytes(_masq.WriteFolds())) with { Place = "pairs.txt" },
        };
        _masq.Assets = new AssetStore(new AssetCatalog(assets), _masq["home"]);
        _server.Usually = (asked, to) => LocalServer.File(_files[asked.Path])(asked, to);
    }

    public void Dispose()
    {
        _server.Dispose();
        _masq.Dispose();
    }

    [Fact]
    public async Task Fetched_models_and_data_go_by_their_names()
    {
        var fetched = await _masq.RunAsync(["fetch", "facenet-vggface2", "mtcnn", "lfw"]);
        (fetched.Code, fetched.Error).ShouldBe((0, ""));
        Snapshot.Match(fetched.Output, "fetched");
        _server.Requests.Select(r => r.Path).ShouldBe(["/facenet-vggface2/facenet.pt", "/mtcnn/pnet.pt", "/mtcnn/rnet.pt", "/mtcnn/onet.pt",
            "/lfw/lfw.tgz", "/lfw-pairs/pairs.txt"]);

        // The same as with the files that they are made of.
        var named = await _masq.RunAsync(["evaluate", "--model", "facenet-vggface2", "--data", "lfw"]);
        (named.Code, named.Error).ShouldBe((0, ""));
        var files = await _masq.EvaluateAsync(_masq["pairs.txt"]);
        named.Output.ShouldBe(files.Output.Replace("Tiny on", "facenet-vggface2 on", StringComparison.Ordinal));

        string[][] lines =
        [
            ["verify", _masq.Photograph(0, 1), _masq.Photograph(0, 2), "--model", "facenet-vggface2-study-2019"],
            ["inspect", "facenet-vggface2"],
            ["run", "--model", "facenet-vggface2", "--images", _masq["images"], "--pairs", _masq["pairs.txt"], "--attacks", "minimal/fgsm",
                "--take", "2", "--out", _masq["run"]],
            ["run", "--resume", _masq["run"]],
        ];
        foreach (var line in lines)
        {
            var result = await _masq.RunAsync(line);
            (result.Code, result.Error).ShouldBe((0, ""), string.Join(' ', line));
        }
        using var ledger = Evaluation.Ledger.RunLedger.Read(_masq["run"]);
        ledger.Experiment.Models.ShouldBe(["facenet-vggface2"]);

        var again = await _masq.RunAsync(["fetch", "facenet-vggface2-study-2019"]);
        again.Output.ShouldStartWith("facenet-vggface2 was here already: {folder}/home/assets/facenet-vggface2\n");
        _server.Requests.Count.ShouldBe(6);
    }

    [Fact]
    public async Task The_list_says_what_is_here()
    {
        await _masq.RunAsync(["fetch", "lfw-pairs"]);
        var text = await _masq.RunAsync(["assets"]);
        (text.Code, text.Error).ShouldBe((0, ""));
        // Archives are not of the same size everywhere.
        Snapshot.Match(Sizes().Aggregate(text.Output, (t, size) => t.Replace(size, "########", StringComparison.Ordinal)), "assets");

        var json = await _masq.RunAsync(["assets", "--json"]);
        using var parsed = JsonDocument.Parse(json.Output);
        parsed.RootElement.GetProperty("folder").GetString().ShouldBe("{folder}/home");
        var assets = parsed.RootElement.GetProperty("assets").EnumerateArray().ToDictionary(a => a.GetProperty("name").GetString()!);
        assets.Keys.ShouldBe(["facenet-vggface2", "arcface-r50", "mtcnn", "lfw", "lfw-pairs"]);
        assets["lfw-pairs"].GetProperty("here").GetBoolean().ShouldBeTrue();
        assets["lfw-pairs"].GetProperty("path").GetString().ShouldBe("{folder}/home/assets/lfw-pairs/pairs.txt");
        assets["facenet-vggface2"].GetProperty("here").GetBoolean().ShouldBeFalse();
        assets["facenet-vggface2"].GetProperty("models")[1].GetString().ShouldBe("facenet-vggface2-study-2019");
        assets["arcface-r50"].GetProperty("licenseAccepted").GetBoolean().ShouldBeFalse();
        assets["arcface-r50"].GetProperty("files")[0].GetProperty("members")[0].GetProperty("name").GetString().ShouldBe("w600k_r50.onnx");
        Snapshot.Match(string.Join('\n', assets["lfw"].EnumerateObject().Select(p => p.Name)) + "\n", "json-names");
    }

    [Fact]
    public async Task The_published_ones_are_listed()
    {
        _masq.Assets = new AssetStore(AssetCatalog.BuiltIn, _masq["home"]);
        var result = await _masq.RunAsync(["assets"]);
        (result.Code, result.Error).ShouldBe((0, ""));
        Snapshot.Match(result.Output, "published");
    }

    [Fact]
    public async Task A_licence_that_forbids_commercial_use_is_asked_for_once()
    {
        var piped = await _masq.RunAsync(["fetch", "lfw-pairs", "arcface-r50"]);
        piped.ShouldBe(new MasqResult(2, "",
            "error: arcface-r50 may not be used commercially (its licence: research only); accept with --accept-licenses\n"));
        _server.Requests.ShouldBeEmpty();

        var questions = new List<string>();
        _masq.Ask = (question, _) =>
        {
            questions.Add(question);
            return Task.FromResult(questions.Count > 1);
        };
        (await _masq.RunAsync(["fetch", "arcface-r50"])).ShouldBe(new MasqResult(2, "",
            "error: arcface-r50 may not be used commercially (its licence: research only), and that was not accepted\n"));
        _server.Requests.ShouldBeEmpty();
        var accepted = await _masq.RunAsync(["fetch", "arcface-r50"]);
        (accepted.Code, accepted.Error).ShouldBe((0, ""));
        questions.ShouldBe(Enumerable.Repeat("arcface-r50 may not be used commercially (its licence: research only). Accept?", 2));
        (await _masq.RunAsync(["inspect", "arcface-r50"])).Code.ShouldBe(0);

        // Remembered, also when the files are gone.
        Directory.Delete(_masq["home/assets"], recursive: true);
        _masq.Ask = null;
        (await _masq.RunAsync(["fetch", "arcface-r50"])).Code.ShouldBe(0);
    }

    [Fact]
    public async Task A_script_accepts_with_an_option()
    {
        var result = await _masq.RunAsync(["fetch", "arcface-r50", "--accept-licenses"]);
        (result.Code, result.Error).ShouldBe((0, ""));
        Directory.Delete(_masq["home/assets"], recursive: true);
        (await _masq.RunAsync(["fetch", "arcface-r50"])).Code.ShouldBe(0);
    }

    [Fact]
    public async Task Files_are_put_in_by_hand()
    {
        var network = _masq["tiny.onnx"];
        (await _masq.RunAsync(["assets", "add", "arcface-r50", network])).Error.ShouldContain("accept with --accept-licenses");
        var added = await _masq.RunAsync(["assets", "add", "arcface-r50", network, "--accept-licenses"]);
        added.ShouldBe(new MasqResult(0, "arcface-r50: {folder}/home/assets/arcface-r50\n  licence: research only\n"
            + "  cite:    Nobody: Nothing, 2026\n  models:  arcface-r50\n", ""));
        (await _masq.RunAsync(["assets", "add", "facenet-vggface2", network])).Code.ShouldBe(0);
        var wrong = await _masq.RunAsync(["assets", "add", "lfw", network]);
        wrong.Code.ShouldBe(2);
        wrong.Error.ShouldMatch(@"^error: \{folder\}/tiny\.onnx: has [\d,]+ bytes; lfw takes lfw\.tgz \([\d,]+ bytes\)\n$");
        _server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Files_are_put_in_one_by_one()
    {
        var (one, two) = (StandIn.Bytes(10, 1), StandIn.Bytes(20, 2));
        _masq.Assets = new AssetStore(
            new AssetCatalog([StandIn.Asset("both", StandIn.File("one", one), StandIn.File("two", two))]), _masq["home"]);
        File.WriteAllBytes(_masq["one"], one);
        (await _masq.RunAsync(["assets", "add", "both", _masq["one"]])).ShouldBe(
            new MasqResult(0, "both: the files are kept; still missing: two\n", ""));
    }

    [Theory]
    [InlineData("fetch facnet-vggface", $"'facnet-vggface' is no known asset ({Known}); did you mean facenet-vggface2?")]
    [InlineData("fetch lfw facenet", $"'facenet' is no known asset ({Known}); did you mean facenet-vggface2?")]
    [InlineData("assets add lwf x", $"'lwf' is no known asset ({Known}); did you mean lfw?")]
    [InlineData("fetch", "Required argument missing for command: 'fetch'; see 'masq fetch --help'")]
    [InlineData("assets add lfw", "Required argument missing for command: 'add'; see 'masq assets add --help'")]
    [InlineData("inspect facenet-vggface2", "facenet-vggface2 is not here: 'masq fetch facenet-vggface2' downloads it (1 kB), "
        + "'masq assets add facenet-vggface2 facenet.pt' takes files that you have")]
    [InlineData("evaluate --model {model} --data lfw", "the data set lfw is not here: 'masq fetch lfw lfw-pairs' downloads it (*), "
        + "'masq assets add' takes files that you have")]
    [InlineData("evaluate --model {model} --data cifar", "'cifar' is no known data set (known are lfw, lfw-dev-train, lfw-dev-test)")]
    [InlineData("evaluate --model {model} --data lfw --pairs p",
        "--data names both photographs and pairs: leave --images and --pairs out beside it; see 'masq evaluate --help'")]
    [InlineData("evaluate --model {model} --data lfw --images i",
        "--data names both photographs and pairs: leave --images and --pairs out beside it; see 'masq evaluate --help'")]
    [InlineData("evaluate --model {model} --data lfw --people 30",
        "--people is for synthetic people: leave it out, or --images; see 'masq evaluate --help'")]
    public async Task What_is_wrong_is_one_line(string line, string message)
    {
        var result = await _masq.RunAsync([.. line.Split(' ').Select(a => a.Replace("{model}", _masq.Model, StringComparison.Ordinal))]);
        result.Code.ShouldBe(2);
        result.Output.ShouldBe("");
        var parts = message.Split('*');
        result.Error.ShouldStartWith($"error: {parts[0]}");
        result.Error.ShouldEndWith(parts[^1] + "\n");
        result.Error.Count(c => c == '\n').ShouldBe(1);
        _server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_wrong_file_is_kept_aside_and_named()
    {
        _files["/lfw-pairs/pairs.txt"][5] ^= 1;
        var result = await _masq.RunAsync(["fetch", "lfw-pairs"]);
        (result.Code, result.Output).ShouldBe((2, ""));
        result.Error.ShouldMatch(@"^error: lfw-pairs: what http://127\.0\.0\.1:\d+/lfw-pairs/pairs\.txt sends is not the file of the "
            + @"catalog \(SHA-256 [0-9a-f]{64} instead of [0-9a-f]{64}\); it is kept as "
            + @"\{folder\}/home/downloads/lfw-pairs/pairs\.txt\.bad and never used; try again later, [^\n]+\n$");
        File.Exists(_masq["home/downloads/lfw-pairs/pairs.txt.bad"]).ShouldBeTrue();
        (await _masq.RunAsync(["assets"])).Output.ShouldNotContain("  here  ");
    }

    [Fact]
    public async Task Without_a_network_it_is_told_soon_and_what_to_do()
    {
        _server.Dispose();
        var result = await _masq.RunAsync(["fetch", "lfw-pairs"]);
        (result.Code, result.Output).ShouldBe((2, ""));
        var lines = result.Error.TrimEnd('\n').Split('\n');
        lines[^1].ShouldMatch(@"^error: lfw-pairs: no network: 127\.0\.0\.1 cannot be reached \([^)]+\); try again later, "
            + "name a mirror with MASQ_MIRROR, or put in files that you have: 'masq assets add lfw-pairs pairs.txt'$");
        lines[..^1].ShouldAllBe(l => l.StartsWith("lfw-pairs: pairs.txt: no network: ", StringComparison.Ordinal));
        lines.Length.ShouldBe(3);
    }

    [Fact]
    public async Task Interrupted_it_keeps_what_came_and_goes_on_from_there()
    {
        using var cancellation = new CancellationTokenSource();
        var content = _files["/lfw/lfw.tgz"];
        _server.Then(LocalServer.Truncated(content, 1000)).Then(async (_, to) =>
        {
            await cancellation.CancelAsync();
            await to.StallAsync();
        });
        var result = await _masq.RunAsync(["fetch", "lfw"], cancellation.Token);
        (result.Code, result.Output).ShouldBe((130, ""));
        result.Error.ShouldEndWith("stopped; what is downloaded is kept. Go on with the same command\nerror: interrupted\n");
        var part = File.ReadAllBytes(_masq["home/downloads/lfw/lfw.tgz.part"]);
        part.ShouldBe(content[..part.Length]);

        (await _masq.RunAsync(["fetch", "lfw"])).Code.ShouldBe(0);
        _server.Requests[^2].From.ShouldBe(part.Length);
    }

    [Fact]
    public async Task Progress_is_told_in_bytes()
    {
        var content = StandIn.Bytes(2_500_000);
        var asset = Publish("large", "large.bin", content);
        using var none = new StringWriter();
        var host = CommandHost.Piped(none, none) with { Assets = new AssetStore(new AssetCatalog([asset]), _masq["home"]) };
        var told = new HeardProgress();
        await AssetText.Telling(told, host).FetchAsync(asset, TestContext.Current.CancellationToken);
        told.Reports[0].ShouldBe((0, 2_500_000, "fetching large, 0.0 of 2.5 MB"));
        told.Reports[^1].ShouldBe((2_500_000, 2_500_000, "fetching large, 2.5 of 2.5 MB"));
        told.Reports.Select(r => r.Done).ShouldBeInOrder();
    }

    [Fact]
    public async Task A_mirror_has_a_folder_an_asset()
    {
        using var mirror = new LocalServer { Usually = _server.Usually };
        _masq.Fetching = _masq.Fetching with { Mirror = mirror.Url + "/" };
        (await _masq.RunAsync(["fetch", "lfw"])).Code.ShouldBe(0);
        mirror.Requests.Select(r => r.Path).ShouldBe(["/lfw/lfw.tgz", "/lfw-pairs/pairs.txt"]);
        _server.Requests.ShouldBeEmpty();
    }

    /// <summary>In processes of their own: the variables say where to look, and a real disk gets full.</summary>
    [Fact]
    public async Task A_full_disk_is_one_line_and_what_came_is_kept()
    {
        var shared = Environment.GetEnvironmentVariable("MASQ_SHARED");
        Assert.SkipWhen(string.IsNullOrEmpty(shared), "MASQ_SHARED is not set: the reference data is not here");
        await MountedDisk.RunAsync(_masq[""], "1200k", $"""
            export MASQ_HOME="$DISK/home"
            cd {shared}/models/mtcnn
            code=0
            masq assets add mtcnn pnet.pt rnet.pt onet.pt 2> "$KEEP/full" || code=$?
            [ $code = 2 ]
            grep -q '^error: .*onet.pt.part: cannot be written after [0-9,]* of 1,559,269 bytes (No space left on device' "$KEEP/full"
            [ $(wc -l < "$KEEP/full") = 1 ]
            masq assets | grep -q '^mtcnn  .* not here '
            mount -o remount,size=20m "$DISK"
            masq assets add mtcnn onet.pt
            masq assets | grep -q '^mtcnn  .* here  '
            MASQ_MIRROR=nowhere masq fetch mtcnn
            ! MASQ_MIRROR=nowhere masq fetch lfw 2> "$KEEP/mirror"
            grep -q "^error: MASQ_MIRROR is 'nowhere'; give the base URL of a mirror" "$KEEP/mirror"
            """);
    }

    private sealed class HeardProgress : ProgressReporter
    {
        public List<(double Done, double Total, string? Doing)> Reports { get; } = [];

        public override void Report(double done, double total, string? doing = null) => Reports.Add((done, total, doing));

        public override void Say(string line) => Assert.Fail(line);
    }

    private Asset Publish(string name, string file, byte[] content, Func<AssetDownload, AssetDownload>? change = null)
    {
        _files[$"/{name}/{file}"] = content;
        var download = StandIn.File(file, content, $"{_server.Url}/{name}/{file}");
        return StandIn.Asset(name, change?.Invoke(download) ?? download);
    }

    private IEnumerable<string> Sizes() => _masq.Assets.Catalog.All.Select(a =>
        FormattableString.Invariant($"{a.Bytes / 1e3:F0} kB").PadLeft(8)).Distinct();

    private static byte[] Pack(byte[] network)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in new[] { ("pack/readme.txt", "other"u8.ToArray()), ("pack/w600k_r50.onnx", network) })
            {
                using var stream = zip.CreateEntry(name).Open();
                stream.Write(content);
            }
        }
        return bytes.ToArray();
    }

    private byte[] Photographs()
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        {
            var folder = Directory.CreateDirectory(_masq["published/lfw"]);
            foreach (var file in Directory.GetFiles(_masq["images"]))
            {
                var person = Directory.CreateDirectory(Path.Combine(folder.FullName, Path.GetFileName(file).Split('_')[0]));
                File.Copy(file, Path.Combine(person.FullName, Path.GetFileName(file)));
            }
            System.Formats.Tar.TarFile.CreateFromDirectory(_masq["published"], gzip, includeBaseDirectory: false);
        }
        return bytes.ToArray();
    }
}
