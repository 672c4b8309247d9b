using System.CommandLine;
using Masquerade.Cli.Commands.Options;
using Masquerade.Cli.Output;
using Masquerade.Cli.Progress;

namespace Masquerade.Cli.Commands;

/// <summary><c>masq assets</c>: the models and data that go by name.</summary>
internal sealed class AssetsCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly Option<string?> _json = CommonOptions.Json();

    public AssetsCommand(CommandHost host) : base("assets",
        "Lists the published models and data that go by name: which are here, how large they are, what their licences allow.",
        "masq assets",
        "masq assets --json assets.json",
        "masq assets add mtcnn pnet.pt rnet.pt onet.pt")
    {
        _host = host;
        Add(_json);
        Add(new AddAssetCommand(host));
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var json = parsed.GetValue(_json);
        JsonOutput.Check(json);
        if (json != CommonOptions.StandardOutput) AssetText.PrintAll(_host.Output, _host.Assets);
        if (json is not null) JsonOutput.Write(_host, json, new AssetsJson(_host.Assets));
        return ExitCodes.Done;
    }
}

/// <summary><c>masq assets add</c>: puts files in by hand.</summary>
internal sealed class AddAssetCommand : MasqCommand
{
    private readonly CommandHost _host;
    private readonly Argument<string> _name = new("NAME") { Description = "What the files are; 'masq assets' lists what is known." };
    private readonly Argument<string[]> _files = new("FILE")
    {
        Description = "Its files as they are published, or single files out of its archive. They are copied.",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<bool> _accept = LicenseConsent.Option();

    public AddAssetCommand(CommandHost host) : base("add",
        "Puts an asset's files in by hand, where there is no network, after checking that they are what the catalog says.",
        "masq assets add mtcnn pnet.pt rnet.pt onet.pt",
        "masq assets add arcface-r50 w600k_r50.onnx --accept-licenses")
    {
        _host = host;
        Add(_name);
        Add(_files);
        Add(_accept);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var store = _host.Assets;
        var asset = store.Catalog.Require(parsed.GetRequiredValue(_name));
        var already = store.Find(asset.Name) is not null;
        await LicenseConsent.RequireAsync(_host, [asset], parsed.GetValue(_accept), cancellation);
        var missing = await ProgressReporter.RunAsync(_host, "copying", progress =>
            AssetText.Telling(progress, _host).AddAsync(asset, parsed.GetRequiredValue(_files), cancellation));
        if (missing.Count == 0) AssetText.PrintHere(_host.Output, store, asset, already);
        else _host.Output.WriteLine($"{asset.Name}: the files are kept; still missing: {string.Join(", ", missing)}");
        return ExitCodes.Done;
    }
}
