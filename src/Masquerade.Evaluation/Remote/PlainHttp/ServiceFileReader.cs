using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Masquerade.Evaluation.Remote.Keys;

namespace Masquerade.Evaluation.Remote.PlainHttp;

/// <summary>
/// Reads the YAML that describes a plain HTTP service. Every mistake is named with its line; a key that is written out is one.
/// </summary>
internal sealed partial class ServiceFileReader
{
    private const int MostBytes = 1 << 18;

    private static readonly string[] Known =
    [
        "name", "url", "method", "send", "probe", "reference", "fields", "body", "headers", "score", "scale", "threshold", "noFace",
        "refused",
    ];

    private readonly string _source;
    private readonly Dictionary<string, YamlTree> _fields;
    private readonly long _line;

    private ServiceFileReader(string source, YamlTree tree) =>
        (_source, _line, _fields) = (source, tree.Line, Map(source, tree, "a service", Known));

    /// <summary>The fields of a file.</summary>
    public static IReadOnlyCollection<string> Names => Known;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="url">The service's URL, in the place of the file's; null for that.</param>
    /// <exception cref="InputException">It is no description of a service.</exception>
    public static ServiceFile Read(string path, string? url = null)
    {
        var text = Encoding.UTF8.GetString(InputFile.ReadBytes(path, MostBytes));
        return new ServiceFileReader(path, YamlTree.Read(text, path)).Read(url);
    }

    private ServiceFile Read(string? given)
    {
        var url = given ?? Text("url") ?? throw Bad(_line, "there is no 'url'");
        var send = Choice("send", SendKind.Multipart);
        var (isDistance, least, most) = Scale();
        var file = new ServiceFile
        {
            Source = _source,
            Url = url,
            Name = Text("name") ?? new Uri(CheckUrl(url)).Host,
            Method = Text("method")?.ToUpperInvariant() ?? "POST",
            Send = send,
            Probe = Text("probe") ?? Template.Probe,
            Reference = Text("reference") ?? Template.Reference,
            Fields = Pairs("fields"),
            Body = Text("body"),
            Headers = Pairs("headers"),
            Score = Path(Required("score"), "score"),
            IsDistance = isDistance,
            Least = least,
            Most = most,
            Threshold = Number("threshold") ?? (least + most) / 2,
            NoFace = Rules("noFace"),
            Refused = Rules("refused"),
        };
        Check(file);
        return file;
    }

    private void Check(ServiceFile file)
    {
        CheckUrl(file.Url);
        if (!ServiceName().IsMatch(file.Name))
            throw Bad(At("name"), "the field 'name' may have letters, digits, '-', '.' and '_', 60 at most");
        if (file.Method is not ("POST" or "PUT")) throw Bad(At("method"), "the field 'method' must be POST or PUT");
        if (file.Threshold < file.Least || file.Threshold > file.Most)
            throw Bad(At("threshold"), "the field 'threshold' is not on the scale");
        if (file.Probe == file.Reference) throw Bad(At("reference"), "the fields 'probe' and 'reference' must be different names");
        var isForm = file.Send is SendKind.Multipart or SendKind.Form;
        if (!isForm && file.Fields.Count > 0) throw Bad(At("fields"), "only forms (send: multipart, send: form) have 'fields'");
        foreach (var name in new[] { file.Probe, file.Reference }.Concat(file.Fields.Select(f => f.Name)))
            if (!FieldName().IsMatch(name)) throw Bad(_line, "a form's field needs a name without quotes and line ends");
        if (file.Send == SendKind.Json) CheckBody(file);
        else if (file.Body is not null) throw Bad(At("body"), "only JSON (send: json) has a 'body'");
        foreach (var (name, value) in file.Headers) CheckHeader(name, value);
        foreach (var value in file.Fields.Concat(file.Headers).Select(f => f.Value).Append(file.Url)) CheckPlaces(value, Template.IsKey);
        foreach (var (name, value) in file.Fields) CheckSecret(name, value, At("fields"));
    }

    /// <summary>Looks at a URL with something in the place of keys.</summary>
    private string CheckUrl(string url)
    {
        var filled = Template.Fill(url, _ => "x");
        _ = Endpoint.Read(filled, $"{_source}: the service's url", holdsKeys: false);
        if (Template.Fill(url, _ => "y").Split('?')[0] != filled.Split('?')[0])
            throw Bad(At("url"), "a key may be named in the query of the url only, behind '?'");
        foreach (var part in url.Split('?', 2).ElementAtOrDefault(1)?.Split('&') ?? [])
            if (part.Split('=', 2) is [var name, var value]) CheckSecret(Uri.UnescapeDataString(name), value, At("url"));
        return filled;
    }

    private void CheckHeader(string name, string value)
    {
        if (!HeaderName().IsMatch(name)) throw Bad(At("headers"), "a header needs a name of letters, digits and '-'");
        if (value.Any(c => c is < ' ' or > '~')) throw Bad(At("headers"), $"the header '{name}' may have ASCII characters only");
        if (OwnHeader().IsMatch(name)) throw Bad(At("headers"), $"the header '{name}' is set by itself");
        CheckSecret(name, value, At("headers"));
    }

    /// <summary>What is called a key is named, not written: files like this one are passed on.</summary>
    private void CheckSecret(string name, string value, long line)
    {
        if (SecretName().IsMatch(name) && !Template.Keys(value).Any())
            throw Bad(line, $"'{InputFile.OneLine(name)}' holds a key as it is; name a variable: ${{VERIFIER_KEY}}");
    }

    private void CheckBody(ServiceFile file)
    {
        if (file.Body is not { } body) throw Bad(_line, "send: json needs a 'body', with ${probe} and ${reference} where the images go");
        CheckPlaces(body, name => name is Template.Probe or Template.Reference || Template.IsKey(name));
        foreach (var image in new[] { Template.Probe, Template.Reference })
            if (!Template.Names(body).Contains(image)) throw Bad(At("body"), $"the field 'body' has no ${{{image}}}");
        try
        {
            using var document = JsonDocument.Parse(Template.Fill(body, _ => "x"));
        }
        catch (JsonException e)
        {
            throw Bad(At("body"), "the field 'body' is no JSON; texts, ${probe} among them, are in double quotes", e);
        }
    }

    private void CheckPlaces(string text, Func<string, bool> allowed)
    {
        if (Template.Names(text).FirstOrDefault(n => !allowed(n)) is { } wrong)
            throw Bad(_line, $"'${{{InputFile.OneLine(wrong)}}}' cannot be filled in; variables are in capitals");
    }

    private (bool IsDistance, double Least, double Most) Scale()
    {
        if (!_fields.TryGetValue("scale", out var tree)) return (false, 0, 1);
        var fields = Map(_source, tree, "a scale", ["kind", "min", "max"]);
        var kind = fields.TryGetValue("kind", out var k) ? Text(k, "kind") : "similarity";
        if (kind is not ("similarity" or "distance")) throw Bad(tree.Line, "the scale's 'kind' must be similarity or distance");
        var least = fields.TryGetValue("min", out var min) ? Number(min, "min") : 0;
        var most = fields.TryGetValue("max", out var max) ? Number(max, "max") : 1;
        return least < most ? (kind == "distance", least, most) : throw Bad(tree.Line, "the scale's 'min' must be below its 'max'");
    }

    private IReadOnlyList<AnswerRule> Rules(string name)
    {
        if (!_fields.TryGetValue(name, out var tree)) return [];
        return tree is YamlTree.List list ? [.. list.Items.Select(Rule)] : [Rule(tree)];
    }

    private AnswerRule Rule(YamlTree tree)
    {
        var fields = Map(_source, tree, "a rule", ["status", "path", "equals", "is", "image"]);
        string? Field(string name) => fields.TryGetValue(name, out var value) ? Text(value, name) : null;
        int? status = fields.TryGetValue("status", out var number) ? (int)Number(number, "status") : null;
        if (status is < 100 or > 599) throw Bad(tree.Line, "a rule's 'status' is an HTTP status, from 100 to 599");
        var path = Field("path") is { } text ? Path(text, "path") : null;
        var expected = !fields.TryGetValue("equals", out var equal) ? null
            : equal is YamlTree.Text { IsNull: true } ? "null" : Text(equal, "equals");
        var test = Field("is") switch
        {
            null => expected is not null ? RuleTest.Equals : path is not null ? RuleTest.Present : RuleTest.None,
            "present" => RuleTest.Present,
            "missing" => RuleTest.Missing,
            "empty" => RuleTest.Empty,
            _ => throw Bad(tree.Line, "a rule's 'is' must be present, missing or empty"),
        };
        if (expected is not null && test != RuleTest.Equals) throw Bad(tree.Line, "a rule has either 'equals' or 'is'");
        if (test != RuleTest.None && path is null) throw Bad(tree.Line, "a rule needs a 'path' to look at");
        if (test == RuleTest.None && status is null) throw Bad(tree.Line, "a rule needs a 'status' or a 'path'");
        var image = Field("image") ?? Template.Probe;
        if (image is not (Template.Probe or Template.Reference)) throw Bad(tree.Line, "a rule's 'image' must be probe or reference");
        return new AnswerRule(status, path, test, expected, image == Template.Reference);
    }

    private JsonPath Path(string text, string field) =>
        JsonPath.Parse(text) ?? throw Bad(At(field), $"the field '{field}' must be a path as result.faces[0].similarity");

    private IReadOnlyList<(string Name, string Value)> Pairs(string name)
    {
        if (!_fields.TryGetValue(name, out var tree)) return [];
        if (tree is not YamlTree.Map map) throw Bad(tree.Line, $"the field '{name}' must be names and texts");
        return [.. map.Fields.Select(f => (f.Name.Value, Text(f.Value, f.Name.Value)))];
    }

    private string? Text(string name) =>
        _fields.TryGetValue(name, out var value) && value is not YamlTree.Text { IsNull: true } ? Text(value, name) : null;

    private string Text(YamlTree tree, string name) =>
        tree is YamlTree.Text { IsNull: false } text ? text.Value : throw Bad(tree.Line, $"the field '{name}' must be a text");

    private string Required(string name) => Text(name) ?? throw Bad(_line, $"there is no '{name}'");

    private double? Number(string name) => _fields.TryGetValue(name, out var value) ? Number(value, name) : null;

    private double Number(YamlTree tree, string name) =>
        double.TryParse(Text(tree, name), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number : throw Bad(tree.Line, $"the field '{name}' must be a number");

    private T Choice<T>(string name, T otherwise) where T : struct, Enum
    {
        if (Text(name) is not { } text) return otherwise;
        var names = Enum.GetNames<T>().Select(n => n.ToLowerInvariant()).ToArray();
        var at = Array.IndexOf(names, text);
        return at >= 0 ? Enum.GetValues<T>()[at] : throw Bad(At(name), $"the field '{name}' must be one of {string.Join(", ", names)}");
    }

    private static Dictionary<string, YamlTree> Map(string source, YamlTree tree, string what, string[] known)
    {
        if (tree is not YamlTree.Map map)
            throw new InputException($"{source} line {tree.Line}: {what} has fields: {string.Join(", ", known)}");
        foreach (var (name, _) in map.Fields)
        {
            if (known.Contains(name.Value)) continue;
            throw new InputException(
                $"{source} line {name.Line}: unknown field '{InputFile.OneLine(name.Value)}'; {what} has {string.Join(", ", known)}");
        }
        return map.Fields.ToDictionary(f => f.Name.Value, f => f.Value, StringComparer.Ordinal);
    }

    private long At(string field) => _fields.TryGetValue(field, out var value) ? value.Line : _line;

    private InputException Bad(long line, string problem, Exception? inner = null) => new($"{_source} line {line}: {problem}", inner!);

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
    private static partial Regex ServiceName();

    [GeneratedRegex("^[^\"\r\n\0]+$")]
    private static partial Regex FieldName();

    [GeneratedRegex("^[A-Za-z0-9-]+$")]
    private static partial Regex HeaderName();

    [GeneratedRegex("^(host|content-.*|transfer-encoding|connection)$", RegexOptions.IgnoreCase)]
    private static partial Regex OwnHeader();

    [GeneratedRegex(@"authorization|secret|token|password|signature|credential|cookie|(^|[^a-z])(api)?[-_]?key$|apikey|^sig$",
        RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();
}
