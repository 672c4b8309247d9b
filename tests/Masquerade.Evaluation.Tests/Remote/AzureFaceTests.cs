using Masquerade.Evaluation.Remote;
using static Masquerade.Evaluation.Tests.Remote.RemoteFixture;

namespace Masquerade.Evaluation.Tests.Remote;

public class AzureFaceTests
{
    private readonly HurriedClock _clock = new();
    private readonly AzureFaceService _service = new(AzureKey);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_image_is_shown_once_however_many_pairs_it_is_in()
    {
        using var server = new ServiceServer(_service.Answer);
        var verifier = RemoteVerifiers.Open("azure-face", Azure(_clock, server.Url + "/"));
        using var closing = (IDisposable)verifier;
        foreach (var probe in new[] { 1, 2, 3 })
        {
            var answer = await verifier.CompareAsync(Image(probe), Image(9), Token);
            answer.Confidence!.Value.ShouldBe(FaceService.Confidence(Image(probe).Sha256, Image(9).Sha256), 1e-12);
        }
        _service.Detected.Count.ShouldBe(4);
        _service.Detected.Values.ShouldAllBe(n => n == 1);
        verifier.Calls.ShouldBe(4 + 3);
    }

    [Fact]
    public async Task An_id_that_died_early_is_asked_for_again()
    {
        using var server = new ServiceServer(_service.Answer);
        var verifier = RemoteVerifiers.Open("azure-face", Azure(_clock, server.Url));
        using var closing = (IDisposable)verifier;
        await verifier.CompareAsync(Image(1), Image(2), Token);
        _service.Forget();
        (await verifier.CompareAsync(Image(1), Image(2), Token)).Outcome.ShouldBe(RemoteOutcome.Judged);
        _service.Detected.Values.ShouldBe([2, 2]);
    }

    [Fact]
    public async Task Threads_that_need_the_same_image_share_a_call()
    {
        using var server = new ServiceServer(_service.Answer);
        var verifier = RemoteVerifiers.Open("azure-face", Azure(_clock, server.Url));
        using var closing = (IDisposable)verifier;
        await Task.WhenAll(Enumerable.Range(1, 8).Select(i => verifier.CompareAsync(Image(i), Image(9), Token)));
        _service.Detected[Image(9).Sha256].ShouldBe(1);
    }

    [Fact]
    public async Task Faceless_and_refused_images_are_outcomes()
    {
        _service.Faceless.Add(Image(1).Sha256);
        _service.Refused.Add(Image(2).Sha256);
        using var server = new ServiceServer(_service.Answer);
        var settings = Azure(_clock, server.Url);
        (await AskOnceAsync("azure-face", settings, Image(1), Image(3))).ShouldBe(
            new(RemoteOutcome.NoFaceInProbe, null, "no face in the probe"));
        (await AskOnceAsync("azure-face", settings, Image(3), Image(1))).Outcome.ShouldBe(RemoteOutcome.NoFaceInReference);
        (await AskOnceAsync("azure-face", settings, Image(2), Image(3))).ShouldBe(
            new(RemoteOutcome.ImageRefused, null, "the probe: InvalidImageSize: Image size is too big."));
    }

    [Fact]
    public async Task A_wait_that_is_asked_for_is_kept()
    {
        _service.Fault = n => n == 1 ? AzureFaceService.Throttle(26) : null;
        using var server = new ServiceServer(_service.Answer);
        (await AskOnceAsync("azure-face", Azure(_clock, server.Url), Image(1), Image(2))).Outcome.ShouldBe(RemoteOutcome.Judged);
        _clock.Waits.ShouldContain(TimeSpan.FromSeconds(26));
    }

    [Fact]
    public async Task Refusals_are_one_line_each_and_not_repeated()
    {
        using var server = new ServiceServer(_service.Answer);
        async Task<string> Refusal(RemoteSettings settings) =>
            (await Should.ThrowAsync<InputException>(() => AskOnceAsync("azure-face", settings, Image(1), Image(2)))).Message;
        (await Refusal(Azure(_clock, server.Url, "another0key0123456789"))).ShouldBe(
            "azure-face: refuses the key (status 401); check AZURE_FACE_KEY, and that AZURE_FACE_ENDPOINT is of the same resource");
        _service.Approved = false;
        (await Refusal(Azure(_clock, server.Url))).ShouldContain("no approval for face verification");
        _service.Fault = _ => new ServiceResponse(200, """[{"faceRectangle":{"top":1,"left":1,"width":9,"height":9}}]""");
        (await Refusal(Azure(_clock, server.Url))).ShouldContain("no approval for face verification");
        _service.Fault = _ => AzureFaceService.Error(403, "403", "Out of call volume quota. Quota will be replenished in 2 days.");
        (await Refusal(Azure(_clock, server.Url))).ShouldContain("quota of the resource is used up");
        _service.Fault = _ => new ServiceResponse(200, """{"faces":1}""");
        (await Refusal(Azure(_clock, server.Url))).ShouldContain("azure-face: answers what is no answer (no list of faces");
        server.Requests.Count.ShouldBe(5);
    }

    [Fact]
    public async Task A_confidence_that_cannot_be_is_nonsense()
    {
        _service.Fault = n => n == 2 ? new ServiceResponse(200, """{"isIdentical":true,"confidence":1.7}""") : null;
        using var server = new ServiceServer(_service.Answer);
        var error = await Should.ThrowAsync<InputException>(
            () => AskOnceAsync("azure-face", Azure(_clock, server.Url), Image(1), Image(2)));
        error.Message.ShouldContain("the confidence is missing or not from 0 to 1");
    }

    [Fact]
    public void Settings_that_cannot_be_are_named()
    {
        string Error(params (string, string)[] variables) =>
            Should.Throw<InputException>(() => RemoteVerifiers.Open("azure-face", Settings(_clock, variables))).Message;
        Error().ShouldContain("set AZURE_FACE_KEY");
        Error(("AZURE_FACE_KEY", AzureKey)).ShouldContain("set AZURE_FACE_ENDPOINT");
        Error(("AZURE_FACE_KEY", AzureKey), ("AZURE_FACE_ENDPOINT", AzureKey)).ShouldBe(
            "AZURE_FACE_ENDPOINT: is no address; it should begin with https://");
        Error(("AZURE_FACE_KEY", AzureKey), ("AZURE_FACE_ENDPOINT", "http://faces.example.org")).ShouldContain("in the clear");
        Error(("AZURE_FACE_KEY", "two words, no key"), ("AZURE_FACE_ENDPOINT", "https://faces.example.org")).ShouldStartWith(
            "AZURE_FACE_KEY: what it holds cannot be a key");
    }
}
