using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Masquerade.Evaluation.Remote;
using static Masquerade.Evaluation.Tests.Remote.RemoteFixture;

namespace Masquerade.Evaluation.Tests.Remote;

public sealed class HttpVerifierTests : IDisposable
{
    private readonly HurriedClock _clock = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Images_go_as_files_of_a_form()
    {
        using var server = new ServiceServer(request =>
        {
            request.Header("X-Api-Key").ShouldBe(HttpKey);
            request.Target.ShouldBe("/compare?mode=strict&key=" + Uri.EscapeDataString(HttpKey));
            var parts = Parts(request);
            parts.Keys.ShouldBe(["model", "photo1", "photo2"]);
            Encoding.UTF8.GetString(parts["model"]).ShouldBe("v3");
            return Score(parts["photo1"], parts["photo2"]);
        });
        var answer = await AskAsync($$"""
            name: ours
            url: {{server.Url}}/compare?mode=strict&key=${VERIFIER_KEY}
            probe: photo1
            reference: photo2
            fields: {model: v3}
            headers: {X-Api-Key: "${VERIFIER_KEY}"}
            score: result.faces[0].similarity
            """);
        answer.Confidence!.Value.ShouldBe(FaceService.Confidence(Image(1).Sha256, Image(2).Sha256), 1e-12);
    }

    [Fact]
    public async Task Images_go_as_base64_in_a_form()
    {
        using var server = new ServiceServer(request =>
        {
            request.Header("Content-Type").ShouldBe("application/x-www-form-urlencoded");
            var fields = Encoding.ASCII.GetString(request.Body).Split('&').Select(p => p.Split('='))
                .ToDictionary(p => p[0], p => Uri.UnescapeDataString(p[1]));
            fields["api_key"].ShouldBe(HttpKey);
            return Score(Convert.FromBase64String(fields["image_base64_1"]), Convert.FromBase64String(fields["image_base64_2"]));
        });
        var answer = await AskAsync($$"""
            url: {{server.Url}}/v3/compare
            send: form
            probe: image_base64_1
            reference: image_base64_2
            fields: {api_key: "${VERIFIER_KEY}"}
            score: result.faces[0].similarity
            """);
        answer.Confidence!.Value.ShouldBe(FaceService.Confidence(Image(1).Sha256, Image(2).Sha256), 1e-12);
    }

    [Fact]
    public async Task Images_go_as_base64_in_JSON_and_a_distance_is_turned_round()
    {
        using var server = new ServiceServer(request =>
        {
            request.Method.ShouldBe("PUT");
            request.Header("Content-Type").ShouldBe("application/json");
            request.Header("Authorization").ShouldBe($"Bearer {HttpKey}");
            var body = JsonNode.Parse(request.Body)!;
            ((string?)body["threshold"]).ShouldBeNull();
            var (a, b) = (Convert.FromBase64String((string)body["a"]!), Convert.FromBase64String((string)body["images"]![0]!["data"]!));
            var distance = 4 * (1 - FaceService.Confidence(FaceService.Sha256(a), FaceService.Sha256(b)));
            return new(200, $$"""[{"distance":"{{distance.ToString("R", CultureInfo.InvariantCulture)}}"}]""");
        });
        var path = Write($$"""
            url: {{server.Url}}/
            method: put
            send: json
            body: '{"a": "${probe}", "images": [{"data": "${reference}"}]}'
            headers:
              Authorization: Bearer ${VERIFIER_KEY}
            score: "[0].distance"
            scale: {kind: distance, min: 0, max: 4}
            threshold: 1.2
            """);
        var answer = await AskOnceAsync(path, Settings(), Image(1), Image(2));
        answer.Confidence!.Value.ShouldBe(FaceService.Confidence(Image(1).Sha256, Image(2).Sha256), 1e-9);
        var verifier = RemoteVerifiers.Open(path, Settings());
        using var closing = (IDisposable)verifier;
        verifier.Threshold.ShouldBe(0.7, 1e-12);
        verifier.Name.ShouldBe("127.0.0.1");
    }

    [Fact]
    public async Task Images_go_raw_one_after_the_other_to_the_URL_that_is_given()
    {
        using var server = new ServiceServer(request =>
        {
            request.Path.ShouldBe("/raw");
            var first = int.Parse(request.Header("X-Probe-Length")!, CultureInfo.InvariantCulture);
            return Score(request.Body[..first], request.Body[first..]);
        });
        var settings = Settings() with { ServiceFile = Write("send: raw\nscore: result.faces[0].similarity\n") };
        var answer = await AskOnceAsync($"{server.Url}/raw", settings, Image(1), Image(2));
        answer.Confidence!.Value.ShouldBe(FaceService.Confidence(Image(1).Sha256, Image(2).Sha256), 1e-12);
        Should.Throw<InputException>(() => RemoteVerifiers.Open(server.Url, Settings())).Message.ShouldContain("--service-file");
    }

    [Theory]
    [InlineData(422, """{"error":{"code":"NO_FACE","image":1}}""", RemoteOutcome.NoFaceInProbe)]
    [InlineData(422, """{"error":{"code":"NO_FACE","image":2}}""", RemoteOutcome.NoFaceInReference)]
    [InlineData(200, """{"faces":[]}""", RemoteOutcome.NoFaceInProbe)]
    [InlineData(200, """{"faces":[1],"score":null}""", RemoteOutcome.NoFaceInReference)]
    [InlineData(413, "too much", RemoteOutcome.ImageRefused)]
    [InlineData(500, """{"error":{"code":"BAD_IMAGE"}}""", RemoteOutcome.ImageRefused)]
    [InlineData(200, """{"faces":[1],"score":0.25}""", RemoteOutcome.Judged)]
    public async Task Rules_say_what_an_answer_means(int status, string body, RemoteOutcome outcome)
    {
        using var server = new ServiceServer(_ => new(status, body));
        var answer = await AskAsync($"""
            url: {server.Url}
            score: score
            noFace:
              - status: 422
                path: error.image
                equals: 1
              - status: 422
                path: error.image
                equals: 2
                image: reference
              - path: faces
                is: empty
              - path: score
                equals: null
                image: reference
            refused:
              - status: 413
              - status: 500
                path: error.code
                equals: BAD_IMAGE
            """);
        answer.Outcome.ShouldBe(outcome);
        answer.Confidence.ShouldBe(outcome == RemoteOutcome.Judged ? 0.25 : null);
        server.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("oops", "not JSON")]
    [InlineData("""{"result":{}}""", "there is no score")]
    [InlineData("""{"score":NaN}""", "not JSON")]
    [InlineData("""{"score":"NaN"}""", "score is no number")]
    [InlineData("""{"score":[0.5]}""", "score is no number")]
    [InlineData("""{"score":1.01}""", "score is not from 0 to 1")]
    [InlineData("""{"score":-0.01}""", "score is not from 0 to 1")]
    public async Task Nonsense_is_said_to_be_the_services(string body, string problem)
    {
        using var server = new ServiceServer(_ => new(200, body));
        var error = await Should.ThrowAsync<InputException>(() => AskAsync($"name: ours\nurl: {server.Url}\nscore: score\n"));
        error.Message.ShouldStartWith($"ours: answers what is no answer ({problem}");
    }

    [Theory]
    [InlineData(401, "ours: refuses the key (status 401); check VERIFIER_KEY")]
    [InlineData(404, "ours: refuses the call (status 404, gone to ***)")]
    [InlineData(302, "ours: refuses the call (status 302, gone to ***)")]
    public async Task A_refusal_is_one_line_without_the_key(int status, string message)
    {
        using var server = new ServiceServer(_ => new(status, $"gone to\n{HttpKey}", ("Location", "http://127.0.0.1:1/")));
        var error = await Should.ThrowAsync<InputException>(
            () => AskAsync($"name: ours\nurl: {server.Url}\nscore: score\nheaders: {{X-Api-Key: \"${{VERIFIER_KEY}}\"}}\n"));
        error.Message.ShouldStartWith(message);
        server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public void A_key_goes_over_the_network_only_encrypted()
    {
        var path = Write("url: http://verifier.example.org/\nscore: score\nheaders: {X-Api-Key: \"${VERIFIER_KEY}\"}\n");
        Should.Throw<InputException>(() => RemoteVerifiers.Open(path, Settings())).Message.ShouldContain("in the clear");
        var open = RemoteVerifiers.Open(Write("url: http://verifier.example.org/\nscore: score\n"), Settings());
        using var closing = (IDisposable)open;
        open.Destination.ShouldBe("verifier.example.org (http://verifier.example.org/, unencrypted)");
    }

    private static ServiceResponse Score(byte[] probe, byte[] reference)
    {
        var score = FaceService.Confidence(FaceService.Sha256(probe), FaceService.Sha256(reference));
        var text = score.ToString("R", CultureInfo.InvariantCulture);
        return new(200, $$$"""{"result":{"faces":[{"similarity":{{{text}}}}]}}""");
    }

    /// <summary>Parts of a form by their names, as RFC 7578 has them.</summary>
    private static Dictionary<string, byte[]> Parts(ServiceRequest request)
    {
        var type = request.Header("Content-Type")!;
        type.ShouldStartWith("multipart/form-data; boundary=");
        var text = Encoding.Latin1.GetString(request.Body);
        var pieces = text.Split("--" + type.Split("boundary=")[1]);
        pieces[^1].ShouldBe("--\r\n");
        return pieces[1..^1].Select(p => p.Split("\r\n\r\n", 2))
            .ToDictionary(p => p[0].Split("name=\"")[1].Split('"')[0], p => Encoding.Latin1.GetBytes(p[1][..^2]));
    }

    private RemoteSettings Settings() => RemoteFixture.Settings(_clock, ("VERIFIER_KEY", HttpKey));

    private string Write(string yaml) => _folder.Write($"{Guid.NewGuid():N}.yaml", yaml);

    private Task<RemoteAnswer> AskAsync(string yaml) => AskOnceAsync(Write(yaml), Settings(), Image(1), Image(2));
}
