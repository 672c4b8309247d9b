using Masquerade.Alignment;
using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Datasets;
using Masquerade.Models;

namespace Masquerade.Evaluation.Tests.Assets;

/// <summary>What is kept, how it is found, and how it comes there by hand.</summary>
public sealed class AssetStoreTests : IDisposable
{
    private static readonly byte[] P = StandIn.Bytes(100, 1), R = StandIn.Bytes(200, 2), W = StandIn.Bytes(300, 3);
    private static readonly byte[] Pack = TestArchive.Zip(("pack/other.onnx", P), ("pack/w.onnx", W));
    private static readonly byte[] Photographs = TestArchive.Tgz(
        TestArchive.Folder("lfw/"), TestArchive.File("lfw/Ada/Ada_0001.jpg", "a"), TestArchive.File("lfw/Ada/Ada_0002.jpg", "b"));
    private static readonly byte[] Pairs = "1\nAda\t1\t2\nAda\t1\tBob\t1\n"u8.ToArray();

    private readonly TemporaryFolder _folder = new();
    private readonly AssetStore _store;

    public AssetStoreTests()
    {
        var catalog = new AssetCatalog(
        [
            StandIn.Asset("mtcnn", StandIn.File("pnet.pt", P), StandIn.File("rnet.pt", R)),
            StandIn.Asset("arcface", StandIn.File("pack.zip", Pack) with { Members = [StandIn.Member("w.onnx", W)] })
                with { Models = [new("arcface", "{ \"one\": 1 }"), new("arcface-study", "{ \"two\": 2 }")], NonCommercial = true },
            StandIn.Asset("lfw", StandIn.File("lfw.tgz", Photographs) with { Unpack = new(10_000, 10) })
                with { Place = "lfw", Companions = ["lfw-pairs"] },
            StandIn.Asset("lfw-pairs", StandIn.File("pairs.txt", Pairs)) with { Place = "pairs.txt" },
            StandIn.Asset("lfw-pairs-dev-train", StandIn.File("pairsDevTrain.txt", P)) with { Place = "pairsDevTrain.txt" },
        ]);
        _store = new AssetStore(catalog, _folder["home"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Files_are_put_in_by_hand()
    {
        _store.Find("mtcnn").ShouldBeNull();
        // Under any name: they are known by their hash.
        (await AddAsync("mtcnn", ("a", R), ("b", P))).ShouldBeEmpty();
        var folder = _store.Require("mtcnn");
        folder.ShouldBe(_folder["home/assets/mtcnn"]);
        File.ReadAllBytes(Path.Combine(folder, "pnet.pt")).ShouldBe(P);
        File.ReadAllBytes(Path.Combine(folder, "rnet.pt")).ShouldBe(R);
        File.ReadAllBytes(_folder["a"]).ShouldBe(R);
        Directory.GetDirectories(_folder["home/downloads"]).ShouldBeEmpty();
        (await AddAsync("mtcnn", ("a", R))).ShouldBeEmpty();
    }

    [Fact]
    public async Task They_may_come_one_by_one()
    {
        (await AddAsync("mtcnn", ("a", P))).ShouldBe(["rnet.pt"]);
        _store.Find("mtcnn").ShouldBeNull();
        (await AddAsync("mtcnn", ("b", R))).ShouldBeEmpty();
        _store.Find("mtcnn").ShouldNotBeNull();
    }

    [Fact]
    public async Task What_was_put_in_is_not_downloaded()
    {
        using var server = new LocalServer { Usually = LocalServer.File(R) };
        await AddAsync("mtcnn", ("a", P));
        await FetchAsync("mtcnn", new FetchSettings { Mirror = server.Url });
        server.Requests.ShouldHaveSingleItem().Path.ShouldBe("/mtcnn/rnet.pt");
        _store.Find("mtcnn").ShouldNotBeNull();
    }

    [Fact]
    public async Task An_archive_or_the_file_in_it()
    {
        (await AddAsync("arcface", ("w600k_r50 (1).onnx", W))).ShouldBeEmpty();
        File.ReadAllBytes(Path.Combine(_store.Require("arcface"), "w.onnx")).ShouldBe(W);
        Directory.Delete(_folder["home"], recursive: true);

        (await AddAsync("arcface", ("pack.zip", Pack))).ShouldBeEmpty();
        var folder = _store.Require("arcface");
        Directory.GetFiles(folder).Select(Path.GetFileName).Order()
            .ShouldBe(["arcface-study.model.json", "arcface.model.json", "asset.json", "w.onnx"]);
        File.ReadAllBytes(Path.Combine(folder, "w.onnx")).ShouldBe(W);
        File.ReadAllText(Path.Combine(folder, "arcface-study.model.json")).ShouldBe("{ \"two\": 2 }");
    }

    [Fact]
    public async Task An_archive_that_is_unpacked_whole()
    {
        (await AddAsync("lfw", ("lfw.tgz", Photographs))).ShouldBeEmpty();
        _store.Require("lfw").ShouldBe(_folder["home/assets/lfw/lfw"]);
        new ImageFolder(_store.Require("lfw")).Find("Ada_0002").ShouldNotBeNull();
        Directory.GetFiles(_folder["home"], "lfw.tgz", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_that_is_none_of_the_asset()
    {
        (await FailAsync("mtcnn", ("a", P), ("b", StandIn.Bytes(200, 9)))).ShouldMatch(
            @"/b: its SHA-256 is [0-9a-f]{64}; mtcnn takes pnet\.pt \([0-9a-f]{64}\) or rnet\.pt \([0-9a-f]{64}\)$");
        (await FailAsync("mtcnn", ("a", StandIn.Bytes(99)))).ShouldEndWith(
            "/a: has 99 bytes; mtcnn takes pnet.pt (100 bytes) or rnet.pt (200 bytes)");
        Directory.CreateDirectory(_folder["folder"]);
        var add = () => Fetcher().AddAsync(_store.Catalog.Require("mtcnn"), [_folder["folder"]], TestContext.Current.CancellationToken);
        (await Should.ThrowAsync<InputException>(add)).Message.ShouldEndWith("/folder: is a folder; name the files of mtcnn");
        add = () => Fetcher().AddAsync(_store.Catalog.Require("mtcnn"), [_folder["none"]], TestContext.Current.CancellationToken);
        (await Should.ThrowAsync<InputException>(add)).Message.ShouldEndWith("/none: no such file; check the path");
        // All are looked at before one is taken.
        Directory.Exists(_folder["home/downloads"]).ShouldBeFalse();
    }

    [Fact]
    public async Task What_is_missing_says_how_to_get_it()
    {
        var message = Should.Throw<InputException>(() => _store.Require("mtcnn")).Message;
        message.ShouldBe("mtcnn is not here: 'masq fetch mtcnn' downloads it (1 kB), "
            + "'masq assets add mtcnn pnet.pt rnet.pt' takes files that you have");
        Should.Throw<InputException>(() => _store.Require("mtcn")).Message.ShouldEndWith("; did you mean mtcnn?");
        await AddAsync("mtcnn", ("a", P));
        Should.Throw<InputException>(() => _store.Require("mtcnn")).Message.ShouldBe(message);
    }

    [Theory]
    [InlineData("asset.json")]
    [InlineData("pnet.pt")]
    public async Task What_is_no_longer_whole_is_not_here(string gone)
    {
        await AddAsync("mtcnn", ("a", P), ("b", R));
        File.Delete(_folder[$"home/assets/mtcnn/{gone}"]);
        _store.Find("mtcnn").ShouldBeNull();
    }

    [Fact]
    public async Task What_is_cut_short_is_put_in_again()
    {
        await AddAsync("mtcnn", ("a", P), ("b", R));
        File.WriteAllBytes(_folder["home/assets/mtcnn/pnet.pt"], P[..50]);
        _store.Find("mtcnn").ShouldBeNull();
        (await AddAsync("mtcnn", ("a", P), ("b", R))).ShouldBeEmpty();
        File.ReadAllBytes(Path.Combine(_store.Require("mtcnn"), "pnet.pt")).ShouldBe(P);
    }

    [Fact]
    public async Task A_newer_catalog_has_another_file()
    {
        await AddAsync("lfw-pairs", ("a", Pairs));
        var newer = new AssetStore(new AssetCatalog([StandIn.Asset("lfw-pairs", StandIn.File("pairs.txt", P))]), _folder["home"]);
        newer.Find("lfw-pairs").ShouldBeNull();
    }

    [Fact]
    public async Task A_folder_of_somebody_else_is_left_alone()
    {
        _folder.Write("home/assets/mtcnn/mine.txt", "mine");
        (await FailAsync("mtcnn", ("a", P), ("b", R))).ShouldEndWith(
            "/home/assets/mtcnn: is in the way, and nothing that masq put there; move it elsewhere");
        Directory.GetFiles(_folder["home/assets"], "*", SearchOption.AllDirectories).ShouldBe([_folder["home/assets/mtcnn/mine.txt"]]);
        // What came is kept.
        Directory.Delete(_folder["home/assets/mtcnn"], recursive: true);
        await FetchAsync("mtcnn", new FetchSettings { Mirror = "http://127.0.0.1:1" });
        _store.Find("mtcnn").ShouldNotBeNull();
    }

    [Fact]
    public async Task An_installation_that_was_killed_is_taken_up_again()
    {
        // Between moving its files and its folder.
        _folder.Write("home/assets/mtcnn.new/pnet.pt", P);
        _folder.Write("home/assets/mtcnn.new/rubbish", "x");
        (await AddAsync("mtcnn", ("b", R))).ShouldBeEmpty();
        Directory.GetFiles(_store.Require("mtcnn")).Select(Path.GetFileName).Order().ShouldBe(["asset.json", "pnet.pt", "rnet.pt"]);
        Directory.GetDirectories(_folder["home/assets"]).ShouldBe([_folder["home/assets/mtcnn"]]);
    }

    [Fact]
    public async Task A_hostile_archive_leaves_nothing_but_itself()
    {
        var evil = TestArchive.Tgz(TestArchive.File("lfw/a"), TestArchive.File("../../evil"));
        var asset = StandIn.Asset("lfw", StandIn.File("lfw.tgz", evil) with { Unpack = new(10_000, 10) }) with { Place = "lfw" };
        var store = new AssetStore(new AssetCatalog([asset]), _folder["home"]);
        var path = _folder.Write("lfw.tgz", evil);
        var add = () => new AssetFetcher(store, new()).AddAsync(asset, [path], TestContext.Current.CancellationToken);
        (await Should.ThrowAsync<InputException>(add)).Message.ShouldContain("not unpacked: the name '../../evil' leads out of the folder");
        Directory.GetFiles(_folder[""], "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(_folder[""], f)).Order()
            .ShouldBe(["home/downloads/lfw/lfw.tgz", "home/locks/lfw", "lfw.tgz"]);
        store.Find("lfw").ShouldBeNull();
    }

    [Fact]
    public async Task A_model_goes_by_its_name()
    {
        var models = new NamedModels(_folder["models"], _store);
        Should.Throw<InputException>(() => models.Find("arcface-study")).Message
            .ShouldStartWith("arcface is not here: 'masq fetch arcface'");
        await AddAsync("arcface", ("w", W));
        models.Find("arcface-study").ShouldBe(_folder["home/assets/arcface/arcface-study.model.json"]);
        // One that an older program did not know.
        File.Delete(_folder["home/assets/arcface/arcface-study.model.json"]);
        File.ReadAllText(models.Find("arcface-study")).ShouldBe("{ \"two\": 2 }");
        // A file, and what ships with the program, come first.
        _folder.Write("models/arcface.model.json", "{}");
        models.Find("arcface").ShouldBe(_folder["models/arcface.model.json"]);
        Should.Throw<InputException>(() => models.Find("arcfaces")).Message.ShouldBe(
            "arcfaces: no such file, and no model of that name (known are arcface, arcface-study); did you mean arcface?");
        Should.Throw<InputException>(() => models.Find("mtcnn"));
    }

    [Fact]
    public async Task A_descriptor_of_another_program_is_brought_up_to_date()
    {
        await AddAsync("arcface", ("w", W));
        var path = _folder.Write("home/assets/arcface/arcface.model.json", "{ \"old\": 0 }");
        await FetchAsync("arcface", new FetchSettings { Mirror = "http://127.0.0.1:1" });
        File.ReadAllText(path).ShouldBe("{ \"one\": 1 }");
    }

    [Fact]
    public async Task A_data_set_goes_by_its_name()
    {
        Should.Throw<InputException>(() => NamedData.Find("lfw", _store)).Message.ShouldBe("the data set lfw is not here: "
            + "'masq fetch lfw lfw-pairs' downloads it (1 kB), 'masq assets add' takes files that you have");
        await AddAsync("lfw", ("a", Photographs));
        Should.Throw<InputException>(() => NamedData.Find("lfw", _store)).Message.ShouldContain("'masq fetch lfw-pairs' downloads it");
        await AddAsync("lfw-pairs", ("b", Pairs));
        var data = NamedData.Find("lfw", _store);
        data.ShouldBe(new NamedData("lfw", _folder["home/assets/lfw/lfw"], _folder["home/assets/lfw-pairs/pairs.txt"]));
        PairListReader.Read(data.Pairs).Pairs.Count.ShouldBe(2);
        Should.Throw<InputException>(() => NamedData.Find("lfw-dev-train", _store)).Message
            .ShouldContain("'masq fetch lfw-pairs-dev-train'");
        Should.Throw<InputException>(() => NamedData.Find("ifw", _store)).Message
            .ShouldBe("'ifw' is no known data set (known are lfw, lfw-dev-train, lfw-dev-test); did you mean lfw?");
        // Each is made of assets that the real catalog knows.
        var published = new AssetStore(AssetCatalog.BuiltIn, _folder["empty"]);
        foreach (var name in NamedData.Names)
            Should.Throw<InputException>(() => NamedData.Find(name, published)).Message.ShouldContain("'masq fetch lfw lfw-pairs");
    }

    [Fact]
    public void A_licence_is_accepted_once_and_as_it_reads()
    {
        var asset = _store.Catalog.Require("arcface");
        var book = new LicenseBook(_store);
        (book.Allows(asset), book.Allows(_store.Catalog.Require("mtcnn"))).ShouldBe((false, true));
        book.Accept(asset);
        book.Allows(asset).ShouldBeTrue();
        new LicenseBook(_store).Allows(asset).ShouldBeTrue();
        book.Allows(asset with { License = "stricter" }).ShouldBeFalse();
        File.WriteAllText(_folder["home/licenses.json"], "no json");
        book.Allows(asset).ShouldBeFalse();
    }

    [Fact]
    public void Without_a_folder_it_says_how_to_name_one() =>
        Should.Throw<InputException>(() => new AssetStore(_store.Catalog, null).Find("mtcnn")).Message
            .ShouldBe("no folder for models and data is known on this machine: name one with the variable MASQ_HOME");

    private AssetFetcher Fetcher(FetchSettings? settings = null) => new(_store, settings ?? new FetchSettings());

    private Task FetchAsync(string name, FetchSettings settings) =>
        Fetcher(settings).FetchAsync(_store.Catalog.Require(name), TestContext.Current.CancellationToken);

    private Task<IReadOnlyList<string>> AddAsync(string name, params (string Name, byte[] Content)[] files) => Fetcher().AddAsync(
        _store.Catalog.Require(name), [.. files.Select(f => _folder.Write(f.Name, f.Content))], TestContext.Current.CancellationToken);

    private async Task<string> FailAsync(string name, params (string Name, byte[] Content)[] files) =>
        (await Should.ThrowAsync<InputException>(() => AddAsync(name, files))).Message;
}
