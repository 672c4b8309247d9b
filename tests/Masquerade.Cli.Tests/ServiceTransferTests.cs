using System.Diagnostics;
using System.Text;
using Masquerade.Evaluation.Ledger;

namespace Masquerade.Cli.Tests;

/// <summary><c>masq transfer</c> to a stand-in of AWS Rekognition, in processes of their own.</summary>
public sealed class ServiceTransferTests : IDisposable
{
    private const string Id = "AKIDTESTONLY0001";
    private const string Secret = "aws/secret+not/for/anyone0123456789==";
    private const string Region = "eu-west-1";

    private readonly MasqRun _masq = new();
    private readonly RekognitionService _service = new(Id, Secret, null, Region, () => DateTimeOffset.UtcNow);
    private readonly StringBuilder _said = new();

    public void Dispose() => _masq.Dispose();

    [Fact]
    public async Task Throttled_broken_left_hanging_and_killed_twice_it_has_every_answer_once()
    {
        await AttackAsync("50", "minimal");
        File.Copy(_masq["run/run.db"], Path.Combine(Directory.CreateDirectory(_masq["replayed"]).FullName, "run.db"));
        // Requests that hang are of those that nobody has paid for: each worker that waits has kept what it was told before.
        HashSet<int> hanging = [40, 41, 42, 43, 100, 101, 102, 103];
        _service.Fault = number => hanging.Contains(number) ? ServiceResponse.Hang
            : number % 20 == 7 ? RekognitionService.Throttle
            : number % 50 == 11 ? RekognitionService.Error(500, "InternalServerError", "try again") : null;
        using (var server = new ServiceServer(_service.Answer))
        {
            foreach (var hung in (int[])[4, 8])
            {
                using var process = Start(server.Url);
                while (server.Hanging < hung && !process.HasExited) await Task.Delay(20, TestContext.Current.CancellationToken);
                process.HasExited.ShouldBeFalse(_said.ToString());
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            }
            using var last = Start(server.Url);
            await last.WaitForExitAsync(TestContext.Current.CancellationToken);
            last.ExitCode.ShouldBe(0, _said.ToString());
        }
        _service.Compared.Values.ShouldAllBe(times => times == 1);
        List<TransferRow> judged;
        using (var run = RunLedger.Read(_masq["run"]))
        {
            judged = [.. run.Transfers.Where(t => t.Target == "rekognition")];
            judged.Select(t => t.Image).ShouldBe(run.Rows.Where(r => r is { Success: true, AlreadyWrong: false }));
            judged.Count.ShouldBeGreaterThan(60);
            run.CleanTransfers.Count(c => c.Target == "rekognition").ShouldBe(50);
            judged.ShouldAllBe(t => t.Judgement.Confidence != null);
        }
        NoSecretIn(_masq["run"], _masq["cassettes"], _masq["home"]);

        // What was recorded is played back without the service.
        var replay = await _masq.RunAsync(
            ["transfer", _masq["replayed"], "--to", "rekognition", "--paste", "--replay", _masq["cassettes"]]);
        replay.Code.ShouldBe(0, replay.Error);
        using var again = RunLedger.Read(_masq["replayed"]);
        again.Transfers.Where(t => t.Target == "rekognition").Select(t => t.Judgement).ShouldBe(judged.Select(t => t.Judgement));
        replay.Output.ShouldContain("judged by rekognition (pasted), confidence from 0.8");
    }

    [Fact]
    public async Task Nothing_is_sent_before_somebody_agreed()
    {
        await AttackAsync("4", "minimal/fgsm");
        using var server = new ServiceServer(_service.Answer);
        string[] line = ["transfer", _masq["run"], "--to", _masq.Write("service.yaml", Plain(server.Url)), "--rate", "1000"];
        var asked = new List<string>();
        (await _masq.RunAsync(line)).Error.ShouldContain("Agree with --yes");
        _masq.Ask = (question, _) =>
        {
            asked.Add(question);
            return Task.FromResult(false);
        };
        (await _masq.RunAsync(line)).Error.ShouldContain("nothing is sent, as that was not agreed to");
        asked.ShouldHaveSingleItem().ShouldContain(server.Url);
        server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_a_key_or_with_a_wrong_one_it_is_one_line_and_is_not_tried_again()
    {
        await AttackAsync("2", "minimal/fgsm");
        foreach (var missing in (string[])["AWS_SECRET_ACCESS_KEY", "AWS_REGION"])
        {
            (await FailAsync("http://127.0.0.1:9", missing)).ShouldContain(missing);
            _said.ToString().TrimEnd().Split('\n').Length.ShouldBe(1, _said.ToString());
        }
        var strict = new RekognitionService(Id, "another secret", null, Region, () => DateTimeOffset.UtcNow);
        using var server = new ServiceServer(strict.Answer);
        (await FailAsync(server.Url)).Split('\n').Count(l => l.StartsWith("error: ", StringComparison.Ordinal)).ShouldBe(1);
        // One for each call under way at most.
        server.Requests.Count.ShouldBeLessThanOrEqualTo(4);
        NoSecretIn(_masq["run"], _masq["cassettes"]);
    }

    private async Task<string> FailAsync(string url, string? without = null)
    {
        _said.Clear();
        using var process = Start(url, without);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.ExitCode.ShouldBe(2, _said.ToString());
        return _said.ToString();
    }

    private static string Plain(string url) => $$"""
        name: plain
        url: {{url}}/compare
        score: confidence
        """;

    private async Task AttackAsync(string pairs, string attacks)
    {
        TinyModel.WriteAligned(_masq["models"], "mini", threshold: 0.1);
        var result = await _masq.RunAsync(
            ["run", "--model", "mini", "--attacks", attacks, "--storage", "8bit", "--take", pairs, "--out", _masq["run"]]);
        result.Code.ShouldBe(0, result.Error);
        // The process has models of its own; the ledger names this one.
        Rename(_masq["run/run.db"]);
    }

    private void Rename(string ledger)
    {
        using var database = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={ledger};Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = "UPDATE meta SET value = replace(value, 'models: [\"mini\"]', @0) WHERE name = 'experiment'";
        command.Parameters.AddWithValue("@0", $"models: [\"{_masq["models/mini.model.json"]}\"]");
        command.ExecuteNonQuery().ShouldBe(1);
    }

    private Process Start(string url, string? without = null)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            MasqProcess.Program, "transfer", _masq["run"], "--to", "rekognition", "--paste", "--yes", "--rate", "1000", "--threads", "1",
            "--record", _masq["cassettes"],
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["AWS_ACCESS_KEY_ID"] = Id,
                ["AWS_SECRET_ACCESS_KEY"] = Secret,
                ["AWS_REGION"] = Region,
                ["AWS_ENDPOINT_URL_REKOGNITION"] = url,
                ["NO_PROXY"] = "127.0.0.1",
                ["MASQ_HOME"] = _masq["home"],
            },
        };
        foreach (var name in ((string?[])["AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", without]).OfType<string>()) start.Environment.Remove(name);
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, e) => { if (e.Data is not null) lock (_said) _said.Append(e.Data).Append('\n'); };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }

    private void NoSecretIn(params string[] folders)
    {
        string[] forms = [Secret, Id, Uri.EscapeDataString(Secret), Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret))];
        byte[][] secrets = [.. forms.Select(Encoding.UTF8.GetBytes)];
        foreach (var file in folders.Where(Directory.Exists).SelectMany(f => Directory.GetFiles(f, "*", SearchOption.AllDirectories)))
        {
            var bytes = File.ReadAllBytes(file);
            foreach (var secret in secrets) bytes.AsSpan().IndexOf(secret).ShouldBe(-1, file);
        }
        foreach (var secret in (string[])[Secret, Id]) _said.ToString().ShouldNotContain(secret);
    }
}
