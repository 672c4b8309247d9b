using Masquerade.Evaluation.Remote.PlainHttp;

namespace Masquerade.Evaluation.Tests.Remote;

public sealed class ServiceFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("- a\n", "line 1: a service has fields: name, url")]
    [InlineData("url: https://a.b\nscor: x\n", "line 2: unknown field 'scor'; a service has name, url")]
    [InlineData("url: https://a.b\nurl: https://a.b\n", "line 2: the field 'url' is there twice")]
    [InlineData("url: https://a.b\nscore: [\n", "not YAML")]
    [InlineData("url: https://a.b\n", "line 1: there is no 'score'")]
    [InlineData("score: x\n", "line 1: there is no 'url'")]
    [InlineData("url: ftp://a.b\nscore: x\n", "the service's url: is no address")]
    [InlineData("url: https://me:secretword@a.b\nscore: x\n", "holds a user name or a password")]
    [InlineData("url: https://a.b?api_key=abcdefgh\nscore: x\n", "line 1: 'api_key' holds a key as it is")]
    [InlineData("url: https://${HOST}/\nscore: x\n", "in the query of the url only")]
    [InlineData("url: https://a.b\nscore: a..b\n", "line 2: the field 'score' must be a path")]
    [InlineData("url: https://a.b\nscore: a[x]\n", "line 2: the field 'score' must be a path")]
    [InlineData("url: https://a.b\nscore: x\nmethod: GET\n", "line 3: the field 'method' must be POST or PUT")]
    [InlineData("url: https://a.b\nscore: x\nsend: post\n", "line 3: the field 'send' must be one of multipart, form, json, raw")]
    [InlineData("url: https://a.b\nscore: x\nsend: json\n", "send: json needs a 'body'")]
    [InlineData("url: https://a.b\nscore: x\nsend: json\nbody: '{\"a\": \"${probe}\"}'\n", "line 4: the field 'body' has no ${reference}")]
    [InlineData("url: https://a.b\nscore: x\nsend: json\nbody: '[${probe}, \"${reference}\"]'\n", "line 4: the field 'body' is no JSON")]
    [InlineData("url: https://a.b\nscore: x\nbody: '{}'\n", "line 3: only JSON (send: json) has a 'body'")]
    [InlineData("url: https://a.b\nscore: x\nsend: raw\nfields: {a: b}\n", "only forms")]
    [InlineData("url: https://a.b\nscore: x\nheaders: {Authorization: Bearer abcdefgh}\n", "'Authorization' holds a key as it is")]
    [InlineData("url: https://a.b\nscore: x\nheaders: {Ocp-Apim-Subscription-Key: abcdefgh}\n", "holds a key as it is")]
    [InlineData("url: https://a.b\nscore: x\nfields: {api_secret: abcdefgh}\n", "'api_secret' holds a key as it is")]
    [InlineData("url: https://a.b\nscore: x\nheaders: {Host: c.d}\n", "the header 'Host' is set by itself")]
    [InlineData("url: https://a.b\nscore: x\nheaders: {A: \"${probe}\"}\n", "'${probe}' cannot be filled in")]
    [InlineData("url: https://a.b\nscore: x\nscale: {min: 1, max: 1}\n", "line 3: the scale's 'min' must be below its 'max'")]
    [InlineData("url: https://a.b\nscore: x\nscale: {kind: closeness}\n", "must be similarity or distance")]
    [InlineData("url: https://a.b\nscore: x\nthreshold: 2\n", "line 3: the field 'threshold' is not on the scale")]
    [InlineData("url: https://a.b\nscore: x\nthreshold: .nan\n", "line 3: the field 'threshold' must be a number")]
    [InlineData("url: https://a.b\nscore: x\nnoFace:\n  - image: probe\n", "line 4: a rule needs a 'status' or a 'path'")]
    [InlineData("url: https://a.b\nscore: x\nnoFace:\n  - status: 22\n", "line 4: a rule's 'status' is an HTTP status")]
    [InlineData("url: https://a.b\nscore: x\nnoFace:\n  - path: a\n    is: gone\n", "must be present, missing or empty")]
    [InlineData("url: https://a.b\nscore: x\nprobe: a\nreference: a\n", "must be different names")]
    [InlineData("url: https://a.b\nscore: x\nname: a b\n", "line 3: the field 'name' may have letters")]
    [InlineData("url: https://a.b\nscore: &x y\nname: *x\n", "anchors and aliases are not read")]
    [InlineData("url: https://a.b\nscore: x\nnoFace: [[[[[[[[[[[[1]]]]]]]]]]]]\n", "is nested too deep")]
    public void A_mistake_is_named_with_its_line(string yaml, string message)
    {
        var path = _folder.Write("service.yaml", yaml);
        var error = Should.Throw<InputException>(() => ServiceFileReader.Read(path));
        error.Message.ShouldStartWith(path);
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain("abcdefgh");
        error.Message.ShouldNotContain("secretword");
        error.Message.ShouldNotContain("\n");
    }

    [Fact]
    public void Another_description_is_another_service_and_another_comment_is_not()
    {
        const string Yaml = "url: https://a.b/?k=${KEY_A}\nscore: x\nheaders: {B: \"${KEY_B}\"}\n";
        ServiceFile Read(string yaml) => ServiceFileReader.Read(_folder.Write("service.yaml", yaml));
        Read(Yaml).Keys.ShouldBe(["KEY_B", "KEY_A"]);
        Read($"# A comment.\n{Yaml}threshold: 0.7\n").Identity.ShouldBe(Read(Yaml).Identity);
        foreach (var more in new[] { "scale: {max: 2}\n", "noFace: {status: 422}\n", "fields: {a: b}\n", "probe: a\n", "method: PUT\n" })
            Read(Yaml + more).Identity.ShouldNotBe(Read(Yaml).Identity);
    }

    [Theory]
    [InlineData("a.b[1].c", """{"a":{"b":[0,{"c":7}]}}""", "7")]
    [InlineData("[1][0]", "[0,[8]]", "8")]
    [InlineData("a.b", """{"a":[1]}""", null)]
    [InlineData("a[1]", """{"a":[1]}""", null)]
    [InlineData("a[0]", """{"a":{"0":1}}""", null)]
    public void A_path_leads_to_its_place(string path, string json, string? found)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        JsonPath.Parse(path)!.Find(document.RootElement)?.GetRawText().ShouldBe(found);
    }
}
