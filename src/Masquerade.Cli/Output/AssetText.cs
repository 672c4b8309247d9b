using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Assets;

namespace Masquerade.Cli.Output;

/// <summary>What <c>assets</c> and <c>fetch</c> print for people.</summary>
internal static class AssetText
{
    /// <summary>The catalog, two lines an asset, and where it is kept.</summary>
    public static void PrintAll(TextWriter output, AssetStore store)
    {
        var width = store.Catalog.All.Select(a => a.Name.Length).Append(0).Max() + 2;
        foreach (var asset in store.Catalog.All)
        {
            var state = store.Find(asset.Name) is null ? "not here" : "here";
            output.WriteLine($"{asset.Name.PadRight(width)}{Size(asset.Bytes),8}  {state,-8}  {asset.Purpose}");
            var license = asset.NonCommercial ? "licence, which forbids commercial use" : "licence";
            output.WriteLine($"{"".PadRight(width + 20)}{license}: {asset.License}");
        }
        output.WriteLine();
        output.WriteLine($"kept in {store.Folder}");
        output.WriteLine("'masq fetch NAME' downloads one, 'masq assets add NAME FILE' takes files that you have");
    }

    /// <summary>An asset that is here.</summary>
    public static void PrintHere(TextWriter output, AssetStore store, Asset asset, bool already)
    {
        output.WriteLine($"{asset.Name}{(already ? " was here already" : "")}: {store.Require(asset.Name)}");
        output.WriteLine($"  licence: {asset.License}");
        output.WriteLine($"  cite:    {asset.Citation}");
        if (asset.Models.Count > 0) output.WriteLine($"  models:  {string.Join(", ", asset.Models.Select(m => m.Name))}");
    }

    /// <summary>A fetcher that tells how far it is, in bytes.</summary>
    public static AssetFetcher Telling(ProgressReporter progress, CommandHost host) => new(
        host.Assets, host.Fetching,
        p => progress.Report(p.Done, p.Total, FormattableString.Invariant($"{p.Doing}, {p.Done / 1e6:F1} of {p.Total / 1e6:F1} MB")),
        progress.Say);

    private static string Size(long bytes) => bytes < 100_000 ? FormattableString.Invariant($"{bytes / 1e3:F0} kB")
        : FormattableString.Invariant($"{bytes / 1e6:F1} MB");
}
