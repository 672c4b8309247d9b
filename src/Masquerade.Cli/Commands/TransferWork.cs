using System.Globalization;
using Masquerade.Cli.Progress;
using Masquerade.Evaluation.Ledger;
using Masquerade.Evaluation.Remote;
using Masquerade.Evaluation.Transfer;

namespace Masquerade.Cli.Commands;

/// <summary>Carries a run's images over to other verifiers, for the commands that do.</summary>
internal static class TransferWork
{
    private const string YesOption = "--yes";

    /// <summary>Does what is left to do; services are asked only after the user has been.</summary>
    /// <param name="host">Where to say what.</param>
    /// <param name="plan">The verifiers.</param>
    /// <param name="ledger">The run.</param>
    /// <param name="agreed">Whether the user agreed beforehand to what services would be asked.</param>
    /// <param name="settings">How services are asked.</param>
    /// <param name="said">Takes over what the services' sessions have to say while work is under way; may be null.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Images that a service gave no answer about.</returns>
    public static async Task<int> RunAsync(
        CommandHost host, TransferPlan plan, RunLedger ledger, bool agreed, RemoteSettings settings, Action<Action<string>>? said,
        CancellationToken cancellation)
    {
        var runner = new TransferRunner(plan, ledger);
        if (runner.ImagesMissing is > 0 and var missing)
        {
            host.Error.WriteLine(
                $"note: {missing} adversarial images were not kept and are left out; runs keep them with --keep-images successes");
        }
        foreach (var service in plan.Services) await AskAsync(host, runner, service, agreed, settings, cancellation);
        return await ProgressReporter.RunAsync(host, "carrying over", async progress =>
        {
            said?.Invoke(progress.Say);
            try
            {
                return await runner.RunAsync(p => progress.Report(p.Done, p.Total, p.Doing), cancellation);
            }
            finally
            {
                said?.Invoke(host.Error.WriteLine);
            }
        });
    }

    /// <summary>Says what a service would be asked, and asks the user for leave.</summary>
    /// <exception cref="InputException">It was not given, or nobody is there to ask.</exception>
    private static async Task AskAsync(
        CommandHost host, TransferRunner runner, RemoteSession service, bool agreed, RemoteSettings settings,
        CancellationToken cancellation)
    {
        var name = service.Verifier.Name;
        var estimate = await Task.Run(() => runner.Estimate(service, cancellation), cancellation);
        var left = estimate.Pairs - estimate.Answered;
        var limit = settings.MaxCalls < estimate.Calls ? FormattableString.Invariant($"; at most {settings.MaxCalls:N0} are made now") : "";
        host.Error.WriteLine(
            FormattableString.Invariant($"{name}: {estimate.Pairs:N0} pairs of images to compare, {estimate.Answered:N0} of them answered already; ")
            + FormattableString.Invariant($"{estimate.Calls:N0} calls with {estimate.Images:N0} images{Time(estimate.LeastTime)}{limit}"));
        if (left == 0 || service.ConsentQuestion is not { } consent) return;
        // Consent is asked for once an address; what is spent, each time.
        var book = new ConsentBook(host.Assets);
        var known = book.Allows(service);
        if (!agreed)
        {
            var calls = Math.Min(estimate.Calls, settings.MaxCalls ?? long.MaxValue);
            var question = known ? string.Create(CultureInfo.InvariantCulture, $"{name}: make up to {calls:N0} calls?") : consent;
            if (host.Ask is not { } ask) throw new InputException($"{question} Agree with {YesOption}");
            if (!await ask(question, cancellation)) throw new InputException($"{name}: nothing is sent, as that was not agreed to");
        }
        if (!known) book.Accept(service);
    }

    private static string Time(TimeSpan time) => time.TotalSeconds < 1 ? ""
        : time.TotalMinutes < 2 ? string.Create(CultureInfo.InvariantCulture, $", at least {time.TotalSeconds:F0} seconds")
        : string.Create(CultureInfo.InvariantCulture, $", at least {time.TotalMinutes:F0} minutes");
}
