using Masquerade.Evaluation.Assets;
using Masquerade.Evaluation.Remote;
using static Masquerade.Evaluation.Tests.Remote.RemoteFixture;

namespace Masquerade.Evaluation.Tests.Remote;

public class RemoteSessionTests
{
    private readonly HurriedClock _clock = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_with_throttling_errors_and_a_hang_ends_with_every_answer_and_none_is_paid_twice()
    {
        var service = StandInOfRekognition(_clock);
        // 5 % throttled, 2 % errors, one hang, one broken connection.
        service.Fault = n => n == 77 ? ServiceResponse.Hang : n == 120 ? ServiceResponse.Drop
            : n % 20 == 3 ? RekognitionService.Throttle
            : n % 50 == 11 ? RekognitionService.Error(500, "InternalServerError", "Internal server error") : null;
        using var server = new ServiceServer(service.Answer);
        var answers = new MemoryAnswers();
        var pairs = Enumerable.Range(0, 250).Select(i => (Probe: Image(i), Reference: Image(1000 + (i % 50)))).ToList();
        foreach (var until in new[] { 60, 140, 250 })
        {
            // Each time a new process, as after a kill.
            var settings = Rekognition(_clock, server.Url);
            using var session = new RemoteSession(RemoteVerifiers.Open("rekognition", settings), settings, answers);
            foreach (var (probe, reference) in pairs[..until])
            {
                var answer = await EndingTimeouts(session.CompareAsync(probe, reference, Token), server, _clock);
                answer!.Confidence!.Value.ShouldBe(FaceService.Confidence(probe.Sha256, reference.Sha256), 1e-9);
            }
        }
        server.Hanging.ShouldBe(1);
        answers.Kept.Count.ShouldBe(250);
        service.Compared.Count.ShouldBe(250);
        service.Compared.Values.ShouldAllBe(n => n == 1);
    }

    [Fact]
    public async Task An_answer_is_kept_before_the_next_call_is_made()
    {
        var (answers, keptAtCall) = (new MemoryAnswers(), new List<int>());
        var service = StandInOfRekognition(_clock);
        using var server = new ServiceServer(request =>
        {
            keptAtCall.Add(answers.Kept.Count);
            return service.Answer(request);
        });
        var settings = Rekognition(_clock, server.Url);
        using var session = new RemoteSession(RemoteVerifiers.Open("rekognition", settings), settings, answers);
        for (var i = 0; i < 4; i++) await session.CompareAsync(Image(i), Image(9), Token);
        keptAtCall.ShouldBe([0, 1, 2, 3]);
    }

    [Fact]
    public async Task A_pair_that_several_threads_ask_about_is_paid_once()
    {
        var service = StandInOfRekognition(_clock);
        using var server = new ServiceServer(service.Answer);
        var settings = Rekognition(_clock, server.Url);
        using var session = new RemoteSession(RemoteVerifiers.Open("rekognition", settings), settings, new MemoryAnswers());
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => session.CompareAsync(Image(i % 2), Image(9), Token)));
        service.Compared.Values.ShouldBe([1, 1]);
    }

    [Fact]
    public async Task A_budget_is_not_exceeded_by_a_single_call()
    {
        var service = StandInOfRekognition(_clock);
        service.Fault = n => n == 1 ? RekognitionService.Error(500, "InternalServerError", "") : null;
        using var server = new ServiceServer(service.Answer);
        var settings = Rekognition(_clock, server.Url) with { MaxCalls = 4 };
        var answers = new MemoryAnswers();
        using var session = new RemoteSession(RemoteVerifiers.Open("rekognition", settings), settings, answers);
        for (var i = 0; i < 3; i++) await session.CompareAsync(Image(i), Image(9), Token);
        var error = await Should.ThrowAsync<InputException>(() => session.CompareAsync(Image(3), Image(9), Token));
        error.Message.ShouldStartWith("rekognition: the 4 calls that --max-calls allows are used up; what is answered is kept");
        server.Requests.Count.ShouldBe(4, "three answers, and one call that failed at the server and may have been charged for");
        (await session.CompareAsync(Image(0), Image(9), Token)).ShouldNotBeNull("what is answered costs nothing");
    }

    [Fact]
    public async Task A_budget_ends_retries_too()
    {
        using var server = new ServiceServer(_ => new(503, ""));
        var settings = Azure(_clock, server.Url) with { MaxCalls = 2 };
        using var session = new RemoteSession(RemoteVerifiers.Open("azure-face", settings), settings, new MemoryAnswers());
        await Should.ThrowAsync<InputException>(() => session.CompareAsync(Image(0), Image(9), Token));
        server.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_dead_service_is_left_alone_after_some_pairs()
    {
        using var server = new ServiceServer(_ => new(503, "down"));
        var said = new List<string>();
        var settings = Azure(_clock, server.Url) with { Retries = 2, FailuresToStop = 3, Say = said.Add };
        using var session = new RemoteSession(RemoteVerifiers.Open("azure-face", settings), settings, new MemoryAnswers());
        (await session.CompareAsync(Image(0), Image(9), Token)).ShouldBeNull();
        (await session.CompareAsync(Image(1), Image(9), Token)).ShouldBeNull();
        var error = await Should.ThrowAsync<InputException>(() => session.CompareAsync(Image(2), Image(9), Token));
        error.Message.ShouldBe("azure-face: 3 pairs in a row got no answer (the last: no answer after 3 attempts (the server fails "
            + "(503))); what is answered is kept: start the same command again later");
        server.Requests.Count.ShouldBe(9);
        (await Should.ThrowAsync<InputException>(() => session.CompareAsync(Image(3), Image(9), Token))).Message.ShouldBe(error.Message);
        server.Requests.Count.ShouldBe(9, "nobody knocks again");
        said.ShouldContain("azure-face: the server fails (503); again in 0.5 s");
    }

    [Fact]
    public async Task An_answer_between_failures_begins_the_count_anew()
    {
        var service = StandInOfRekognition(_clock);
        // Of three calls the first two fail, and nothing is tried again.
        service.Fault = n => n % 3 < 2 ? new ServiceResponse(500, "") : null;
        using var server = new ServiceServer(service.Answer);
        var settings = Rekognition(_clock, server.Url) with { Retries = 0 };
        using var session = new RemoteSession(RemoteVerifiers.Open("rekognition", settings), settings, new MemoryAnswers());
        for (var i = 0; i < 12; i++) (await session.CompareAsync(Image(i), Image(99), Token) is null).ShouldBe(i % 3 < 2);
    }

    [Fact]
    public async Task A_refused_key_is_not_shown_again()
    {
        var service = StandInOfRekognition(_clock);
        using var server = new ServiceServer(service.Answer);
        var settings = Rekognition(_clock, server.Url, "another/secret0123456789");
        using var session = new RemoteSession(RemoteVerifiers.Open("rekognition", settings), settings, new MemoryAnswers());
        for (var i = 0; i < 3; i++) await Should.ThrowAsync<InputException>(() => session.CompareAsync(Image(i), Image(9), Token));
        server.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_service_out_of_reach_costs_nothing()
    {
        string url;
        using (var server = new ServiceServer(_ => ServiceResponse.Drop)) url = server.Url;
        var settings = Azure(_clock, url) with { Retries = 3 };
        var verifier = RemoteVerifiers.Open("azure-face", settings);
        using var session = new RemoteSession(verifier, settings, new MemoryAnswers());
        (await session.CompareAsync(Image(0), Image(9), Token)).ShouldBeNull();
        verifier.Calls.ShouldBe(0);
    }

    [Fact]
    public async Task A_longer_wait_than_is_allowed_is_no_answer()
    {
        using var server = new ServiceServer(_ => AzureFaceService.Throttle(86_400));
        var settings = Azure(_clock, server.Url);
        using var session = new RemoteSession(RemoteVerifiers.Open("azure-face", settings), settings, new MemoryAnswers());
        (await session.CompareAsync(Image(0), Image(9), Token)).ShouldBeNull();
        server.Requests.Count.ShouldBe(1);
        _clock.Waits.ShouldAllBe(w => w < TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Back_off_doubles_up_to_a_minute_with_full_jitter()
    {
        using var server = new ServiceServer(_ => new(500, ""));
        var draws = new Queue<double>([0, 0.25, 0.5, 0.75, 0.999, 0.5, 0.5, 0.5]);
        var settings = Azure(_clock, server.Url) with { Retries = 8, Jitter = draws.Dequeue, CallsPerSecond = 1e6 };
        using var session = new RemoteSession(RemoteVerifiers.Open("azure-face", settings), settings, new MemoryAnswers());
        await session.CompareAsync(Image(0), Image(9), Token);
        // 0·1, ¼·2, ½·4, ¾·8, 0.999·16, ½·32, ½·60, ½·60 s.
        var waits = _clock.Waits.Where(w => w > TimeSpan.FromMilliseconds(1)).Select(w => w.TotalSeconds);
        waits.ShouldBe([0.5, 2, 6, 15.984, 16, 30, 30], 1e-6);
    }

    [Fact]
    public async Task Calls_are_spaced()
    {
        var service = StandInOfRekognition(_clock);
        using var server = new ServiceServer(service.Answer);
        var settings = Rekognition(_clock, server.Url) with { CallsPerSecond = 4 };
        using var session = new RemoteSession(RemoteVerifiers.Open("rekognition", settings), settings, new MemoryAnswers());
        for (var i = 0; i < 4; i++) await session.CompareAsync(Image(i), Image(9), Token);
        // The clock stands still, so that each waits for all before it.
        _clock.Waits.Select(w => w.TotalSeconds).ShouldBe([0.25, 0.5, 0.75], 1e-6);
    }

    [Fact]
    public async Task What_a_run_would_need_is_known_before()
    {
        var service = new AzureFaceService(AzureKey);
        using var server = new ServiceServer(service.Answer);
        var settings = Azure(_clock, server.Url) with { CallsPerSecond = 2 };
        var answers = new MemoryAnswers();
        var verifier = RemoteVerifiers.Open("azure-face", settings);
        using var session = new RemoteSession(verifier, settings, answers);
        (RemoteImage, RemoteImage)[] pairs = [(Image(1), Image(8)), (Image(2), Image(8)), (Image(3), Image(9)), (Image(1), Image(8))];
        session.Estimate(pairs).ShouldBe(new RemoteEstimate(3, 0, 5, 3 + 5, TimeSpan.FromSeconds(3.5)));
        server.Requests.ShouldBeEmpty();
        foreach (var (probe, reference) in pairs) await session.CompareAsync(probe, reference, Token);
        verifier.Calls.ShouldBe(8);
        session.Estimate(pairs).ShouldBe(new RemoteEstimate(3, 3, 0, 0, TimeSpan.Zero));
    }

    [Fact]
    public async Task Answers_of_other_settings_are_not_taken()
    {
        var answers = new MemoryAnswers();
        using var first = new RemoteSession(new Constant("a", "model 1"), new(), answers);
        using var second = new RemoteSession(new Constant("a", "model 2"), new(), answers);
        await first.CompareAsync(Image(1), Image(2), Token);
        second.Key(Image(1), Image(2)).ShouldNotBe(first.Key(Image(1), Image(2)));
        first.Key(Image(1), Image(2)).ShouldNotBe(first.Key(Image(2), Image(1)));
        first.Estimate([(Image(1), Image(2))]).Answered.ShouldBe(1);
        second.Estimate([(Image(1), Image(2))]).Answered.ShouldBe(0);
    }

    [Fact]
    public void Consent_names_the_service_and_its_place_and_is_remembered_for_that_place()
    {
        using var folder = new TemporaryFolder();
        var book = new ConsentBook(new(AssetCatalog.BuiltIn, folder.Root));
        RemoteSettings At(string region) => Settings(_clock,
            ("AWS_ACCESS_KEY_ID", AwsId), ("AWS_SECRET_ACCESS_KEY", AwsSecret), ("AWS_REGION", region));
        RemoteSession Open(string region) => new(RemoteVerifiers.Open("rekognition", At(region)), At(region), new MemoryAnswers());
        using var ireland = Open("eu-west-1");
        using var virginia = Open("us-east-1");
        ireland.ConsentQuestion.ShouldBe("rekognition: photographs of people, originals and altered ones, are sent to AWS Rekognition in "
            + "eu-west-1 (https://rekognition.eu-west-1.amazonaws.com/). Whoever sends them must be allowed to: by the people in them, the "
            + "law, the terms of the data set and those of the service. Send them?");
        book.Allows(ireland).ShouldBeFalse();
        book.Accept(ireland);
        book.Allows(ireland).ShouldBeTrue();
        book.Allows(virginia).ShouldBeFalse();
    }

    [Theory]
    [InlineData("rekognition", true)]
    [InlineData("azure-face", true)]
    [InlineData("https://verifier.example.org/compare", true)]
    [InlineData("http://127.0.0.1:8080/", true)]
    [InlineData("ours.yaml", true)]
    [InlineData("mobilefacenet.model.json", false)]
    [InlineData("mini", false)]
    public void A_target_is_a_service_or_a_model(string target, bool remote) => RemoteVerifiers.IsRemote(target).ShouldBe(remote);

    private sealed class Constant(string name, string identity) : IRemoteVerifier
    {
        public string Name => name;

        public string Identity => identity;

        public int CallsPerPair => 1;

        public Task<RemoteAnswer> CompareAsync(RemoteImage probe, RemoteImage reference, CancellationToken cancellation) =>
            Task.FromResult(RemoteAnswer.Judged(0.5));
    }
}
