using System.CommandLine;
using Masquerade.Cli.Output;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Assets;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq fetch</c>: downloads models and data by name.</summary>
internal sealed class FetchCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly Argument<string[]> _names = new("NAME")
    {
        Description = "What to fetch; 'masq assets' lists what is known.",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<bool> _accept = LicenseConsent.Option();

    public FetchCommand(CommandHost host) : base("fetch",
        "Downloads published models and data by name and checks that they are what the catalog says. What is here already is left alone; "
        + $"an interrupted download goes on with the same command. {AssetStore.FolderVariable} says where they are kept, "
        + $"{FetchSettings.MirrorVariable} names a mirror.",
        "masq fetch facenet-vggface2 mtcnn lfw",
        "masq fetch arcface-r50 --accept-licenses")
    {
        _host = host;
        Add(_names);
        Add(_accept);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var store = _host.Assets;
        var assets = store.Catalog.WithCompanions(parsed.GetRequiredValue(_names));
        var absent = assets.Where(a => store.Find(a.Name) is null).ToList();
        await LicenseConsent.RequireAsync(_host, absent, parsed.GetValue(_accept), cancellation);
        try
        {
            await ProgressReporter.RunAsync(_host, "fetching", async progress =>
            {
                var fetcher = AssetText.Telling(progress, _host);
                foreach (var asset in assets) await fetcher.FetchAsync(asset, cancellation);
                return assets.Count;
            });
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _host.Error.WriteLine("stopped; what is downloaded is kept. Go on with the same command");
            throw;
        }
        foreach (var asset in assets) AssetText.PrintHere(_host.Output, store, asset, already: !absent.Contains(asset));
        return ExitCodes.Done;
    }
}
