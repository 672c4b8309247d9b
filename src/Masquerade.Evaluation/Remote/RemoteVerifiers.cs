using Masquerade.Evaluation.Remote.Aws;
using Masquerade.Evaluation.Remote.Azure;
using Masquerade.Evaluation.Remote.PlainHttp;

namespace Masquerade.Evaluation.Remote;

/// <summary>The services that can be asked.</summary>
public static class RemoteVerifiers
{
    /// <summary>
    /// Whether a target is a service, and no model: "rekognition", "azure-face", a URL, or a YAML file that describes one.
    /// </summary>
    public static bool IsRemote(string target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target is RekognitionVerifier.ServiceName or AzureFaceVerifier.ServiceName || IsUrl(target) || IsServiceFile(target);
    }

    /// <summary>Opens a service. Nothing is sent yet.</summary>
    /// <param name="target">As in <see cref="IsRemote"/>; a URL needs <see cref="RemoteSettings.ServiceFile"/>.</param>
    /// <param name="settings">How it is asked.</param>
    /// <exception cref="InputException">
    /// There is no such service, no key, a file is wrong, or there is no recording to play back.
    /// </exception>
    public static IRemoteVerifier Open(string target, RemoteSettings settings)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(settings);
        if (target == RekognitionVerifier.ServiceName) return RekognitionVerifier.Open(settings);
        if (target == AzureFaceVerifier.ServiceName) return AzureFaceVerifier.Open(settings);
        if (IsServiceFile(target)) return HttpVerifier.Open(ServiceFileReader.Read(target), settings);
        if (!IsUrl(target)) throw new InputException($"{target}: is no service; known are rekognition, azure-face, a URL, and a YAML file");
        var file = settings.ServiceFile ?? throw new InputException(
            "a service at a URL needs a file that says how images are sent and where the score is: --service-file FILE.yaml");
        return HttpVerifier.Open(ServiceFileReader.Read(file, target), settings);
    }

    private static bool IsUrl(string target) => target.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        || target.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    private static bool IsServiceFile(string target) => target.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase)
        || target.EndsWith(".yml", StringComparison.OrdinalIgnoreCase);
}
