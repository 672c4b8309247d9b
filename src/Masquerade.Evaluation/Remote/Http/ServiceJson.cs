using System.Text.Json;

namespace Masquerade.Evaluation.Remote.Http;

/// <summary>Reads what a service answers, of which nothing is believed.</summary>
internal static class ServiceJson
{
    /// <summary>A confidence, if a number is one.</summary>
    /// <param name="score">What came.</param>
    /// <param name="scale">The number that stands for 1.</param>
    public static double? Confidence(JsonElement? score, double scale)
    {
        if (score is not { ValueKind: JsonValueKind.Number } number || !number.TryGetDouble(out var value)) return null;
        var confidence = value / scale;
        // Services compute in single precision.
        return confidence is >= -Slack and <= 1 + Slack ? Math.Clamp(confidence, 0, 1) : null;
    }

    /// <summary>How far beyond its scale a score may be.</summary>
    public const double Slack = 1e-4;

    /// <summary>A member of an object; null where there is none.</summary>
    public static JsonElement? Member(this JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } obj && obj.TryGetProperty(name, out var value) ? value : null;

    /// <summary>A member that is a text; null where there is none.</summary>
    public static string? Text(this JsonElement? element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    /// <summary>An answer that cannot be understood.</summary>
    /// <param name="service">Whose it is.</param>
    /// <param name="problem">What is wrong with it.</param>
    /// <param name="reply">The answer.</param>
    /// <param name="channel">Shows it without secrets.</param>
    public static InputException Nonsense(string service, string problem, RemoteReply reply, RemoteChannel channel) =>
        new($"{service}: answers what is no answer ({problem}; status {reply.Status}, '{channel.Show(reply.Body)}'); "
            + "check the address and the service's settings");
}
