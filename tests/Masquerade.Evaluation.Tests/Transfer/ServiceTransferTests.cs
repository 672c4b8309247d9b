using Masquerade.Evaluation.Experiments;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Remote;
using Masquerade.Evaluation.Tests.Runs;
using Masquerade.Evaluation.Transfer;
using Masquerade.Imaging;
using Microsoft.Data.Sqlite;

namespace Masquerade.Evaluation.Tests.Transfer;

/// <summary>A tiny run's images before a service that is made up.</summary>
public sealed class ServiceTransferTests : IDisposable
{
    private readonly TinyRun _tiny = new(6);

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public async Task A_service_sees_what_is_handed_over_and_the_photograph_on_file()
    {
        Attack();
        var service = new MadeUpService();
        (await CarryAsync(service)).ShouldBe(0);
        using var run = RunLedger.Read(_tiny["run"]);
        run.Targets[^1].ShouldBe(new TransferTarget("made-up", "detected", true, 0.75, "made-up of tests"));
        var images = run.Rows.Where(r => r is { Success: true, AlreadyWrong: false }).ToList();
        run.Transfers.Where(t => t.Target == "made-up").Select(t => t.Image).ShouldBe(images);
        foreach (var t in run.Transfers.Where(t => t.Target == "made-up"))
        {
            var image = ImageFile.EncodePng(ImageTensors.FromPlanar(run.Adversarial(t.Image)!, TinyRun.Size));
            t.Judgement.ShouldBe(ServiceJudge.Judgement(MadeUpService.Answer(RemoteImage.Of(image)), 0.75));
        }
        run.Transfers.Select(t => t.Judgement.Outcome).Distinct().Count().ShouldBeGreaterThan(1);
        var references = run.Pairs.Select(p => ImageFile.Read(Path.Combine(_tiny.Images, p.Reference)));
        service.References.ShouldBeSubsetOf(references.Select(r => RemoteImage.Of(ImageFile.EncodePng(r)).Sha256));
        run.Facts.ShouldContain(f => f.Key == "target made-up: threshold" && f.Value.Contains("0.75", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whatever_interrupts_it_nothing_is_asked_twice()
    {
        Attack();
        var (asked, whole) = (0, new MadeUpService());
        await CarryAsync(whole);
        var rows = Judged();
        Attack("again");
        var restless = new MadeUpService { Fails = () => Interlocked.Increment(ref asked) % 3 == 0 };
        var rounds = 0;
        while (await CarryAsync(restless, "again", maxCalls: null) > 0) (++rounds).ShouldBeLessThan(30);
        rounds.ShouldBeGreaterThan(0);
        restless.Asked.Count.ShouldBe(restless.Asked.Distinct().Count(), "a pair that was answered is not asked again");
        restless.Asked.Order().ShouldBe(whole.Asked.Order());
        Judged("again").Select(t => t.Judgement).ShouldBe(rows.Select(t => t.Judgement));
        (await CarryAsync(restless, "again")).ShouldBe(0);
        restless.Asked.Order().ShouldBe(whole.Asked.Order());

        List<TransferRow> Judged(string folder = "run")
        {
            using var run = RunLedger.Read(_tiny[folder]);
            return [.. run.Transfers.Where(t => t.Target == "made-up")];
        }
    }

    [Fact]
    public async Task A_forecast_is_of_what_is_left()
    {
        Attack();
        var service = new MadeUpService();
        var before = Estimate(service);
        await CarryAsync(service);
        before.Calls.ShouldBe(service.Asked.Count);
        before.Answered.ShouldBe(0);
        Estimate(service).Calls.ShouldBe(0);
        // Answers outlive what is derived from them.
        using (var database = new SqliteConnection($"Data Source={Path.Combine(_tiny["run"], RunLedger.FileName)};Pooling=False"))
        {
            database.Open();
            using var command = database.CreateCommand();
            command.CommandText = "DELETE FROM transfers; DELETE FROM transfer_chunks";
            command.ExecuteNonQuery();
        }
        var again = Estimate(service);
        (again.Calls, again.Answered).ShouldBe((0, again.Pairs));
        again.Pairs.ShouldBeGreaterThan(0);
        var asked = service.Asked.Count;
        await CarryAsync(service);
        service.Asked.Count.ShouldBe(asked);
    }

    [Fact]
    public async Task The_budget_ends_it_and_more_goes_on()
    {
        Attack();
        var service = new MadeUpService();
        var error = await Should.ThrowAsync<InputException>(() => CarryAsync(service, maxCalls: 5));
        error.Message.ShouldContain("--max-calls");
        service.Asked.Count.ShouldBe(5);
        (await CarryAsync(service, maxCalls: 1000)).ShouldBe(0);
        service.Asked.Count.ShouldBe(service.Asked.Distinct().Count());
    }

    private void Attack(string folder = "run") => _tiny.Run(_tiny.Experiment("minimal"), folder).Dispose();

    private async Task<int> CarryAsync(MadeUpService service, string folder = "run", long? maxCalls = null)
    {
        using var ledger = RunLedger.Resume(_tiny[folder]);
        using var plan = TransferPlan.Open(ledger, ["service:made-up"], Settings(service, maxCalls));
        return await new TransferRunner(plan, ledger).RunAsync();
    }

    private RemoteEstimate Estimate(MadeUpService service)
    {
        using var ledger = RunLedger.Resume(_tiny["run"]);
        using var plan = TransferPlan.Open(ledger, ["service:made-up"], Settings(service, null));
        return new TransferRunner(plan, ledger).Estimate(plan.Services.ShouldHaveSingleItem());
    }

    private static TransferSettings Settings(MadeUpService service, long? maxCalls) => new()
    {
        Threads = 1,
        OpenService = (_, _) => service,
        Remote = new RemoteSettings { MaxCalls = maxCalls, FailuresToStop = int.MaxValue },
    };

    /// <summary>Answers by the images' bytes: always alike.</summary>
    private sealed class MadeUpService : IRemoteVerifier
    {
        private readonly Lock _lock = new();
        private long _calls;

        public Func<bool> Fails { get; init; } = () => false;

        public List<string> Asked { get; } = [];

        public HashSet<string> References { get; } = [];

        public string Name => "made-up";

        public string Identity => "made-up of tests";

        public double Threshold => 0.75;

        public int CallsPerPair => 1;

        public long Calls => Interlocked.Read(ref _calls);

        public static RemoteAnswer Answer(RemoteImage probe) => (probe.Sha256[0] - '0') switch
        {
            0 => new RemoteAnswer(RemoteOutcome.NoFaceInProbe, null, ""),
            1 => new RemoteAnswer(RemoteOutcome.ImageRefused, null, "too small"),
            var digit => RemoteAnswer.Judged(digit / 60.0),
        };

        public Task<RemoteAnswer> CompareAsync(RemoteImage probe, RemoteImage reference, CancellationToken cancellation)
        {
            lock (_lock)
            {
                if (Fails()) throw new RemoteUnansweredException("busy");
                Interlocked.Increment(ref _calls);
                Asked.Add($"{probe.Sha256} {reference.Sha256}");
                References.Add(reference.Sha256);
                return Task.FromResult(Answer(probe));
            }
        }
    }
}
