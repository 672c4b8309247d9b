using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using Masquerade.Evaluation.Remote.Http;

namespace Masquerade.Evaluation.Remote.PlainHttp;

/// <summary>Writes the two images, and what else a service wants, as its file says.</summary>
/// <param name="file">The service.</param>
/// <param name="key">Keys by name.</param>
internal sealed class ServiceBody(ServiceFile file, Func<string, string> key)
{
    // Always the same, so that the same images make the same request; a PNG file cannot contain it by chance.
    private const string Boundary = "masq-8d1f4c6a2b9e47039e5f0c7ad1b36e48";

    /// <summary>Type and bytes of the body, and how it is recorded.</summary>
    public (string ContentType, byte[] Bytes, JsonNode Shown) Write(RemoteImage probe, RemoteImage reference) => file.Send switch
    {
        SendKind.Multipart => ($"multipart/form-data; boundary={Boundary}", Multipart(probe, reference), ShownForm(probe, reference)),
        SendKind.Form => ("application/x-www-form-urlencoded", Form(probe, reference), ShownForm(probe, reference)),
        SendKind.Json => ("application/json", Json(probe, reference, Base64, key), ShownJson(probe, reference)),
        _ => ("application/octet-stream", [.. probe.Png.Span, .. reference.Png.Span], ShownForm(probe, reference)),
    };

    private static string Base64(RemoteImage image) => Convert.ToBase64String(image.Png.Span);

    private byte[] Multipart(RemoteImage probe, RemoteImage reference)
    {
        using var body = new MemoryStream();
        void Add(string text) => body.Write(Encoding.UTF8.GetBytes(text));
        void Part(string name, string more) => Add($"--{Boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
        foreach (var (name, value) in file.Fields)
        {
            Part(name, "");
            Add($"{Template.Fill(value, key)}\r\n");
        }
        foreach (var (name, image) in new[] { (file.Probe, probe), (file.Reference, reference) })
        {
            Part(name, $"; filename=\"{name}.png\"\r\nContent-Type: image/png");
            body.Write(image.Png.Span);
            Add("\r\n");
        }
        Add($"--{Boundary}--\r\n");
        return body.ToArray();
    }

    private byte[] Form(RemoteImage probe, RemoteImage reference)
    {
        var fields = file.Fields.Select(f => (Name: f.Name, Value: Template.Fill(f.Value, key)))
            .Append((Name: file.Probe, Value: Base64(probe))).Append((Name: file.Reference, Value: Base64(reference)));
        return Encoding.ASCII.GetBytes(
            string.Join('&', fields.Select(f => $"{Uri.EscapeDataString(f.Name)}={Uri.EscapeDataString(f.Value)}")));
    }

    private byte[] Json(RemoteImage probe, RemoteImage reference, Func<RemoteImage, string> write, Func<string, string> keyText) =>
        Encoding.UTF8.GetBytes(Template.Fill(file.Body!, name => name switch
        {
            Template.Probe => write(probe),
            Template.Reference => write(reference),
            _ => JavaScriptEncoder.Default.Encode(keyText(name)),
        }));

    private JsonNode ShownJson(RemoteImage probe, RemoteImage reference) =>
        JsonNode.Parse(Json(probe, reference, RemoteCall.Shown, name => $"${{{name}}}"))!;

    private JsonObject ShownForm(RemoteImage probe, RemoteImage reference)
    {
        var shown = new JsonObject();
        foreach (var (name, value) in file.Fields) shown[name] = value;
        shown[file.Probe] = RemoteCall.Shown(probe);
        shown[file.Reference] = RemoteCall.Shown(reference);
        return shown;
    }

    /// <summary>Headers that go with the body: where the second file of a raw body begins.</summary>
    public IEnumerable<(string Name, string Value)> Headers(RemoteImage probe) =>
        file.Send == SendKind.Raw ? [("X-Probe-Length", probe.Png.Length.ToString(CultureInfo.InvariantCulture))] : [];
}
