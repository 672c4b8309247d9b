using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Masquerade.Evaluation.Remote;
using static Masquerade.Evaluation.Tests.Remote.RemoteFixture;

namespace Masquerade.Evaluation.Tests.Remote;

/// <summary>No key in anything that is written or said, even where a service repeats it.</summary>
public sealed class SecretTests : IDisposable
{
    private readonly HurriedClock _clock = new();
    private readonly TemporaryFolder _folder = new();
    private readonly StringBuilder _said = new();
    private readonly MemoryAnswers _answers = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(200)]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(500)]
    public async Task A_service_that_repeats_the_keys_is_not_repeated(int status)
    {
        // All that a careless service could say: the keys as they came, in JSON, in a URL, in base64.
        ServiceResponse Careless(ServiceRequest request, params string[] keys) => new(status, JsonSerializer.Serialize(new
        {
            __type = "InvalidImageFormatException",
            Message = string.Join(" ", request.Headers.Select(h => $"{h.Name}={h.Value}").Prepend(request.Target)),
            error = new { code = "InvalidImage", message = Uri.EscapeDataString(keys[0]) },
            base64 = keys.Select(k => Convert.ToBase64String(Encoding.UTF8.GetBytes(k))),
            keys = keys.Append(keys[0].ToUpperInvariant()),
        }), ("X-Amzn-ErrorType", $"InvalidImageFormatException:{keys[0]}"));
        using var aws = new ServiceServer(r => Careless(r, AwsToken, AwsId, AwsSecret));
        using var azure = new ServiceServer(r => Careless(r, AzureKey));
        using var plain = new ServiceServer(r => Careless(r, HttpKey));
        var yaml = _folder.Write("ours.yaml", $$"""
            url: {{plain.Url}}/?key=${VERIFIER_KEY}
            headers: {X-Api-Key: "${VERIFIER_KEY}"}
            fields: {key: "${VERIFIER_KEY}"}
            score: keys[0]
            refused: {status: 400}
            """);
        await TryAsync("rekognition", Rekognition(_clock, aws.Url));
        await TryAsync("azure-face", Azure(_clock, azure.Url));
        await TryAsync(yaml, Settings(_clock, ("VERIFIER_KEY", HttpKey)));
        new[] { aws, azure, plain }.ShouldAllBe(s => s.Requests.Count > 0);
        File.Delete(yaml);
        CheckNothingIsThere(files: 3);
    }

    [Fact]
    public async Task A_good_run_leaves_no_key()
    {
        var service = StandInOfRekognition(_clock);
        using (var server = new ServiceServer(service.Answer)) await TryAsync("rekognition", Rekognition(_clock, server.Url));
        var azure = new AzureFaceService(AzureKey);
        using (var server = new ServiceServer(azure.Answer)) await TryAsync("azure-face", Azure(_clock, server.Url));
        _answers.Kept.Count.ShouldBe(2);
        CheckNothingIsThere(files: 2);
    }

    [Fact]
    public async Task A_wrong_secret_and_what_should_have_been_signed_are_not_repeated()
    {
        var service = new RekognitionService(AwsId, "the/right/one0123456789", AwsToken, "eu-west-1", _clock.GetUtcNow);
        using var server = new ServiceServer(service.Answer);
        await TryAsync("rekognition", Rekognition(_clock, server.Url));
        _said.ToString().ShouldContain("refuses the key");
        CheckNothingIsThere(files: 1);
    }

    [Fact]
    public void A_key_file_that_cannot_be_read_is_not_repeated()
    {
        var file = _folder.Write("keys.env", $"AZURE_FACE_KEY={AzureKey}\n{AwsSecret.Replace("=", "")}\n");
        var error = Should.Throw<InputException>(() => RemoteVerifiers.Open("azure-face", Settings(_clock) with { KeyFile = file }));
        error.Message.ShouldBe($"{file} line 2: is neither NAME = VALUE nor [PROFILE]");
    }

    [Fact]
    public async Task A_key_file_goes_before_the_environment()
    {
        var azure = new AzureFaceService(AzureKey);
        using var server = new ServiceServer(azure.Answer);
        var file = _folder.Write("keys.env", $"# Ours.\n\nexport AZURE_FACE_KEY=\"{AzureKey}\"\n");
        var settings = Azure(_clock, server.Url, "another0key0123456789") with { KeyFile = file };
        (await AskOnceAsync("azure-face", settings, Image(1), Image(2))).Outcome.ShouldBe(RemoteOutcome.Judged);
    }

    private async Task TryAsync(string target, RemoteSettings settings)
    {
        settings = settings with { Record = _folder["tapes"], Retries = 1, Say = line => _said.AppendLine(line) };
        using var session = new RemoteSession(RemoteVerifiers.Open(target, settings), settings, _answers);
        _said.AppendLine(session.ConsentQuestion).AppendLine(session.Verifier.Identity).AppendLine(settings.ToString());
        try
        {
            await session.CompareAsync(Image(1), Image(2), TestContext.Current.CancellationToken);
        }
        catch (InputException e)
        {
            for (Exception? at = e; at is not null; at = at.InnerException) _said.AppendLine(at.ToString());
        }
    }

    private void CheckNothingIsThere(int files)
    {
        var found = Directory.GetFiles(_folder.Root, "*", SearchOption.AllDirectories);
        found.Length.ShouldBe(files);
        var written = found.Select(f => (f, File.ReadAllText(f))).Append(("messages", _said.ToString()))
            .Append(("answers", JsonSerializer.Serialize(_answers.Kept))).ToList();
        foreach (var key in new[] { AwsId, AwsSecret, AwsToken, AzureKey, HttpKey })
        {
            string[] forms =
            [
                key, Uri.EscapeDataString(key), JavaScriptEncoder.Default.Encode(key), key.Replace("\"", "\\\"", StringComparison.Ordinal),
                Convert.ToBase64String(Encoding.UTF8.GetBytes(key)),
            ];
            foreach (var (name, text) in written)
                foreach (var form in forms) text.ShouldNotContain(form, Case.Insensitive, $"{name} holds a key");
        }
    }
}
