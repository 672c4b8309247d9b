using Masquerade.Evaluation.Assets;

namespace Masquerade.Evaluation.Tests.Assets;

/// <summary>An asset of one file on a server of this machine, and a store to fetch it into.</summary>
public abstract class FetchFixture : IDisposable
{
    private protected const int Size = 3 << 20;
    private protected const string Tag = "\"v1\"";

    private protected static readonly byte[] Content = StandIn.Bytes(Size);

    private protected FetchFixture()
    {
        Asset = StandIn.Asset("thing", StandIn.File("thing.bin", Content, $"{Server.Url}/thing.bin"));
        Settings = new FetchSettings { Clock = Clock, StallTimeout = HurriedClock.Stall, Retries = 3 };
    }

    private protected TemporaryFolder Folder { get; } = new();

    private protected LocalServer Server { get; } = new();

    private protected HurriedClock Clock { get; } = new();

    private protected List<string> Said { get; } = [];

    private protected List<FetchProgress> Progress { get; } = [];

    private protected Asset Asset { get; set; }

    private protected FetchSettings Settings { get; set; }

    private protected AssetStore Store => new(new AssetCatalog([Asset]), Folder["home"]);

    private protected string Part => Folder["home/downloads/thing/thing.bin.part"];

    public void Dispose()
    {
        Server.Dispose();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected async Task FetchAsync(CancellationToken? cancellation = null, Action<FetchProgress>? told = null)
    {
        var fetcher = new AssetFetcher(Store, Settings, p =>
        {
            Progress.Add(p);
            told?.Invoke(p);
        }, Said.Add);
        await fetcher.FetchAsync(Asset, cancellation ?? TestContext.Current.CancellationToken);
    }

    private protected async Task<string> FailAsync()
    {
        var message = (await Should.ThrowAsync<InputException>(() => FetchAsync())).Message;
        message.ShouldNotContain('\n');
        return message;
    }

    private protected void ShouldBeHere()
    {
        Store.Find("thing").ShouldBe(Folder["home/assets/thing"]);
        File.ReadAllBytes(Folder["home/assets/thing/thing.bin"]).AsSpan().SequenceEqual(Content).ShouldBeTrue();
    }

    private protected string[] Files(string folder) => [.. Directory.GetFiles(Folder[folder], "*", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Folder[folder], f).Replace('\\', '/')).Order(StringComparer.Ordinal)];
}
