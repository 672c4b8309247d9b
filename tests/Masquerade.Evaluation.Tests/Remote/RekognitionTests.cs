using Masquerade.Evaluation.Remote;
using static Masquerade.Evaluation.Tests.Remote.RemoteFixture;

namespace Masquerade.Evaluation.Tests.Remote;

public class RekognitionTests
{
    private readonly HurriedClock _clock = new();
    private readonly RekognitionService _service;

    public RekognitionTests() => _service = StandInOfRekognition(_clock);

    [Fact]
    public async Task A_signed_call_is_answered_with_the_similarity()
    {
        using var server = new ServiceServer(_service.Answer);
        var answer = await AskOnceAsync("rekognition", Rekognition(_clock, server.Url), Image(1), Image(2));
        answer.Outcome.ShouldBe(RemoteOutcome.Judged);
        answer.Confidence!.Value.ShouldBe(FaceService.Confidence(Image(1).Sha256, Image(2).Sha256), 1e-9);
        // The probe is the target image.
        _service.Compared.ShouldBe(new Dictionary<string, int> { [$"{Image(1).Sha256} {Image(2).Sha256}"] = 1 });
    }

    [Fact]
    public async Task Without_a_session_token_none_is_sent()
    {
        var service = new RekognitionService(AwsId, AwsSecret, null, "us-east-1", _clock.GetUtcNow);
        using var server = new ServiceServer(service.Answer);
        var settings = Settings(_clock, ("AWS_ACCESS_KEY_ID", AwsId), ("AWS_SECRET_ACCESS_KEY", AwsSecret),
            ("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", server.Url));
        (await AskOnceAsync("rekognition", settings, Image(1), Image(2))).Outcome.ShouldBe(RemoteOutcome.Judged);
    }

    [Fact]
    public async Task Faceless_and_refused_images_are_outcomes()
    {
        _service.Faceless.Add(Image(1).Sha256);
        _service.Refused.Add(Image(2).Sha256);
        using var server = new ServiceServer(_service.Answer);
        using var session = new RemoteSession(
            RemoteVerifiers.Open("rekognition", Rekognition(_clock, server.Url)), Rekognition(_clock, server.Url), new MemoryAnswers());
        var token = TestContext.Current.CancellationToken;
        (await session.CompareAsync(Image(1), Image(3), token))!.Outcome.ShouldBe(RemoteOutcome.NoFaceInProbe);
        var source = (await session.CompareAsync(Image(3), Image(1), token))!;
        source.Outcome.ShouldBe(RemoteOutcome.NoFaceInProbe, "Rekognition does not say which");
        source.Reason.ShouldContain("InvalidParameterException");
        var refused = (await session.CompareAsync(Image(2), Image(3), token))!;
        refused.ShouldBe(new(RemoteOutcome.ImageRefused, null, "InvalidImageFormatException: Request has invalid image format"));
        server.Requests.Count.ShouldBe(3);
    }

    [Fact]
    public async Task An_image_below_the_limits_is_not_sent()
    {
        using var server = new ServiceServer(_service.Answer);
        var answer = await AskOnceAsync("rekognition", Rekognition(_clock, server.Url), Image(1, side: 79), Image(2));
        answer.Outcome.ShouldBe(RemoteOutcome.ImageRefused);
        answer.Reason.ShouldContain("80×80");
        var large = RemoteImage.Of(new byte[(5 << 20) + 1]);
        (await AskOnceAsync("rekognition", Rekognition(_clock, server.Url), Image(1), large)).Reason.ShouldContain("5 MiB");
        server.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("UnrecognizedClientException", 400)]
    [InlineData("InvalidSignatureException", 400)]
    [InlineData("ExpiredTokenException", 400)]
    [InlineData("AccessDeniedException", 400)]
    [InlineData("SomethingNew", 403)]
    public async Task A_refused_key_is_one_line_and_no_second_call(string error, int status)
    {
        _service.Fault = _ => RekognitionService.Error(status, $"com.amazon.coral.service#{error}", "no");
        using var server = new ServiceServer(_service.Answer);
        var refusal = await Should.ThrowAsync<InputException>(
            () => AskOnceAsync("rekognition", Rekognition(_clock, server.Url), Image(1), Image(2)));
        refusal.Message.ShouldStartWith($"rekognition: refuses the key ({error}); check AWS_ACCESS_KEY_ID");
        server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_wrong_secret_is_found_by_the_signature()
    {
        using var server = new ServiceServer(_service.Answer);
        var refusal = await Should.ThrowAsync<InputException>(
            () => AskOnceAsync("rekognition", Rekognition(_clock, server.Url, "another/secret0123456789"), Image(1), Image(2)));
        refusal.Message.ShouldContain("InvalidSignatureException");
        _service.Compared.ShouldBeEmpty();
    }

    [Fact]
    public async Task Throttling_comes_with_status_400_and_is_waited_out()
    {
        _service.Fault = n => n < 3 ? RekognitionService.Throttle : null;
        using var server = new ServiceServer(_service.Answer);
        var verifier = RemoteVerifiers.Open("rekognition", Rekognition(_clock, server.Url));
        using var closing = (IDisposable)verifier;
        (await verifier.CompareAsync(Image(1), Image(2), TestContext.Current.CancellationToken)).Outcome.ShouldBe(RemoteOutcome.Judged);
        verifier.Calls.ShouldBe(1, "what is throttled costs nothing");
        // Half of 1, 2 and 4 s: the jitter is half here.
        _clock.Waits.ShouldContain(TimeSpan.FromSeconds(0.5));
        _clock.Waits.ShouldContain(TimeSpan.FromSeconds(1));
        _clock.Waits.ShouldContain(TimeSpan.FromSeconds(2));
    }

    [Theory]
    [InlineData("<html>It works!</html>", "no FaceMatches")]
    [InlineData("""{"FaceMatches":[{"Face":{}}]}""", "a Similarity is missing")]
    [InlineData("""{"FaceMatches":[{"Similarity":100.5}]}""", "a Similarity is missing or not from 0 to 100")]
    [InlineData("""{"FaceMatches":[{"Similarity":1e999}]}""", "a Similarity is missing or not from 0 to 100")]
    [InlineData("""{"FaceMatches":[{"Similarity":"NaN"}]}""", "a Similarity is missing or not from 0 to 100")]
    public async Task Nonsense_is_said_to_be_the_services(string body, string problem)
    {
        _service.Fault = _ => new ServiceResponse(200, body);
        using var server = new ServiceServer(_service.Answer);
        var error = await Should.ThrowAsync<InputException>(
            () => AskOnceAsync("rekognition", Rekognition(_clock, server.Url), Image(1), Image(2)));
        error.Message.ShouldStartWith("rekognition: answers what is no answer");
        error.Message.ShouldContain(problem);
        server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public void A_missing_key_names_all_that_is_missing()
    {
        var error = Should.Throw<InputException>(() => RemoteVerifiers.Open("rekognition", Settings(_clock, ("AWS_REGION", "eu-west-1"))));
        error.Message.ShouldBe("rekognition: there is no key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment or in a "
            + "key file (--key-file)");
        Should.Throw<InputException>(() => RemoteVerifiers.Open("rekognition",
            Settings(_clock, ("AWS_ACCESS_KEY_ID", AwsId), ("AWS_SECRET_ACCESS_KEY", AwsSecret)))).Message.ShouldContain("set AWS_REGION");
    }

    [Fact]
    public async Task A_credentials_file_of_AWS_is_read_with_its_profile()
    {
        using var server = new ServiceServer(_service.Answer);
        using var folder = new TemporaryFolder();
        var file = folder.Write("credentials", $"""
            [default]
            aws_access_key_id = AKIDSOMEBODYELSE
            aws_secret_access_key = of/somebody/else0123456789

            [profile study]
            aws_access_key_id = {AwsId}
            aws_secret_access_key={AwsSecret}
            # temporary
            aws_session_token = {AwsToken}
            region = eu-west-1
            """);
        var settings = Settings(_clock, ("AWS_PROFILE", "study"), ("AWS_ENDPOINT_URL_REKOGNITION", server.Url)) with { KeyFile = file };
        (await AskOnceAsync("rekognition", settings, Image(1), Image(2))).Outcome.ShouldBe(RemoteOutcome.Judged);
    }
}
