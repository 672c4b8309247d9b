using System.Net;

namespace Masquerade.Evaluation.Remote.Keys;

/// <summary>An address that keys and photographs may be sent to.</summary>
internal static class Endpoint
{
    /// <summary>Reads an address.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="source">Where it was given, for messages.</param>
    /// <param name="holdsKeys">Whether keys go there.</param>
    /// <exception cref="InputException">It is none, holds a password, or would send a key over the network in the clear.</exception>
    public static Uri Read(string text, string source, bool holdsKeys)
    {
        // A wrong address may be a key in the wrong place: none is repeated.
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
            throw new InputException($"{source}: is no address; it should begin with https://");
        if (url.UserInfo.Length > 0)
        {
            throw new InputException(
                $"{source}: holds a user name or a password; name a variable instead, as ${{VERIFIER_KEY}} in a header");
        }
        if (holdsKeys && url.Scheme == "http" && !IsThisMachine(url))
            throw new InputException($"{source}: begins with http://, which would send the key to {url.Host} in the clear; use https://");
        return url;
    }

    private static bool IsThisMachine(Uri url) =>
        url.IsLoopback || (IPAddress.TryParse(url.Host, out var address) && IPAddress.IsLoopback(address));
}
