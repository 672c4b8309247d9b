using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Masquerade.Evaluation.Remote;
using static Masquerade.Evaluation.Tests.Remote.RemoteFixture;

namespace Masquerade.Evaluation.Tests.Remote;

/// <summary>Recordings: what is in them, what is not, and that they play without a key and without a network.</summary>
public sealed partial class CassetteTests : IDisposable
{
    private readonly HurriedClock _clock = new();
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private RemoteSettings Replay => Settings(_clock) with { Replay = _folder["tapes"] };

    [Fact]
    public async Task A_recording_of_Rekognition_plays_without_key_and_network()
    {
        var service = StandInOfRekognition(_clock);
        service.Faceless.Add(Image(2).Sha256);
        service.Fault = n => n == 1 ? RekognitionService.Throttle : null;
        var recorded = await RecordAsync("rekognition", url => Rekognition(_clock, url), service, [(1, 8), (2, 8), (3, 9)]);
        (await PlayAsync("rekognition", Replay, [(3, 9), (1, 8), (2, 8), (1, 8)])).ShouldBe(
            [recorded[2], recorded[0], recorded[1], recorded[0]]);
        _clock.Waits.ShouldAllBe(w => w < TimeSpan.FromSeconds(5));
        var lines = File.ReadAllLines(Path.Combine(_folder["tapes"], "rekognition.jsonl"));
        lines.Length.ShouldBe(1 + 4, "the throttled one, too");
        var exchange = JsonNode.Parse(lines[1])!;
        var request = exchange["request"]!;
        ((string)request["method"]!).ShouldBe("POST");
        request["headers"]!.ToJsonString().ShouldBe(
            """{"content-type":"application/x-amz-json-1.1","x-amz-target":"RekognitionService.CompareFaces"}""");
        request["body"]!.ToJsonString().ShouldBe($$$"""{"SourceImage":{"Bytes":"sha256:{{{Image(8).Sha256}}}"}"""
            + $$$""","TargetImage":{"Bytes":"sha256:{{{Image(1).Sha256}}}"},"SimilarityThreshold":0,"QualityFilter":"NONE"}""");
        ((string)request["bodySha256"]!).Length.ShouldBe(64);
        ((int)exchange["response"]!["status"]!).ShouldBe(200);
        ((double)exchange["response"]!["body"]!["FaceMatches"]![0]!["Similarity"]!).ShouldBe(100 * recorded[0].Confidence!.Value, 1e-9);
    }

    [Fact]
    public async Task A_recording_of_Azure_plays_though_ids_are_others_each_time()
    {
        var service = new AzureFaceService(AzureKey);
        var first = await RecordAsync("azure-face", url => Azure(_clock, url), service, [(1, 8), (2, 8)], "http://one");
        // A second process adds to it, and shows an image again.
        var second = await RecordAsync("azure-face", url => Azure(_clock, url), service, [(3, 8)], "http://one");
        service.Detected[Image(8).Sha256].ShouldBe(2);
        (await PlayAsync("azure-face", Replay, [(1, 8), (2, 8), (3, 8)])).ShouldBe([.. first, .. second]);
    }

    [Fact]
    public async Task A_recording_of_a_plain_service_plays()
    {
        var yaml = _folder.Write("ours.yaml",
            "name: ours\nurl: http://127.0.0.1:PORT/?key=${VERIFIER_KEY}\nsend: json\n"
            + "body: '{\"a\": \"${probe}\", \"b\": \"${reference}\", \"key\": \"${VERIFIER_KEY}\"}'\nscore: score\n");
        using var server = new ServiceServer(_ => new(200, """{"score":0.25}"""));
        File.WriteAllText(yaml, File.ReadAllText(yaml).Replace("http://127.0.0.1:PORT", server.Url));
        var settings = Settings(_clock, ("VERIFIER_KEY", HttpKey)) with { Record = _folder["tapes"] };
        await AskOnceAsync(yaml, settings, Image(1), Image(2));
        (await AskOnceAsync(yaml, Replay, Image(1), Image(2))).Confidence.ShouldBe(0.25);
        server.Requests.Count.ShouldBe(1);
        var tape = File.ReadAllText(Path.Combine(_folder["tapes"], "ours.jsonl"));
        tape.ShouldContain("?key=${VERIFIER_KEY}");
        tape.ShouldContain("\"key\":\"${VERIFIER_KEY}\"");
    }

    [Fact]
    public async Task What_was_not_recorded_is_one_error()
    {
        await RecordAsync("rekognition", url => Rekognition(_clock, url), StandInOfRekognition(_clock), [(1, 8)]);
        var error = await Should.ThrowAsync<InputException>(() => PlayAsync("rekognition", Replay, [(1, 9)]));
        error.Message.ShouldContain($"has no answer to POST");
        error.Message.ShouldContain(Image(9).Sha256);
        error.Message.ShouldContain("recorded with other images or settings");
        OpenError("azure-face", Replay).ShouldContain("there is no recording of azure-face");
        var both = Rekognition(_clock, "http://127.0.0.1:1") with { Replay = _folder["tapes"], Record = _folder["tapes"] };
        OpenError("rekognition", both).ShouldContain("not both");
    }

    [Fact]
    public async Task A_torn_last_line_is_ignored_and_then_replaced()
    {
        var service = StandInOfRekognition(_clock);
        using var server = new ServiceServer(service.Answer);
        var settings = Rekognition(_clock, server.Url) with { Record = _folder["tapes"] };
        await AskOnceAsync("rekognition", settings, Image(1), Image(8));
        await AskOnceAsync("rekognition", settings, Image(2), Image(8));
        var path = Path.Combine(_folder["tapes"], "rekognition.jsonl");
        var whole = File.ReadAllBytes(path);
        var lastLine = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        foreach (var length in new[] { whole.Length - 1, whole.Length - 20, lastLine + 1, lastLine })
        {
            File.WriteAllBytes(path, whole[..length]);
            (await AskOnceAsync("rekognition", Replay, Image(1), Image(8))).Outcome.ShouldBe(RemoteOutcome.Judged);
            var answer = await AskOnceAsync("rekognition", settings, Image(2), Image(8));
            (await AskOnceAsync("rekognition", Replay, Image(2), Image(8))).ShouldBe(answer);
            File.ReadAllLines(path).Length.ShouldBe(3);
        }
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"request\"", "\"question\""));
        OpenError("rekognition", Replay).ShouldContain("line 2: is no exchange");
    }

    [Fact]
    public async Task A_recording_is_of_one_service_at_one_address()
    {
        await RecordAsync("rekognition", url => Rekognition(_clock, url), StandInOfRekognition(_clock), [(1, 8)]);
        var elsewhere = Rekognition(_clock, "http://127.0.0.1:1") with { Record = _folder["tapes"] };
        OpenError("rekognition", elsewhere).ShouldContain("another service or address");
        File.Move(Path.Combine(_folder["tapes"], "rekognition.jsonl"), Path.Combine(_folder["tapes"], "azure-face.jsonl"));
        OpenError("azure-face", Replay).ShouldContain("is no recording of azure-face");
    }

    [Fact]
    public async Task An_answer_is_on_disk_before_it_is_given_out()
    {
        var service = StandInOfRekognition(_clock);
        using var server = new ServiceServer(service.Answer);
        var settings = Rekognition(_clock, server.Url) with { Record = _folder["tapes"] };
        var verifier = RemoteVerifiers.Open("rekognition", settings);
        using var closing = (IDisposable)verifier;
        var path = Path.Combine(_folder["tapes"], "rekognition.jsonl");
        for (var i = 0; i < 3; i++)
        {
            await verifier.CompareAsync(Image(i), Image(9), Token);
            // Not closed: a process that is killed now leaves this.
            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            (await reader.ReadToEndAsync(Token)).Split('\n').Length.ShouldBe(1 + (i + 1) + 1);
        }
    }

    private static string OpenError(string target, RemoteSettings settings) =>
        Should.Throw<InputException>(() => RemoteVerifiers.Open(target, settings)).Message;

    private async Task<RemoteAnswer[]> RecordAsync(
        string target, Func<string, RemoteSettings> settings, FaceService service, (int, int)[] pairs, string? endpoint = null)
    {
        using var server = new ServiceServer(service.Answer);
        var path = Path.Combine(_folder["tapes"], $"{target}.jsonl");
        // The stand-in has another port each time.
        if (endpoint is not null && File.Exists(path))
            File.WriteAllText(path, Address().Replace(File.ReadAllText(path), server.Url));
        return await PlayAsync(target, settings(server.Url) with { Record = _folder["tapes"] }, pairs);
    }

    private static async Task<RemoteAnswer[]> PlayAsync(string target, RemoteSettings settings, (int Probe, int Reference)[] pairs)
    {
        var verifier = RemoteVerifiers.Open(target, settings);
        using var closing = (IDisposable)verifier;
        var answers = new List<RemoteAnswer>();
        foreach (var (probe, reference) in pairs) answers.Add(await verifier.CompareAsync(Image(probe), Image(reference), Token));
        return [.. answers];
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Address();
}
