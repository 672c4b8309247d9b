using System.Globalization;

namespace Masquerade.Evaluation.Tests.Assets;

/// <summary>A server that does what servers do, and a disk that gets full.</summary>
public sealed class FetchTroubleTests : FetchFixture
{
    [Fact]
    public async Task A_stall_ends_the_attempt_not_the_download()
    {
        Server.Then(async (_, to) =>
        {
            await to.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {Size}\r\n\r\n", Content[..1000]);
            await to.StallAsync();
        }).Usually = LocalServer.File(Content);
        await FetchAsync(told: p =>
        {
            if (p.Done == 1000) ThreadPool.QueueUserWorkItem(_ => Clock.Expire());
        });
        ShouldBeHere();
        Server.Requests.Select(r => r.From).ShouldBe([0, 1000]);
        Said.ShouldHaveSingleItem().ShouldContain("thing.bin: nothing came for 7 s; again in ");
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up()
    {
        Server.Usually = async (_, to) =>
        {
            Clock.Expire();
            await to.StallAsync();
        };
        (await FailAsync()).ShouldStartWith("thing: nothing came for 7 s; try again later, name a mirror with MASQ_MIRROR, or ");
        Server.Requests.Count.ShouldBe(4);
    }

    [Fact]
    public async Task A_server_in_trouble_is_asked_again_after_longer_and_longer_waits()
    {
        Server.Then("500 Internal Server Error").Then("429 Too Many Requests").Then("503 Service Unavailable")
            .Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        Clock.Waits.Count.ShouldBe(3);
        Clock.Waits.ShouldAllBe(w => w > TimeSpan.Zero && w <= TimeSpan.FromMinutes(1));
        Said[0].ShouldStartWith($"thing: thing.bin: {Server.Url}/thing.bin answers 500 (InternalServerError); again in ");
    }

    [Fact]
    public async Task A_server_says_itself_how_long_to_wait()
    {
        Server.Then("503 Service Unavailable", "Retry-After: 42\r\n")
            .Then("503 Service Unavailable", "Retry-After: Thu, 01 Jan 2026 12:01:30 GMT\r\n").Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        Clock.Waits.ShouldBe([TimeSpan.FromSeconds(42), TimeSpan.FromSeconds(90)]);
    }

    [Fact]
    public async Task A_wait_of_hours_is_not_waited_for()
    {
        Server.Then("503 Service Unavailable", "Retry-After: 7200\r\n");
        (await FailAsync()).ShouldContain("answers 503 (ServiceUnavailable)");
        Clock.Waits.ShouldBeEmpty();
    }

    [Fact]
    public async Task It_is_given_up_when_nothing_comes_of_it()
    {
        Server.Usually = LocalServer.Truncated(Content, 0);
        (await FailAsync()).ShouldStartWith("thing: the connection ");
        Server.Requests.Count.ShouldBe(4);
    }

    [Fact]
    public async Task Redirects_are_followed_and_the_whole_way_is_gone_again()
    {
        Server.Then("302 Found", "Location: /elsewhere\r\n").Then("307 Temporary Redirect", $"Location: {Server.Url}/there\r\n")
            .Then(LocalServer.Truncated(Content, 1000, Tag)).Then("301 Moved Permanently", "Location: there?again=1\r\n")
            .Usually = LocalServer.File(Content, Tag);
        await FetchAsync();
        ShouldBeHere();
        Server.Requests.Select(r => r.Path).ShouldBe(["/thing.bin", "/elsewhere", "/there", "/thing.bin", "/there?again=1"]);
        Server.Requests.Select(r => r.From).ShouldBe([0, 0, 0, 1000, 1000]);
    }

    [Theory]
    [InlineData("Location: file:///etc/passwd\r\n", "leads to file:, and only http and https are followed")]
    [InlineData("Location: ftp://127.0.0.1/thing.bin\r\n", "leads to ftp:, and only http and https are followed")]
    [InlineData("", "redirects to nowhere")]
    [InlineData("Location: //[\r\n", "redirects to nowhere")]
    [InlineData("Location: /again\r\n", "redirects more than 10 times")]
    public async Task Not_every_redirect_is_followed(string location, string message)
    {
        Server.Usually = (_, to) => to.SendAsync($"HTTP/1.1 302 Found\r\n{location}Content-Length: 0\r\n\r\n");
        (await FailAsync()).ShouldContain(message);
        Clock.Waits.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_looked_for_elsewhere()
    {
        Asset = StandIn.Asset("thing", StandIn.File("thing.bin", Content, $"{Server.Url}/gone", $"{Server.Url}/moved"));
        Server.Then("404 Not Found").Usually = LocalServer.File(Content);
        await FetchAsync();
        ShouldBeHere();
        Server.Requests.Select(r => r.Path).ShouldBe(["/gone", "/moved"]);
    }

    [Fact]
    public async Task A_file_that_is_nowhere()
    {
        (await FailAsync()).ShouldBe($"thing: {Server.Url}/thing.bin answers 404 (NotFound); try again later, "
            + "name a mirror with MASQ_MIRROR, or put in files that you have: 'masq assets add thing thing.bin'");
        Server.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(int.MaxValue - Size)]
    public async Task Another_size_is_another_file(int more)
    {
        Server.Usually = (_, to) => to.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {Size + more}\r\n\r\n");
        (await FailAsync()).ShouldContain(string.Create(CultureInfo.InvariantCulture,
            $"/thing.bin sends {Size + more:N0} bytes, and the file of the catalog has 3,145,728 bytes; try again later"));
        Server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_page_that_comes_instead_costs_nothing_of_what_there_is()
    {
        Server.Then(LocalServer.Truncated(Content, 1000, Tag))
            .Then((_, to) => to.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", "Log in here"u8.ToArray()));
        (await FailAsync()).ShouldContain("/thing.bin sends 11 bytes, and the file of the catalog has 3,145,728 bytes");
        Server.Usually = LocalServer.File(Content, Tag);
        await FetchAsync();
        ShouldBeHere();
        Server.Requests.Select(r => r.From).ShouldBe([0, 1000, 1000]);
    }

    [Fact]
    public async Task Never_more_bytes_than_the_catalog_says()
    {
        Server.Usually = async (_, to) =>
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
        Server.Dispose();
        (await FailAsync()).ShouldMatch(@"^thing: no network: 127\.0\.0\.1 cannot be reached \([^)]+\); try again later, [^\n]+$");
        Clock.Waits.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_server_that_speaks_something_else()
    {
        Server.Usually = (_, to) => to.SendAsync("220 ftp.example.org ready\r\n\r\n");
        (await FailAsync()).ShouldStartWith("thing: the connection broke (");
    }

    [Fact]
    public async Task A_full_disk_is_one_line_and_the_beginning_stays()
    {
        var disk = new SmallDisk(2_000_000);
        Settings = Settings with { OpenPartial = disk.Open };
        Server.Usually = LocalServer.File(Content, Tag);
        (await FailAsync()).ShouldMatch(
            @"thing\.bin\.part: cannot be written after [1-9][\d,]+ of 3,145,728 bytes \(No space left on device\); "
            + "free space and start the same command again: it goes on from there$");
        var kept = File.ReadAllBytes(Part);
        kept.Length.ShouldBe(2_000_000);
        kept.AsSpan().SequenceEqual(Content.AsSpan(0, 2_000_000)).ShouldBeTrue();

        disk.Bytes = 10_000_000;
        await FetchAsync();
        ShouldBeHere();
        Server.Requests.Select(r => r.From).ShouldBe([0, 2_000_000]);
    }

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
