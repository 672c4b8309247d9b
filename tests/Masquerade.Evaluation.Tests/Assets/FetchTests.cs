using Masquerade.Evaluation.Assets;

namespace Masquerade.Evaluation.Tests.Assets;

/// <summary>A file comes whole, or goes on where it broke.</summary>
public sealed class FetchTests : FetchFixture
{
    [Fact]
    public async Task A_file_comes_whole()
    {
        Server.Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        Said.ShouldBeEmpty();
        Server.Requests.ShouldHaveSingleItem().Headers["Accept-Encoding"].ShouldBe("identity");
        Progress[0].Done.ShouldBe(0);
        Progress.ShouldAllBe(p => p.Total == Size && p.Doing == "fetching thing");
        Progress[^1].Done.ShouldBe(Size);
        // Nothing else is left.
        Files("home").ShouldBe(["assets/thing/asset.json", "assets/thing/thing.bin", "locks/thing"]);

        await FetchAsync();
        Server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_here_needs_no_network_and_no_lock()
    {
        Server.Usually = LocalServer.File(Content);
        await FetchAsync();
        Server.Dispose();
        using var lockHolder = new FileStream(Folder["home/locks/thing"], FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        await FetchAsync();
        ShouldBeHere();
    }

    [Fact]
    public async Task A_broken_download_goes_on_where_it_broke()
    {
        Server.Then(LocalServer.Truncated(Content, 1000, Tag)).Then(LocalServer.Truncated(Content, Size - 1, Tag))
            .Usually = LocalServer.File(Content, Tag);
        await FetchAsync();
        ShouldBeHere();
        Server.Requests.Select(r => r.From).ShouldBe([0, 1000, Size - 1]);
        Server.Requests.Select(r => r.Headers.GetValueOrDefault("If-Range")).ShouldBe([null, Tag, Tag]);
        // The second brought enough to be no failure.
        Said.ShouldHaveSingleItem().ShouldStartWith("thing: thing.bin: the connection ");
        Clock.Waits.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_chunked_answer_may_end_too_soon()
    {
        Server.Then(async (_, to) =>
        {
            await to.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            await to.SendAsync("3e8\r\n", [.. Content[..1000], .. "\r\n0\r\n\r\n"u8]);
        }).Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        Server.Requests.Select(r => r.From).ShouldBe([0, 1000]);
        Said.ShouldHaveSingleItem().ShouldContain("the connection ended after 1,000 of 3,145,728 bytes; again in ");
    }

    [Fact]
    public async Task An_ended_process_leaves_its_beginning_to_the_next()
    {
        using var cancellation = new CancellationTokenSource();
        Server.Then(async (_, to) =>
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
        Server.Requests.Select(r => r.From).ShouldBe([0, 5000]);
        Server.Requests[1].Headers["If-Range"].ShouldBe(Tag);
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_begins_anew()
    {
        Server.Then(LocalServer.Truncated(Content, 1000));
        Server.Usually = (_, to) => to.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n", Content);
        await FetchAsync();
        ShouldBeHere();
        Server.Requests.Select(r => r.From).ShouldBe([0, 1000]);
    }

    [Fact]
    public async Task A_server_that_cannot_go_on_begins_anew()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Part)!);
        File.WriteAllBytes(Part, Content[..2000]);
        Server.Then("416 Range Not Satisfiable").Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        Server.Requests.Select(r => r.From).ShouldBe([2000, 0]);
    }

    [Theory]
    [InlineData("bytes 900-3145727/3145728")]
    [InlineData("bytes 1000-3145728/3145729")]
    [InlineData("bytes 1000-3145727/3145728\r\nETag: \"v2\"")]
    [InlineData("items 1000-3145727/3145728")]
    public async Task Another_range_than_was_asked_for_is_not_appended(string range)
    {
        Server.Then(LocalServer.Truncated(Content, 1000, Tag))
            .Then((_, to) => to.SendAsync($"HTTP/1.1 206 Partial Content\r\nContent-Range: {range}\r\n\r\n", new byte[Size]))
            .Usually = LocalServer.File(Content, Tag);
        await FetchAsync();
        ShouldBeHere();
        Server.Requests.Select(r => r.From).ShouldBe([0, 1000, 0]);
    }

    [Fact]
    public async Task A_file_that_changes_between_attempts_is_downloaded_anew()
    {
        var old = StandIn.Bytes(Size, seed: 2);
        Server.Then(LocalServer.Truncated(old, 1000, "\"v0\"")).Usually = LocalServer.File(Content, Tag);
        await FetchAsync();
        ShouldBeHere();
        Server.Requests.Select(r => r.Headers.GetValueOrDefault("If-Range")).ShouldBe([null, "\"v0\""]);
    }

    [Fact]
    public async Task Pieces_of_two_versions_are_downloaded_once_more_in_one()
    {
        // Without a tag nothing tells them apart but the hash.
        Server.Then(LocalServer.Truncated(StandIn.Bytes(Size, seed: 2), 1000)).Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        Server.Requests.Select(r => r.From).ShouldBe([0, 1000, 0]);
        Said.ShouldContain("thing: thing.bin: what came in several pieces is not the file; it is downloaded once more in one");
        File.Exists(Folder["home/downloads/thing/thing.bin.bad"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_wrong_hash_is_kept_aside_and_named()
    {
        var bad = StandIn.Bytes(Size, seed: 3);
        Server.Usually = LocalServer.File(bad);
        var message = await FailAsync();
        var aside = Folder["home/downloads/thing/thing.bin.bad"];
        message.ShouldStartWith($"thing: what {Server.Url}/thing.bin sends is not the file of the catalog (SHA-256 {StandIn.Hash(bad)} "
            + $"instead of {StandIn.Hash(Content)}); it is kept as {aside} and never used; try again later, ");
        StandIn.Hash(File.ReadAllBytes(aside)).ShouldBe(StandIn.Hash(bad));
        File.Exists(Part).ShouldBeFalse();
        Store.Find("thing").ShouldBeNull();
        Server.Requests.Count.ShouldBe(1);

        Server.Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        File.Exists(aside).ShouldBeFalse();
    }

    [Fact]
    public async Task A_mirror_is_asked_instead()
    {
        using var mirror = new LocalServer { Usually = LocalServer.File(Content) };
        Settings = Settings with { Mirror = $"{mirror.Url}/masq/?x=1" };
        await FetchAsync();
        ShouldBeHere();
        mirror.Requests.ShouldHaveSingleItem().Path.ShouldBe("/masq/thing/thing.bin");
        Server.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("files.example.org")]
    [InlineData("file:///tmp")]
    [InlineData("/tmp")]
    public async Task A_mirror_is_a_url(string mirror)
    {
        Settings = Settings with { Mirror = mirror };
        (await FailAsync()).ShouldStartWith($"MASQ_MIRROR is '{mirror}'; give the base URL of a mirror");
    }

    [Fact]
    public async Task The_tag_of_one_server_is_not_told_to_another()
    {
        Server.Then(LocalServer.Truncated(Content, 1000, Tag));
        Settings = Settings with { Retries = 1 };
        Server.Usually = LocalServer.Truncated(Content, 1000, Tag);
        await FailAsync();
        using var mirror = new LocalServer { Usually = LocalServer.File(Content) };
        Settings = Settings with { Mirror = mirror.Url };
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
        Server.Usually = LocalServer.File(Content);
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
        Server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Two_at_once_do_the_work_once()
    {
        var asked = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        Server.Then(async (request, to) =>
        {
            asked.SetResult();
            await release.Task;
            await LocalServer.File(Content)(request, to);
        });
        var first = FetchAsync();
        await asked.Task;
        var waits = new List<string>();
        var second = new AssetFetcher(Store, Settings, say: line =>
        {
            waits.Add(line);
            release.SetResult();
        }).FetchAsync(Asset, TestContext.Current.CancellationToken);
        await Task.WhenAll(first, second);
        ShouldBeHere();
        waits.ShouldBe(["thing: another process is at it; waiting for it"]);
        Server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_to_is_named()
    {
        Folder.Write("home", "a file where the folder would be");
        (await FailAsync()).ShouldMatch(@"home: cannot be written \(.+\); free space, or keep models and data elsewhere with MASQ_HOME$");
    }
}
