namespace Masquerade.Remote;

/// <summary>The services that can be asked.</summary>
public static class RemoteVerifiers
{
    /// <summary>Whether a target is a service, and no model: "rekognition", "azure-face", a URL, or a YAML file that describes one.</summary>
    public static bool IsRemote(string target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target is "rekognition" or "azure-face" || IsUrl(target) || IsServiceFile(target);
    }

    /// <summary>Opens a service. Nothing is sent yet.</summary>
    /// <param name="target">As in <see cref="IsRemote"/>; a URL needs <see cref="RemoteSettings.ServiceFile"/>.</param>
    /// <param name="settings">How it is asked.</param>
    /// <exception cref="InputException">There is no such service, no key, a file is wrong, or there is no recording to play back.</exception>
    public static IRemoteVerifier Open(string target, RemoteSettings settings) =>
        throw new InputException($"{target}: is no service; known are rekognition, azure-face, a URL, and a YAML file");

    internal static bool IsUrl(string target) => target.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        || target.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    internal static bool IsServiceFile(string target) => target.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase)
        || target.EndsWith(".yml", StringComparison.OrdinalIgnoreCase);
}
