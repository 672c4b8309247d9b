using Masquerade.Assets;

namespace Masquerade.Tests.Assets;

/// <summary>A download from a server that does what servers do.</summary>
public sealed class FetchTests : IDisposable
{
    private const int Size = 3 << 20;
    private const string Tag = "\"v1\"";

    private static readonly byte[] Content = StandIn.Bytes(Size);

    private readonly TemporaryFolder _folder = new();
    private readonly LocalServer _server = new();
    private readonly HurriedClock _clock = new();
    private readonly List<string> _said = [];
    private readonly List<FetchProgress> _progress = [];

    private Asset _asset;
    private FetchSettings _settings;

    public FetchTests()
    {
        _asset = StandIn.Asset("thing", StandIn.File("thing.bin", Content, $"{_server.Url}/thing.bin"));
        _settings = new FetchSettings { Clock = _clock, StallTimeout = HurriedClock.Stall, Retries = 3 };
    }

    private AssetStore Store => new(new AssetCatalog([_asset]), _folder["home"]);

    private string Part => _folder["home/downloads/thing/thing.bin.part"];

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_file_comes_whole()
    {
        _server.Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        _said.ShouldBeEmpty();
        _server.Requests.ShouldHaveSingleItem().Headers["Accept-Encoding"].ShouldBe("identity");
        _progress[0].Done.ShouldBe(0);
        _progress.ShouldAllBe(p => p.Total == Size && p.Doing == "fetching thing");
        _progress[^1].Done.ShouldBe(Size);
        // Nothing else is left.
        Files("home").ShouldBe(["assets/thing/asset.json", "assets/thing/thing.bin", "locks/thing"]);

        await FetchAsync();
        _server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_here_needs_no_network_and_no_lock()
    {
        _server.Usually = LocalServer.File(Content);
        await FetchAsync();
        _server.Dispose();
        using var lockHolder = new FileStream(_folder["home/locks/thing"], FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        await FetchAsync();
        ShouldBeHere();
    }

    [Fact]
    public async Task A_broken_download_goes_on_where_it_broke()
    {
        _server.Then(LocalServer.Truncated(Content, 1000, Tag)).Then(LocalServer.Truncated(Content, Size - 1, Tag)).Usually = LocalServer.File(Content, Tag);
        await FetchAsync();
        ShouldBeHere();
        _server.Requests.Select(r => r.From).ShouldBe([0, 1000, Size - 1]);
        _server.Requests.Select(r => r.Headers.GetValueOrDefault("If-Range")).ShouldBe([null, Tag, Tag]);
        // The second brought enough to be no failure.
        _said.ShouldHaveSingleItem().ShouldStartWith("thing: thing.bin: the connection ");
        _clock.Waits.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_chunked_answer_may_end_too_soon()
    {
        _server.Then(async (_, to) =>
        {
            await to.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            await to.SendAsync("3e8\r\n", [.. Content[..1000], .. "\r\n0\r\n\r\n"u8]);
        }).Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        _server.Requests.Select(r => r.From).ShouldBe([0, 1000]);
        _said.ShouldHaveSingleItem().ShouldContain("the connection ended after 1,000 of 3,145,728 bytes; again in ");
    }

    [Fact]
    public async Task An_ended_process_leaves_its_beginning_to_the_next()
    {
        using var cancellation = new CancellationTokenSource();
        _server.Then(async (_, to) =>
        {
            await to.SendAsync($"HTTP/1.1 200 OK\r\nETag: {Tag}\r\nContent-Length: {Size}\r\n\r\n", Content[..5000]);
            await to.StallAsync();
        }).Usually = LocalServer.File(Content, Tag);
        await Should.ThrowAsync<OperationCanceledException>(() => FetchAsync(cancellation.Token, p =>
        {
            if (p.Done >= 5000) cancellation.Cancel();
        }));
        File.ReadAllBytes(Part).ShouldBe(Content[..5000]);
        Store.Find("thing").ShouldBeNull();

        await FetchAsync();
        ShouldBeHere();
        _server.Requests.Select(r => r.From).ShouldBe([0, 5000]);
        _server.Requests[1].Headers["If-Range"].ShouldBe(Tag);
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_begins_anew()
    {
        _server.Then(LocalServer.Truncated(Content, 1000));
        _server.Usually = (_, to) => to.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n", Content);
        await FetchAsync();
        ShouldBeHere();
        _server.Requests.Select(r => r.From).ShouldBe([0, 1000]);
    }

    [Fact]
    public async Task A_server_that_cannot_go_on_begins_anew()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Part)!);
        File.WriteAllBytes(Part, Content[..2000]);
        _server.Then("416 Range Not Satisfiable").Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        _server.Requests.Select(r => r.From).ShouldBe([2000, 0]);
    }

    [Theory]
    [InlineData("bytes 900-3145727/3145728")]
    [InlineData("bytes 1000-3145728/3145729")]
    [InlineData("bytes 1000-3145727/3145728\r\nETag: \"v2\"")]
    [InlineData("items 1000-3145727/3145728")]
    public async Task Another_range_than_was_asked_for_is_not_appended(string range)
    {
        _server.Then(LocalServer.Truncated(Content, 1000, Tag))
            .Then((_, to) => to.SendAsync($"HTTP/1.1 206 Partial Content\r\nContent-Range: {range}\r\n\r\n", new byte[Size]))
            .Usually = LocalServer.File(Content, Tag);
        await FetchAsync();
        ShouldBeHere();
        _server.Requests.Select(r => r.From).ShouldBe([0, 1000, 0]);
    }

    [Fact]
    public async Task A_file_that_changes_between_attempts_is_downloaded_anew()
    {
        var old = StandIn.Bytes(Size, seed: 2);
        _server.Then(LocalServer.Truncated(old, 1000, "\"v0\"")).Usually = LocalServer.File(Content, Tag);
        await FetchAsync();
        ShouldBeHere();
        _server.Requests.Select(r => r.Headers.GetValueOrDefault("If-Range")).ShouldBe([null, "\"v0\""]);
    }

    [Fact]
    public async Task Pieces_of_two_versions_are_downloaded_once_more_in_one()
    {
        // Without a tag nothing tells them apart but the hash.
        _server.Then(LocalServer.Truncated(StandIn.Bytes(Size, seed: 2), 1000)).Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        _server.Requests.Select(r => r.From).ShouldBe([0, 1000, 0]);
        _said.ShouldContain("thing: thing.bin: what came in several pieces is not the file; it is downloaded once more in one");
        File.Exists(_folder["home/downloads/thing/thing.bin.bad"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_wrong_hash_is_kept_aside_and_named()
    {
        var bad = StandIn.Bytes(Size, seed: 3);
        _server.Usually = LocalServer.File(bad);
        var message = await FailAsync();
        var aside = _folder["home/downloads/thing/thing.bin.bad"];
        message.ShouldStartWith($"thing: what {_server.Url}/thing.bin sends is not the file of the catalog (SHA-256 {StandIn.Hash(bad)} "
            + $"instead of {StandIn.Hash(Content)}); it is kept as {aside} and never used; try again later, ");
        StandIn.Hash(File.ReadAllBytes(aside)).ShouldBe(StandIn.Hash(bad));
        File.Exists(Part).ShouldBeFalse();
        Store.Find("thing").ShouldBeNull();
        _server.Requests.Count.ShouldBe(1);

        _server.Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        File.Exists(aside).ShouldBeFalse();
    }

    [Fact]
    public async Task A_stall_ends_the_attempt_not_the_download()
    {
        _server.Then(async (_, to) =>
        {
            await to.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n", Content[..1000]);
            await to.StallAsync();
        }).Usually = LocalServer.File(Content);
        await FetchAsync(told: p =>
        {
            if (p.Done == 1000) ThreadPool.QueueUserWorkItem(_ => _clock.Expire());
        });
        ShouldBeHere();
        _server.Requests.Select(r => r.From).ShouldBe([0, 1000]);
        _said.ShouldHaveSingleItem().ShouldContain("thing.bin: nothing came for 7 s; again in ");
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up()
    {
        _server.Usually = async (_, to) =>
        {
            _clock.Expire();
            await to.StallAsync();
        };
        (await FailAsync()).ShouldStartWith("thing: nothing came for 7 s; try again later, name a mirror with MASQ_MIRROR, or put in files");
        _server.Requests.Count.ShouldBe(4);
    }

    [Fact]
    public async Task A_server_in_trouble_is_asked_again_after_longer_and_longer_waits()
    {
        _server.Then("500 Internal Server Error").Then("429 Too Many Requests").Then("503 Service Unavailable").Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        _clock.Waits.Count.ShouldBe(3);
        _clock.Waits.ShouldAllBe(w => w > TimeSpan.Zero && w <= TimeSpan.FromMinutes(1));
        _said[0].ShouldStartWith($"thing: thing.bin: {_server.Url}/thing.bin answers 500 (InternalServerError); again in ");
    }

    [Fact]
    public async Task A_server_says_itself_how_long_to_wait()
    {
        _server.Then("503 Service Unavailable", "Retry-After: 42\r\n")
            .Then("503 Service Unavailable", "Retry-After: Thu, 01 Jan 2026 12:01:30 GMT\r\n").Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        _clock.Waits.ShouldBe([TimeSpan.FromSeconds(42), TimeSpan.FromSeconds(90)]);
    }

    [Fact]
    public async Task A_wait_of_hours_is_not_waited_for()
    {
        _server.Then("503 Service Unavailable", "Retry-After: 7200\r\n");
        (await FailAsync()).ShouldContain("answers 503 (ServiceUnavailable)");
        _clock.Waits.ShouldBeEmpty();
    }

    [Fact]
    public async Task It_is_given_up_when_nothing_comes_of_it()
    {
        _server.Usually = LocalServer.Truncated(Content, 0);
        (await FailAsync()).ShouldStartWith("thing: the connection ");
        _server.Requests.Count.ShouldBe(4);
    }

    [Fact]
    public async Task Redirects_are_followed_and_the_whole_way_is_gone_again()
    {
        _server.Then("302 Found", "Location: /elsewhere\r\n").Then("307 Temporary Redirect", $"Location: {_server.Url}/there\r\n")
            .Then(LocalServer.Truncated(Content, 1000, Tag)).Then("301 Moved Permanently", "Location: there?again=1\r\n")
            .Usually = LocalServer.File(Content, Tag);
        await FetchAsync();
        ShouldBeHere();
        _server.Requests.Select(r => r.Path).ShouldBe(["/thing.bin", "/elsewhere", "/there", "/thing.bin", "/there?again=1"]);
        _server.Requests.Select(r => r.From).ShouldBe([0, 0, 0, 1000, 1000]);
    }

    [Theory]
    [InlineData("Location: file:///etc/passwd\r\n", "leads to file:, and only http and https are followed")]
    [InlineData("Location: ftp://127.0.0.1/thing.bin\r\n", "leads to ftp:, and only http and https are followed")]
    [InlineData("", "redirects to nowhere")]
    [InlineData("Location: /again\r\n", "redirects more than 10 times")]
    public async Task Not_every_redirect_is_followed(string location, string message)
    {
        _server.Usually = (_, to) => to.SendAsync($"HTTP/1.1 302 Found\r\n{location}Content-Length: 0\r\n\r\n");
        (await FailAsync()).ShouldContain(message);
        _clock.Waits.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_looked_for_elsewhere()
    {
        _asset = StandIn.Asset("thing", StandIn.File("thing.bin", Content, $"{_server.Url}/gone", $"{_server.Url}/moved"));
        _server.Then("404 Not Found").Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        _server.Requests.Select(r => r.Path).ShouldBe(["/gone", "/moved"]);
    }

    [Fact]
    public async Task A_file_that_is_nowhere()
    {
        (await FailAsync()).ShouldBe($"thing: {_server.Url}/thing.bin answers 404 (NotFound); try again later, name a mirror with MASQ_MIRROR, "
            + "or put in files that you have: 'masq assets add thing thing.bin'");
        _server.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(int.MaxValue - Size)]
    public async Task Another_size_is_another_file(int more)
    {
        _server.Usually = (_, to) => to.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {Size + more}\r\n\r\n");
        (await FailAsync()).ShouldContain(string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"/thing.bin sends {Size + more:N0} bytes, and the file of the catalog has 3,145,728 bytes; try again later"));
        _server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Never_more_bytes_than_the_catalog_says()
    {
        _server.Usually = async (_, to) =>
        {
            await to.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
            while (true) await to.SendAsync("", Content);
        };
        (await FailAsync()).ShouldContain("/thing.bin sends more, and the file of the catalog has 3,145,728 bytes");
        File.Exists(Part).ShouldBeFalse();
    }

    [Fact]
    public async Task No_network_is_one_line_soon()
    {
        _server.Dispose();
        (await FailAsync()).ShouldMatch(@"^thing: no network: 127\.0\.0\.1 cannot be reached \([^)]+\); try again later, [^\n]+$");
        _clock.Waits.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_server_that_speaks_something_else()
    {
        _server.Usually = (_, to) => to.SendAsync("220 ftp.example.org ready\r\n\r\n");
        (await FailAsync()).ShouldStartWith("thing: the connection broke (");
    }

    [Fact]
    public async Task A_full_disk_is_one_line_and_the_beginning_stays()
    {
        var disk = new SmallDisk(2_000_000);
        _settings = _settings with { OpenPartial = disk.Open };
        _server.Usually = LocalServer.File(Content, Tag);
        (await FailAsync()).ShouldMatch(
            @"thing\.bin\.part: cannot be written after [1-9][\d,]+ of 3,145,728 bytes \(No space left on device\); free space and start the "
            + "same command again: it goes on from there$");
        var kept = File.ReadAllBytes(Part);
        kept.Length.ShouldBe(2_000_000);
        kept.AsSpan().SequenceEqual(Content.AsSpan(0, 2_000_000)).ShouldBeTrue();

        disk.Bytes = 10_000_000;
        await FetchAsync();
        ShouldBeHere();
        _server.Requests.Select(r => r.From).ShouldBe([0, 2_000_000]);
    }

    [Fact]
    public async Task A_mirror_is_asked_instead()
    {
        using var mirror = new LocalServer { Usually = LocalServer.File(Content) };
        _settings = _settings with { Mirror = $"{mirror.Url}/masq/?x=1" };
        await FetchAsync();
        ShouldBeHere();
        mirror.Requests.ShouldHaveSingleItem().Path.ShouldBe("/masq/thing/thing.bin");
        _server.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("files.example.org")]
    [InlineData("file:///tmp")]
    [InlineData("/tmp")]
    public async Task A_mirror_is_a_url(string mirror)
    {
        _settings = _settings with { Mirror = mirror };
        (await FailAsync()).ShouldStartWith($"MASQ_MIRROR is '{mirror}'; give the base URL of a mirror");
    }

    [Fact]
    public async Task The_tag_of_one_server_is_not_told_to_another()
    {
        _server.Then(LocalServer.Truncated(Content, 1000, Tag));
        _settings = _settings with { Retries = 1 };
        _server.Usually = LocalServer.Truncated(Content, 1000, Tag);
        await FailAsync();
        using var mirror = new LocalServer { Usually = LocalServer.File(Content) };
        _settings = _settings with { Mirror = mirror.Url };
        await FetchAsync();
        ShouldBeHere();
        var asked = mirror.Requests.ShouldHaveSingleItem();
        (asked.From, asked.Headers.ContainsKey("If-Range")).ShouldBe((1000, false));
    }

    [Fact]
    public async Task A_beginning_that_is_too_long_is_none()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Part)!);
        File.WriteAllBytes(Part, new byte[Size + 1]);
        File.WriteAllText(Part + ".json", "no json");
        _server.Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
    }

    [Fact]
    public async Task A_whole_file_that_was_not_looked_at_yet_is_not_downloaded_again()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Part)!);
        File.WriteAllBytes(Part, Content);
        await FetchAsync();
        ShouldBeHere();
        _server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Two_at_once_do_the_work_once()
    {
        var asked = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        _server.Then(async (request, to) =>
        {
            asked.SetResult();
            await release.Task;
            await LocalServer.File(Content)(request, to);
        });
        var first = FetchAsync();
        await asked.Task;
        var waits = new List<string>();
        var second = new AssetFetcher(Store, _settings, say: line =>
        {
            waits.Add(line);
            release.SetResult();
        }).FetchAsync(_asset, TestContext.Current.CancellationToken);
        await Task.WhenAll(first, second);
        ShouldBeHere();
        waits.ShouldBe(["thing: another process is at it; waiting for it"]);
        _server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_to_is_named()
    {
        _folder.Write("home", "a file where the folder would be");
        (await FailAsync()).ShouldMatch(@"home: cannot be written \(.+\); free space, or keep models and data elsewhere with MASQ_HOME$");
    }

    private async Task FetchAsync(CancellationToken? cancellation = null, Action<FetchProgress>? told = null)
    {
        var fetcher = new AssetFetcher(Store, _settings, p =>
        {
            _progress.Add(p);
            told?.Invoke(p);
        }, _said.Add);
        await fetcher.FetchAsync(_asset, cancellation ?? TestContext.Current.CancellationToken);
    }

    private async Task<string> FailAsync()
    {
        var message = (await Should.ThrowAsync<InputException>(() => FetchAsync())).Message;
        message.ShouldNotContain('\n');
        return message;
    }

    private void ShouldBeHere()
    {
        Store.Find("thing").ShouldBe(_folder["home/assets/thing"]);
        File.ReadAllBytes(_folder["home/assets/thing/thing.bin"]).AsSpan().SequenceEqual(Content).ShouldBeTrue();
    }

    private string[] Files(string folder) => [.. Directory.GetFiles(_folder[folder], "*", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(_folder[folder], f).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    /// <summary>A disk that has room for so many bytes; what does not fit is written as far as it does, as disks do.</summary>
    private sealed class SmallDisk(long bytes)
    {
        public long Bytes { get; set; } = bytes;

        public Stream Open(string path) => new SmallStream(this, path);

        private sealed class SmallStream(SmallDisk disk, string path)
            : FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0)
        {
            public override void Write(ReadOnlySpan<byte> buffer)
            {
                var room = (int)Math.Min(buffer.Length, disk.Bytes - Position);
                base.Write(buffer[..room]);
                if (room < buffer.Length) throw new IOException("No space left on device");
            }
        }
    }
}
