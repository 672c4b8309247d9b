using System.CommandLine;
using Masquerade.Evaluation.Assets;

namespace Masquerade.Cli.Commands;

/// <summary>A licence that forbids commercial use is accepted once: on a terminal when asked, in a script by an option.</summary>
internal static class LicenseConsent
{
    private const string Name = "--accept-licenses";

    public static Option<bool> Option() => new(Name)
    {
        Description = "Accept licences that forbid commercial use, instead of being asked; remembered.",
    };

    /// <summary>Asks for the licences of those assets that may not be used yet.</summary>
    /// <exception cref="InputException">One is not accepted, or nobody is there to ask.</exception>
    public static async Task RequireAsync(CommandHost host, IEnumerable<Asset> assets, bool accepted, CancellationToken cancellation)
    {
        var book = new LicenseBook(host.Assets);
        foreach (var asset in assets.Where(a => !book.Allows(a)))
        {
            if (!accepted)
            {
                var terms = $"{asset.Name} may not be used commercially (its licence: {asset.License})";
                if (host.Ask is not { } ask) throw new InputException($"{terms}; accept with {Name}");
                if (!await ask($"{terms}. Accept?", cancellation)) throw new InputException($"{terms}, and that was not accepted");
            }
            book.Accept(asset);
        }
    }
}
